"""`sightline serve` in a process of its own, whose requests to DynamoDB, Neo4j and S3 are counted in a file.

`python -m bench.web_server FILE`: the command itself, over services that tell each request. The benchmark reads the
counts from the same file while the console serves.
"""

import mmap
import struct
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock

from typing_extensions import override

from sightline.bootstrap import connect, neo4j_driver
from sightline.cli.factory import IN_A_HURRY, Factory
from sightline.cli.serve import serve
from sightline.config import read_settings
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.models.answers import Json

COUNTED = ("dynamodb", "neo4j", "s3")
_LAYOUT = struct.Struct(f"<{len(COUNTED)}q")


class Counts:
    """How many requests were sent, in a file that another process reads."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(bytes(_LAYOUT.size))
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), _LAYOUT.size)
        self._lock = Lock()

    def add(self, service: str) -> None:
        """Count one request."""
        with self._lock:
            found = self.read()
            found[service] += 1
            _LAYOUT.pack_into(self._memory, 0, *found.values())

    def read(self) -> dict[str, int]:
        """Return the counts so far."""
        return dict(zip(COUNTED, _LAYOUT.unpack_from(self._memory), strict=True))


class CountedGraph(Neo4jGraphStore):
    """The graph, whose named queries are counted: each is one transaction."""

    requests: Counts

    @override
    def query(self, name: str, parameters: Mapping[str, Json] | None = None) -> list[dict[str, Json]]:
        self.requests.add("neo4j")
        return super().query(name, parameters)


def main() -> None:
    """Serve until the process is told to end."""
    counts, settings = Counts(Path(sys.argv[1])), read_settings()
    services = connect(settings, on_request=lambda service, _: counts.add(service), stores=IN_A_HURRY)
    graph = CountedGraph(neo4j_driver(settings), settings.neo4j_database)
    graph.requests = counts
    serve.main([], obj=Factory(settings, replace(services, graph=graph)))


if __name__ == "__main__":
    main()
