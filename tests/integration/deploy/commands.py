"""What an operator does by `sightline`: every command but those of reviewers and `setup`."""

from dataclasses import replace
from datetime import timedelta
from tempfile import NamedTemporaryFile
from typing import Any

from click.testing import CliRunner

from sightline.cli import COMMANDS, sightline
from sightline.cli.factory import Factory
from sightline.services.graph_merge import graph_image
from sightline.storage.label_set.dynamodb import DynamoLabelSet
from sightline.testing.fake import picture
from tests.integration.deploy.deployed import Deployed
from tests.integration.deploy.work import clip_of, keep_candidate
from tests.unit.workers.settings import settings

OF_OTHERS = {"setup", "review", "verdicts", "serve", "users", "listen"}
"""The commands that other policies are for."""

LABEL_SET = "another-system"
IMPORTED = "attic/2026-11-02/Hour-11/snap/MDAlarm_20261102-110000.jpg"
"""The key of the image in it."""


class Operator:
    """Runs commands on a world, and notes which."""

    def __init__(self, world: Deployed, dynamodb: Any, prefix: str) -> None:
        self.run: set[str] = set()
        self._world = world
        chosen = settings(checkpoint_bucket=world.own)
        self._factory = Factory(
            chosen,
            world.services,
            send=world.send,
            label_set=lambda table: DynamoLabelSet(dynamodb, f"{prefix}{table}"),
        )

    def __call__(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command; return what it prints."""
        self.run.add(arguments[0])
        result = CliRunner().invoke(sightline, [*arguments], obj=self._factory)
        assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exc_info)
        assert result.exit_code in codes, (arguments, result.output)
        self._world.work()
        return result.stdout


def command_all(world: Deployed, operator: Operator) -> None:
    """Run every command, most of them so that they find something to do."""
    uri, other = world.upload(1, picture(80), "yard"), world.upload(2, b"no picture", "yard")
    world.clock.move(timedelta(minutes=5))
    operator("check", "--pay", codes=(1,))  # this world's clock is weeks ahead of the servers'
    operator("import-label-set", LABEL_SET, "--bucket", world.frames, "--trust")
    world.overwrite(f"s3://{world.frames}/{IMPORTED}", picture(90))
    operator("add", uri, other)
    clip = uri.replace("jpg", "mp4")
    world.overwrite(clip, clip_of(2))
    operator("add", clip, "--yes")
    operator("show", clip)
    day = row.capture.day if (row := world.services.images.get(uri)) and row.capture else "it was not read"
    operator("backfill", f"s3://{world.frames}", "--exact", "--yes")
    operator("status")
    operator("status", "--exact")
    operator("cost")
    operator("show", uri)
    operator("images")
    operator("query", "cameras")
    operator("detect", uri)
    operator("verify-set", f"s3://{world.frames}/yard/", "--like", uri, "--yes", codes=(0, 1))
    compare(world, operator)
    know(world, operator)
    operator("features")
    operator("rate", "labels", "3")
    operator("rate", "labels", "--reset")
    operator("dead", "list")
    operator("dead", "show", other)
    operator("dead", "export")
    operator("dead", "redrive", "--all", "--yes")
    operator("dead", "close", "--all")
    operator("dead", "list", "--closed")
    world.clock.move(timedelta(hours=1))
    operator("sync")
    operator("clock", "yard", "--from", day, "--to", day, "--by", "1h", "--apply")
    operator("clock", "yard", "--undo", "--apply")
    show_newer_than_its_row(world, uri)
    outcome = operator("sync", "--full", "--yes")
    assert ["went", "back", "1"] in [line.split() for line in outcome.splitlines()]
    operator("parity", "--repair")
    operator("accuracy")
    operator("reanalyse", "--unknown", "--yes")
    operator("need", codes=(1,))  # this world pays for everything
    operator("resume")
    assert {*COMMANDS} - OF_OTHERS == operator.run - OF_OTHERS


def compare(world: Deployed, operator: Operator) -> None:
    """Compare what the policy allows, keep it once, and forget it."""
    uri, other = world.upload(5, picture(81), "gate"), world.upload(6, picture(82), "gate")
    operator("compare", uri, other)
    assert "nothing paid" in operator("compare", uri, other)
    world.clock.move(timedelta(days=world.services.comparing.require_policy().retention_days))
    assert "1 comparisons removed" in operator("compare", "--forget", uri)


def know(world: Deployed, operator: Operator) -> None:
    """Enrol somebody, say what a candidate shows, and forget."""
    uri, today = world.upload(7, picture(83), "gate"), world.clock().date()
    with NamedTemporaryFile("w", suffix=".toml") as consent:
        purpose = world.services.comparing.require_policy().purpose
        consent.write(f"person = 'Ann'\ngiven_on = {today}\nuntil = {today}\npurpose = '{purpose}'\n")
        consent.flush()
        operator("people", "enrol", "Ann", uri, "--consent", consent.name)
        operator("people", "enrol", "Ann", uri, "--consent", consent.name, "--renew")
    operator("people", "list")
    keep_candidate(world, uri)
    operator("people", "matches", "Ann")
    operator("people", "confirm", uri, "Ann")
    operator("people", "forget", "Ann")


def show_newer_than_its_row(world: Deployed, uri: str) -> None:
    """Have the graph show a version that the row has not reached, as after its table was restored from a backup."""
    row = world.services.images.get(uri)
    assert row is not None
    shown = graph_image(row)
    world.services.graph.merge([replace(shown, version=shown.version + 1)])
