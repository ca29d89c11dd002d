"""Checkpoints: how far a long piece of work has come, kept for as long as somebody goes on with it."""

from collections.abc import Callable
from typing import Any

from sightline.storage.operations.dynamodb import DynamoOperationStore
from sightline.storage.operations.protocol import OperationStore
from sightline.testing.clocks import MovingClock
from tests.integration.operations.stories import MINUTE, SECOND

POSITION = {"after": "yard/😀 \n\0.jpg", "listed": 3, "done": None}


def test_a_checkpoint_gives_back_what_was_last_kept(operations: OperationStore) -> None:
    assert operations.checkpoint("backfill") is None
    operations.keep_checkpoint("backfill", {"after": "a"}, MINUTE)
    operations.keep_checkpoint("backfill", POSITION, MINUTE)
    operations.keep_checkpoint("sweep", {}, MINUTE)

    assert POSITION == operations.checkpoint("backfill")
    assert operations.checkpoint("sweep") == {}


def test_a_dropped_checkpoint_is_gone_and_can_be_kept_anew(operations: OperationStore) -> None:
    operations.drop_checkpoint("backfill")
    operations.keep_checkpoint("backfill", POSITION, MINUTE)
    operations.drop_checkpoint("backfill")
    assert operations.checkpoint("backfill") is None

    operations.keep_checkpoint("backfill", POSITION, MINUTE)
    assert POSITION == operations.checkpoint("backfill")


def test_a_checkpoint_that_nobody_keeps_anew_is_forgotten(operations: OperationStore, clock: MovingClock) -> None:
    operations.keep_checkpoint("backfill", POSITION, MINUTE)
    clock.move(MINUTE - SECOND)
    assert POSITION == operations.checkpoint("backfill")

    clock.move(SECOND)
    assert operations.checkpoint("backfill") is None


def test_dynamodb_may_remove_a_checkpoint_by_its_age(
    make_dynamo: Callable[..., DynamoOperationStore], row: Callable[[str, str], Any], clock: MovingClock
) -> None:
    make_dynamo().keep_checkpoint("backfill", POSITION, MINUTE)

    expected = str(int((clock.now + MINUTE).timestamp()))
    assert {"N": expected} == row("checkpoint", "backfill")["expires_at"]
