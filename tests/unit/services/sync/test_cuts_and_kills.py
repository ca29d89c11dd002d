"""A run that is cut, or dies at any of its steps: nothing is lost, and the position is never ahead of the data."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.models.images import FeedEntry, State
from sightline.services.leased_runs import run_under_lease
from sightline.services.sync import NAME, PAGE, run_sync, sync_with
from sightline.storage.dirty_days import Purpose
from sightline.storage.images.positions import position_at
from sightline.testing.fake import FakeSightline, uri_of
from tests.unit.services.sync.conftest import TICK
from tests.unit.services.sync.late_index import LateIndex
from tests.writing import analysed, begun, ended


class SlowFeed(LateIndex):
    """A feed of which each page takes a while."""

    page_lasts = timedelta(seconds=20)

    def feed(self, shard: int, write_day: str, after: str, until: str, page: int | None = None) -> Iterator[FeedEntry]:
        for number, entry in enumerate(super().feed(shard, write_day, after, until, page), 1):
            yield entry
            if number % PAGE == 0:
                self._clock.move(self.page_lasts)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rows", "page_seconds"),
    [(4_000, 50), pytest.param(12_000, 20, marks=pytest.mark.full)],
    ids=["two pages a run", "five pages a run"],
)
def test_ten_minutes_of_bulk_writes_that_no_run_can_recheck_do_not_hold_the_sync_up(rows, page_seconds):
    world = FakeSightline()
    world.images = SlowFeed(world.clock)
    world.images.page_lasts = timedelta(seconds=page_seconds)
    world.services = world.make_services(world.services.plan)
    run = lambda: run_under_lease(NAME, world.services, lambda run: run_sync(run, world.services))  # noqa: E731 - it reads better so
    run()
    ids = [uri_of(f"{number}") for number in range(rows)]
    for image_id in ids:  # a run lasts 100 seconds: it reads two or five pages, and the overlap alone has 8 or 24
        analysed(world.images, image_id, world.clock.now)
        world.clock.move(timedelta(minutes=10) / rows)
    reached: list[Any] = []
    cut = 0
    while len(world.graph.versions(ids)) < len(ids):
        assert len(reached) < 12, "it must come to the end of all rows, some pages at a time"
        begin = world.clock.now
        run()
        reached.append(min(world.graph.sync_state().positions.values()))
        cut += not world.operations.runs.last()[NAME].outcome["is_complete"]
        world.clock.now = max(begin + TICK, world.clock.now)
    assert sorted(set(reached)) == reached
    assert cut >= 3


class Killed(BaseException):
    """The process is gone. Nothing may catch it."""


class Dying:
    """A store whose n-th call, over all stores that share `calls`, never returns: before or after its work."""

    def __init__(self, store: Any, calls: list[str], dies_at: int, *, is_after: bool) -> None:
        self._store, self._calls, self._dies_at, self._is_after = store, calls, dies_at, is_after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self._watched(name, found) if callable(found) else found

    def _watched(self, name: str, found: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls.append(name)
            is_last = len(self._calls) == self._dies_at
            if is_last and not self._is_after:
                raise Killed(name)
            try:
                return found(*args, **kwargs)
            finally:
                if is_last:
                    raise Killed(name)

        return call


def small_world() -> FakeSightline:
    """Return a FakeSightline with new, shown, restarted, deleted and rejected images, and yesterday's position."""
    world = FakeSightline()
    sync_with(world.services).run(1, lambda: True)
    for number in range(12):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    world.clock.move(timedelta(hours=20))
    sync_with(world.services).run(2, lambda: True)
    ended(world.images, uri_of("1"))
    ended(world.images, uri_of("2"), State.REJECTED)
    analysed(world.images, uri_of("3"), world.clock.now, found=(("Dog", 50.0),), asked="2")
    begun(world.images, uri_of("4"), world.clock.now, asked="2")
    analysed(world.images, uri_of("20"), world.clock.now, camera="gate")
    world.clock.move(timedelta(hours=20))
    return world


def dying_run(world: FakeSightline, dies_at: int, *, is_after: bool) -> bool:
    """Run until the n-th call; say whether it was killed."""
    calls: list[str] = []
    names = ("images", "graph", "operations", "buckets")
    dying = {name: Dying(getattr(world.services, name), calls, dies_at, is_after=is_after) for name in names}
    try:
        sync_with(replace(world.services, **dying)).run(3, lambda: True)  # type: ignore[arg-type]
    except Killed:
        return True
    return False


def ahead(world: FakeSightline) -> list[str]:
    """Name the images that the position passes and the graph does not show."""
    state = world.graph.sync_state()
    if not state.positions:
        return []
    passed = min(state.positions.values())
    rows = [row for row in world.images.scan() if row.feed_position and row.feed_position <= passed]
    shown = world.graph.versions([row.image_id for row in rows])
    at_rest = [row for row in rows if row.state in {State.ANALYSED, State.COMPLETE, State.GONE, State.REJECTED}]
    return [row.image_id for row in at_rest if shown.get(row.image_id) != row.version]


def kills(*, is_after: bool, force_load: bool = False) -> int:
    clean = small_world()
    sync_with(clean.services).run(9, lambda: True)
    dies_at = 0
    while True:
        dies_at += 1
        world = small_world()
        if force_load:
            world.buckets.delete(sync_with(world.services)._copy._uri)
        if not dying_run(world, dies_at, is_after=is_after):
            return dies_at
        assert [] == ahead(world)
        sync_with(world.services).run(4, lambda: True)
        assert clean.graph.triples() == world.graph.triples()
        assert clean.graph.sync_state() == world.graph.sync_state()
        dirty = {day.camera_day for day in world.operations.dirty_days.dirty(Purpose.PARITY)}
        assert {row.capture.camera_day for row in world.images.scan()} == dirty


def test_a_run_may_die_before_any_of_its_steps():
    assert kills(is_after=False) > 15


def test_a_run_may_die_after_any_of_its_steps():
    assert kills(is_after=True) > 15


def test_a_full_load_that_was_asked_for_may_die_anywhere():
    assert kills(is_after=True, force_load=True) > 10


def test_a_position_that_ran_ahead_would_be_noticed():
    world = small_world()
    state = world.graph.sync_state()
    later = dict.fromkeys(state.positions, position_at(world.clock.now))
    world.graph._state = replace(state, positions=later)
    assert {uri_of(number) for number in ("1", "2", "3", "20")} == set(ahead(world))
