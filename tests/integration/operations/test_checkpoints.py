"""Checkpoints: how far a long piece of work has come, kept for as long as somebody goes on with it."""

from collections.abc import Callable
from typing import Any

from sightline.storage.operations import Operations
from sightline.testing.clocks import MovingClock
from tests.integration.operations.stories import MINUTE, SECOND

POSITION = {"after": "yard/😀 \n\0.jpg", "listed": 3, "done": None}


def test_a_checkpoint_gives_back_what_was_last_kept(operations: Operations) -> None:
    assert operations.checkpoints.get("backfill") is None
    operations.checkpoints.keep("backfill", {"after": "a"}, MINUTE)
    operations.checkpoints.keep("backfill", POSITION, MINUTE)
    operations.checkpoints.keep("sweep", {}, MINUTE)

    assert POSITION == operations.checkpoints.get("backfill")
    assert operations.checkpoints.get("sweep") == {}


def test_a_dropped_checkpoint_is_gone_and_can_be_kept_anew(operations: Operations) -> None:
    operations.checkpoints.drop("backfill")
    operations.checkpoints.keep("backfill", POSITION, MINUTE)
    operations.checkpoints.drop("backfill")
    assert operations.checkpoints.get("backfill") is None

    operations.checkpoints.keep("backfill", POSITION, MINUTE)
    assert POSITION == operations.checkpoints.get("backfill")


def test_a_checkpoint_that_nobody_keeps_anew_is_forgotten(operations: Operations, clock: MovingClock) -> None:
    operations.checkpoints.keep("backfill", POSITION, MINUTE)
    clock.move(MINUTE - SECOND)
    assert POSITION == operations.checkpoints.get("backfill")

    clock.move(SECOND)
    assert operations.checkpoints.get("backfill") is None


def test_dynamodb_may_remove_a_checkpoint_by_its_age(
    make_dynamo: Callable[..., Operations], row: Callable[[str, str], Any], clock: MovingClock
) -> None:
    make_dynamo().checkpoints.keep("backfill", POSITION, MINUTE)

    expected = str(int((clock.now + MINUTE).timestamp()))
    assert {"N": expected} == row("checkpoint", "backfill")["expires_at"]
