"""Four days of a busy yard, in memory: rows come late, tied, from a slow clock, and while the sync is down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest

from sightline.models.images import State
from sightline.services.leased_runs import run_under_lease
from sightline.services.sync import NAME, OVERLAP, run_sync
from sightline.storage.images.positions import position_at
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import FakeSightline, uri_of
from tests.unit.services.sync.late_index import LateIndex
from tests.unit.services.sync.old_loader import OldLoader
from tests.writing import analysed

SIZES = (
    pytest.param((2_000, timedelta(minutes=15)), id="small"),
    pytest.param((20_000, timedelta(minutes=5)), id="full", marks=pytest.mark.full),
)
"""How many rows, and how often the sync runs."""

DOWN = (timedelta(hours=30), timedelta(hours=56))
EMPTY_DAY = 1
SLOW = timedelta(minutes=3)


@dataclass(frozen=True, order=True)
class Write:
    at: datetime
    image_id: str
    taken_at: datetime
    is_slow: bool


def writes(begin: datetime, rows: int) -> list[Write]:
    """Return images of four days, one of them empty; ten share a second, 2 % are up to 26 h late."""
    chance = Random(2016)  # noqa: S311 - the same world in each run
    seconds = [chance.randrange(86_400) for _ in range(rows // 10)]
    made = []
    for number in range(rows):
        day = chance.choice([day for day in range(4) if day != EMPTY_DAY])
        taken_at = begin + timedelta(days=day, seconds=chance.choice(seconds))
        is_late = chance.random() < 0.02
        delay = chance.uniform(0, 26 * 3600) if is_late else chance.uniform(1, 20)
        made.append(Write(taken_at + timedelta(seconds=delay), uri_of(f"{number}"), taken_at, number % 7 == 0))
    return sorted(made)


def ticks(begin: datetime, every: timedelta) -> Iterator[datetime]:
    end = begin + timedelta(days=5, hours=3)
    at = begin
    while at < end:
        if not DOWN[0] <= at - begin < DOWN[1]:
            yield at
        at += every


@pytest.fixture(scope="module", params=SIZES)
def told(request: pytest.FixtureRequest) -> tuple[FakeSightline, OldLoader]:
    """Live through it."""
    rows, every = request.param
    clock = MovingClock()
    clock.now = begin = clock.now.replace(hour=0)
    world = FakeSightline(clock=clock)
    world.images = LateIndex(clock)
    world.services = world.make_services(world.services.plan)
    slow, old = world.images.writer(SLOW), OldLoader(begin)
    events: list[tuple[datetime, Write | None]] = [(each.at, each) for each in writes(begin, rows)]
    events += [(at, None) for at in ticks(begin, every)]
    for at, write in sorted(events, key=lambda event: event[0]):
        clock.now = at
        if write:
            analysed(slow if write.is_slow else world.images, write.image_id, write.taken_at)
            old.write(write.image_id, write.taken_at)
        else:
            assert run_under_lease(NAME, world.services, lambda run: run_sync(run, world.services))
            old.run(at)
    return world, old


def test_every_row_is_shown_and_complete(told, request):
    world, _ = told
    rows = list(world.images.scan())
    assert request.node.callspec.params["told"][0] == len(rows)
    assert {row.image_id: row.version for row in rows} == world.graph.versions([row.image_id for row in rows])
    assert {State.COMPLETE} == {row.state for row in rows}


def test_the_old_rule_loses_rows_that_are_late_tied_or_behind_an_empty_day(told):
    world, old = told
    rows = {row.image_id for row in world.images.scan()}
    assert len(rows - old.loaded) > len(rows) * 0.02


def test_every_changed_day_is_marked(told):
    world, _ = told
    assert {row.capture.camera_day for row in world.images.scan()} == set(world.operations.dirty_days.known())


def test_the_position_ends_an_overlap_behind_the_last_run(told):
    world, _ = told
    last_run = world.operations.runs.last()[NAME].started_at
    assert {position_at(last_run - OVERLAP)} == set(world.graph.sync_state().positions.values())
