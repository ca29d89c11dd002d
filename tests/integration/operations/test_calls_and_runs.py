"""Counts of calls, last runs, and what the table is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.errors import MissingTable
from sightline.storage.dead_letters import CLOSED_LETTERS_LAST
from sightline.storage.operations import Operations, dynamo_operations
from sightline.storage.runs import LastRun
from sightline.testing.clocks import MovingClock
from tests.integration.operations.stories import MINUTE, SECOND, letter_of, take


def test_setup_repeats_and_check_then_finds_nothing_wrong(operations: Operations) -> None:
    operations.setup()
    operations.check()


def test_counts_of_calls_add_up_over_days(operations: Operations) -> None:
    operations.usage.count("2024-05-01", {("labels", "answered"): 3, ("labels", "cost_micro_usd"): 3000})
    operations.usage.count("2024-05-01", {("labels", "answered"): 2, ("faces", "throttled"): 1})
    operations.usage.count("2024-05-02", {("labels", "answered"): 10})
    operations.usage.count("2024-05-03", {})

    first = {("labels", "answered"): 5, ("labels", "cost_micro_usd"): 3000, ("faces", "throttled"): 1}
    assert first == operations.usage.calls("2024-05-01", "2024-05-01")
    assert first | {("labels", "answered"): 15} == operations.usage.calls("2024-05-01", "2024-05-31")
    assert {("labels", "answered"): 10} == operations.usage.calls("2024-05-02", "2024-05-02")
    assert {} == operations.usage.calls("2024-05-03", "2024-05-31")
    assert {} == operations.usage.calls("2024-05-31", "2024-05-01")
    by_day = {"2024-05-01": first, "2024-05-02": {("labels", "answered"): 10}}
    assert by_day == operations.usage.calls_by_day("2024-05-01", "2024-05-31")


def test_counts_of_many_threads_are_all_there(operations: Operations) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: operations.usage.count("2024-05-01", {("labels", "answered"): 1}), range(40)))

    assert {("labels", "answered"): 40} == operations.usage.calls("2024-05-01", "2024-05-01")


def test_the_last_run_of_each_task_is_kept(operations: Operations, clock: MovingClock) -> None:
    run = LastRun("sync_graph", clock.now, timedelta(seconds=1.234567), {"merged": 3, "share": 0.123456789, "at": None})
    other = replace(run, name="purge_expired", outcome={})
    later = replace(run, started_at=clock.now + MINUTE, outcome={"merged": 0})

    for each in (run, other, later, run):  # the last one arrives late
        operations.runs.note(each)

    assert {"sync_graph": later, "purge_expired": other} == operations.runs.last()


def test_only_leases_and_closed_letters_may_be_deleted_by_age(
    make_dynamo: Callable[..., Operations], row: Callable[[str, str], Any], clock: MovingClock
) -> None:
    operations, dead_letter = make_dynamo(), letter_of("a", clock)
    operations.dead_letters.write(dead_letter)
    operations.usage.count("2024-05-01", {("labels", "answered"): 1})
    operations.runs.note(LastRun("sync_graph", clock.now, SECOND, {}))
    lease = take(operations, "left")
    rows = [
        ("letter", dead_letter.dead_letter_id),
        ("calls", "2024-05-01"),
        ("run", "sync_graph"),
        ("lease", "sync_graph"),
    ]
    assert [False, False, False, True] == ["expires_at" in row(*key) for key in rows]

    operations.dead_letters.close(dead_letter.dead_letter_id)
    closed = clock.now + CLOSED_LETTERS_LAST
    assert {"N": str(int(closed.timestamp()))} == row(*rows[0])["expires_at"]
    assert lease.until.timestamp() < int(row(*rows[3])["expires_at"]["N"])

    operations.dead_letters.write(dead_letter)
    assert "expires_at" not in row(*rows[0])


def test_a_missing_table_is_named(dynamodb_client: Any, clock: MovingClock) -> None:
    operations = dynamo_operations(dynamodb_client, "nowhere-", clock)

    for use in (operations.check, lambda: take(operations, "left")):
        with pytest.raises(MissingTable, match=r"nowhere-operations.*sightline setup"):
            use()
