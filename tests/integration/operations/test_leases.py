"""Leases: one holder at a time, under a fence that rises."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.storage.leases import Lease
from sightline.storage.operations import Operations
from sightline.testing.clocks import MovingClock
from tests.integration.operations.stories import MINUTE, SECOND, take
from tests.integration.twice import Twice


def test_a_lease_has_one_holder_until_it_ends(operations: Operations, clock: MovingClock) -> None:
    first = take(operations, "left")
    assert Lease("sync_graph", "left", first.fence, clock.now + MINUTE) == first

    clock.move(MINUTE - SECOND)
    assert operations.leases.acquire("sync_graph", "right", MINUTE) is None
    clock.move(SECOND)
    assert Lease("sync_graph", "right", first.fence + 1, clock.now + MINUTE) == take(operations, "right")
    assert operations.leases.acquire("sync_graph", "left", MINUTE) is None


def test_leases_of_other_names_are_apart(operations: Operations) -> None:
    take(operations, "left")

    assert operations.leases.acquire("roll_up_days", "right", MINUTE) is not None


@pytest.mark.parametrize("later", [SECOND, 2 * MINUTE])
def test_a_holder_renews_under_the_same_fence(operations: Operations, clock: MovingClock, later: timedelta) -> None:
    first = take(operations, "left")
    clock.move(later)

    assert replace(first, until=clock.now + MINUTE) == take(operations, "left")


def test_a_lease_given_back_is_free_and_its_fence_is_remembered(operations: Operations) -> None:
    first = take(operations, "left")
    operations.leases.release(first)

    assert first.fence + 1 == take(operations, "right").fence


def test_a_late_release_leaves_the_new_holder_alone(operations: Operations, clock: MovingClock) -> None:
    first = take(operations, "left")
    clock.move(MINUTE)
    take(operations, "right")

    operations.leases.release(first)

    assert operations.leases.acquire("sync_graph", "left", MINUTE) is None


def test_of_many_who_want_a_lease_at_once_one_gets_it(operations: Operations) -> None:
    with ThreadPoolExecutor(8) as pool:
        leases = pool.map(lambda n: operations.leases.acquire("sync_graph", f"holder-{n}", MINUTE), range(8))

    assert 1 == len([lease for lease in leases if lease])


def test_fences_rise_even_when_the_lease_was_deleted_by_age(
    make_dynamo: Callable[..., Operations], dynamodb_client: Any, table_prefix: str, clock: MovingClock
) -> None:
    operations = make_dynamo()
    first = take(operations, "left")
    key = {"kind": {"S": "lease"}, "id": {"S": "sync_graph"}}
    dynamodb_client.delete_item(TableName=f"{table_prefix}operations", Key=key)
    clock.move(timedelta(days=1))

    assert first.fence < take(operations, "right").fence


def test_a_lease_whose_request_arrives_twice_is_ours(
    make_dynamo: Callable[..., Operations], dynamodb_client: Any, clock: MovingClock
) -> None:
    operations = make_dynamo(Twice(dynamodb_client))

    first = take(operations, "left")
    assert clock.now + MINUTE == first.until
    operations.leases.release(first)
    assert first.fence + 1 == take(operations, "right").fence
