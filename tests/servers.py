"""The servers of one test run: each starts when the first test asks for it, and all of them end with the run.

`SIGHTLINE_TEST_REDIS_URL`, `SIGHTLINE_TEST_DYNAMODB_ENDPOINT`, `SIGHTLINE_TEST_S3_ENDPOINT` and
`SIGHTLINE_TEST_NEO4J_URI`, `…_PASSWORD` name servers that run already.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.stack import Options, Stack
from dev.stack.errors import MissingProgram


@dataclass(frozen=True, slots=True)
class Neo4jAddress:
    """Where the graph is, and how to sign in. Its one database is shared: a test clears it first."""

    uri: str
    user: str
    password: str
    database: str

    @property
    def auth(self) -> tuple[str, str]:
        """Give what the driver takes as `auth`."""
        return self.user, self.password


class ServersOfTheRun:
    """Servers by name, as SIGHTLINE_* settings."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._given = {"SIGHTLINE_NEO4J_USER": "neo4j", "SIGHTLINE_NEO4J_DATABASE": "neo4j"} | {
            name.replace("SIGHTLINE_TEST_", "SIGHTLINE_"): value
            for name, value in environment.items()
            if name.startswith("SIGHTLINE_TEST_")
        }
        self._is_ci = bool(environment.get("CI"))
        self._stacks: dict[str, Stack] = {}

    def setting(self, server: str, name: str) -> str:
        """Give a server's setting; start the server when nobody has named one.

        Where its program is missing, the test is skipped, or fails in CI: there it must not pass unseen.
        """
        if name in self._given:
            return self._given[name]
        if server not in self._stacks:
            self._start(server)
        return self._stacks[server].env[name]

    def stop(self) -> None:
        """Kill them: their data goes with the run."""
        for name, stack in self._stacks.items():
            stack.server(name).kill()
            stack.stop()

    def _start(self, server: str) -> None:
        stack = Stack(self._folder / server, [server], Options(dynamodb_in_memory=True))
        try:
            self._stacks[server] = stack.__enter__()
        except MissingProgram as error:
            if self._is_ci:
                pytest.fail(str(error))
            pytest.skip(str(error))


def servers_of_the_run(folder: Path) -> ServersOfTheRun:
    """Make them for this process's environment."""
    return ServersOfTheRun(folder, os.environ)
