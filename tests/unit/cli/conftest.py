"""Commands run on a FakeSightline: services are passed in, nothing is patched."""

import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TextIO

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from sightline.cli import main, sightline
from sightline.cli.factory import Factory
from sightline.config import Settings
from sightline.graph.group_commit import GroupCommit
from sightline.services.graph_merge import RowMerger
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.testing.graph import InMemoryGraphStore

URI = uri_of("01")


@pytest.fixture
def world() -> FakeSightline:
    """Return a FakeSightline whose graph uses the same clock."""
    world = FakeSightline()
    world.graph = InMemoryGraphStore(clock=world.clock)
    merges = GroupCommit(RowMerger(world.images, world.graph.merge), window=timedelta(0))
    world.services = replace(world.services, graph=world.graph, merges=merges)
    return world


@pytest.fixture
def settings() -> Settings:
    password = SecretStr("hush")
    return Settings(
        _env_file=None, checkpoint_bucket="own", neo4j_password=password, redis_url=SecretStr("redis://me:hush@r:1/2")
    )


@pytest.fixture
def factory(world, settings) -> Factory:
    return Factory(settings, world.services, send=world.send)


@pytest.fixture
def run(factory) -> Callable[..., Result]:
    """Run a command as a shell would."""

    def run(*arguments: str, given: str | bytes | None = None, factory: Factory = factory) -> Result:
        result = CliRunner().invoke(sightline, list(arguments), input=given, obj=factory)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return run


@pytest.fixture
def finish(world) -> Callable[[Iterable[str]], None]:
    """Process images to the end."""

    def finish(uris: Iterable[str] = (URI,)) -> None:
        for shade, uri in enumerate(uris):
            world.put(uri, picture(shade))
        world.add(*uris)
        world.run()
        world.services.calls.flush()

    return finish


@dataclass(frozen=True)
class Ended:
    """The program's exit code and error output."""

    code: int
    stderr: str


AS_IT_IS = io.StringIO()
"""Means a new file as the standard output."""


@pytest.fixture
def program(monkeypatch, tmp_path) -> Callable[..., Ended]:
    """Run the whole program in this process, up to the flush with which the interpreter ends.

    output: what stands for the standard output, None for a closed one; a file if left out
    """

    def run(*words: str, output: TextIO | None = AS_IT_IS) -> Ended:
        errors = io.StringIO()
        chosen = (tmp_path / "output").open("w") if output is AS_IT_IS else output
        monkeypatch.setattr(sys, "argv", ["sightline", *words])
        monkeypatch.setattr(sys, "stdout", chosen)
        monkeypatch.setattr(sys, "stderr", errors)
        with pytest.raises(SystemExit) as ended:
            main()
        for each in filter(None, {sys.stdout, chosen}):
            each.close()
        return Ended(int(ended.value.code or 0), errors.getvalue())

    return run
