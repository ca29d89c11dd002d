"""Every option that takes a camera's name: the only camera that can be meant is taken, and that is said."""

from collections.abc import Iterator

import click
import pytest

from sightline.cli import COMMANDS, sightline
from sightline.cli.factory import Factory
from sightline.errors import NotAnImage
from sightline.services.dead_letters import write_dead_letter
from sightline.storage.pauses import Cause, Stop
from tests.unit.services.rollups.yard import LAST_DAY, Yard

NEEDED = {
    ("accuracy",): ("--window", "1"),
    ("clock",): ("--undo",),
    ("reanalyse",): ("--unknown", "--yes"),
    ("dead", "redrive"): ("--yes",),
}
"""What a command needs beside the camera."""


def with_cameras(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the words of each command that takes a camera, and its option; empty for an argument."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from with_cameras(found, *path, name)
    for each in command.params:
        if each.name in {"camera", "cameras"}:
            yield path, "--camera" if isinstance(each, click.Option) else ""


FOUND = [*with_cameras(sightline)]


@pytest.fixture
def yard() -> Yard:
    """Make a camera that has images, figures, a dead letter and a stop."""
    yard = Yard()
    yard.images_of_a_day(6)
    yard.roll_up()
    yard.graph.answers["camera-names"] = [{"camera": "yard"}]
    uri = f"s3://frames/yard/{LAST_DAY}/9.jpg"
    write_dead_letter(
        NotAnImage(uri), step="ingest", message={}, image_id=uri, operations=yard.operations, clock=yard.clock
    )
    yard.operations.pauses.stop(Stop("ingest", Cause.CAMERA, "all bad", yard.clock.now, camera="yard"))
    return yard


@pytest.fixture
def factory(yard, settings) -> Factory:
    return Factory(settings, yard.services, send=yard.send)


def test_all_commands_are_looked_at():
    named = {words[0] for words, _ in FOUND}
    assert {"accuracy", "clock", "dead", "images", "parity", "reanalyse", "resume", "review", "verdicts"} == named
    assert named < {*COMMANDS}


@pytest.mark.parametrize(("words", "option"), FOUND, ids=[" ".join(words) for words, _ in FOUND])
def test_the_only_camera_that_can_be_meant_is_taken_and_that_is_said(run, words, option):
    result = run(*words, *filter(None, [option]), "yard/", *NEEDED.get(words[:2], NEEDED.get(words[:1], ())))
    assert (0, 1) == (result.exit_code, result.stderr.count("No camera is named yard/; yard is meant.\n"))


@pytest.mark.parametrize(("words", "option"), FOUND, ids=[" ".join(words) for words, _ in FOUND])
def test_of_a_slip_the_nearest_name_is_told(run, yard, words, option):
    yard.graph.answers["camera-names"].append({"camera": "gate"})
    result = run(*words, *filter(None, [option]), "yrad", *NEEDED.get(words[:2], NEEDED.get(words[:1], ())))
    assert "yard" in result.stderr
