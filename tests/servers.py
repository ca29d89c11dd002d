"""The servers of one test run: each starts when the first test asks for it, and none outlives the run.

`SIGHTLINE_TEST_REDIS_URL`, `SIGHTLINE_TEST_DYNAMODB_ENDPOINT`, `SIGHTLINE_TEST_S3_ENDPOINT` and
`SIGHTLINE_TEST_NEO4J_URI`, `…_PASSWORD` name servers that run already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.stack import Options, Stack
from dev.stack.errors import MissingProgram
from dev.stack.servers import FOR_WORKERS
from dev.stack.watched import watch


@dataclass(frozen=True, slots=True)
class Neo4jAddress:
    """The address of the graph and its login. Its only database is shared: a test clears it first."""

    uri: str
    user: str
    password: str
    database: str

    @property
    def auth(self) -> tuple[str, str]:
        """Return what the driver takes as `auth`."""
        return self.user, self.password


class ServersOfTheRun:
    """One stack for all tests of this process. Each server starts when a test first asks for it."""

    def __init__(self, folder: Path, environment: Mapping[str, str], options: Options) -> None:
        self._given = {"SIGHTLINE_NEO4J_USER": "neo4j", "SIGHTLINE_NEO4J_DATABASE": "neo4j"} | {
            name.replace("SIGHTLINE_TEST_", "SIGHTLINE_"): value
            for name, value in environment.items()
            if name.startswith("SIGHTLINE_TEST_")
        }
        self._is_ci = bool(environment.get("CI"))
        self._stack = Stack(folder, [], options)
        watch().remove(folder)

    def setting(self, server: str, name: str) -> str:
        """Return a server's setting; start the server unless the environment names one.

        If its program is missing, the test is skipped, but fails in CI: there it must not go unnoticed.
        """
        return self._given[name] if name in self._given else self.running([server]).env[name]

    def running(self, names: Sequence[str] = FOR_WORKERS) -> Stack:
        """Return the stack with these servers running."""
        try:
            self._stack.start_servers(names)
        except MissingProgram as error:
            if self._is_ci:
                pytest.fail(str(error))
            pytest.skip(str(error))
        return self._stack

    def stop(self) -> None:
        """Kill the servers: their data is removed with the run."""
        for process in self._stack.processes:
            process.kill()
