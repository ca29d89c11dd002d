"""One run of the sync: load everything where the graph has no position; else read the feed from where it stands.

It may be cut, or die, between any two steps: the position moves in the transaction of its data, so the next run goes
on from what the graph shows. It always reads from the position to now, never "the last hour".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from itertools import islice

from sightline.graph.protocol import FullLoad, GraphStore, SyncMove, SyncState
from sightline.models.answers import Json
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun
from sightline.services.sync.feed import PAGE, SETTLE, ShardReader, safe_position
from sightline.services.sync.published import CopySeen, PublishedCopy
from sightline.services.sync.updating import Updater
from sightline.storage.images.positions import position_at
from sightline.storage.images.protocol import ImageStore

NAME = "sync_graph"


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator asks for. full: load every row anew; since: read the feed again from this UTC day of writing."""

    full: bool = False
    since: date | None = None


NOTHING_SPECIAL = Wish()


def nobody(read: int) -> None:
    """Look on at nothing."""


class Sync:
    """One run. watch: told after each page how many rows were read."""

    def __init__(
        self,
        images: ImageStore,
        graph: GraphStore,
        updater: Updater,
        copy: PublishedCopy,
        clock: Callable[[], datetime],
        watch: Callable[[int], None] = nobody,
    ) -> None:
        self._images = images
        self._graph = graph
        self._updater = updater
        self._copy = copy
        self._clock = clock
        self._watch = watch
        self._state = SyncState()
        self._fence = 0

    def run(self, fence: int, goes_on: Callable[[], bool], wish: Wish = NOTHING_SPECIAL) -> Mapping[str, Json]:
        """Do what can be done while `goes_on`; give what came of it. `is_complete`: all that there was, was read."""
        self._fence, self._state = fence, self._graph.sync_state()
        copy = self._copy.look()
        if self._must_load(wish, copy):
            load = FullLoad(safe_position(self._clock()))
            self._move(SyncState(load=load))
        is_complete = self._load(goes_on) and self._read_feed(goes_on, wish.since)
        if self._state.load is None and copy:
            self._publish(copy)
        return {**self._updater.counts, "is_complete": is_complete}

    def _must_load(self, wish: Wish, copy: CopySeen | None) -> bool:
        """Say whether to begin from the first row: asked for, a graph without a position, or a deleted copy."""
        has_begun = bool(self._state.positions) or self._state.load is not None
        return wish.full or not has_begun or (self._state.is_published and copy == CopySeen(None))

    def _move(self, state: SyncState) -> None:
        self._graph.merge([], SyncMove(self._fence, state))
        self._state = state

    def _load(self, goes_on: Callable[[], bool]) -> bool:
        """Go on with the full load, if there is one; say whether it has ended."""
        load = self._state.load
        rows = self._images.scan(load.after) if load else iter(())
        while load := self._state.load:
            if not goes_on():
                return False
            page = list(islice(rows, PAGE))
            is_last = len(page) < PAGE
            state = self._loaded(load) if is_last else SyncState(load=replace(load, after=page[-1].image_id))
            self._updater.show_rows(page, SyncMove(self._fence, state))
            self._state = state
            self._watch(len(page))
        return True

    def _loaded(self, load: FullLoad) -> SyncState:
        return SyncState(dict.fromkeys(range(self._images.shards.feed), load.feed_from))

    def _read_feed(self, goes_on: Callable[[], bool], since: date | None) -> bool:
        """Read every shard to now, the one that is farthest behind first; say whether all were read."""
        now = self._clock()
        until, safe = position_at(now - SETTLE), safe_position(now)
        shards = [ShardReader(self._images, shard, self._begin(shard, since), until) for shard in self._state.positions]
        while waiting := [each for each in shards if not each.is_done]:
            if not goes_on():
                return False
            reader = min(waiting, key=lambda each: each.cursor)
            page = reader.page()
            state = self._advanced(reader.shard, min(reader.cursor, safe))
            self._updater.show_entries(page, SyncMove(self._fence, state) if state != self._state else None)
            self._state = state
            self._watch(len(page))
        return True

    def _begin(self, shard: int, since: date | None) -> str:
        position = self._state.positions[shard]
        return min(position, position_at(datetime.combine(since, time(), UTC))) if since else position

    def _advanced(self, shard: int, position: str) -> SyncState:
        """Give the state with one shard's position moved; it never moves back."""
        positions = {**self._state.positions, shard: max(position, self._state.positions[shard])}
        return replace(self._state, positions=positions)

    def _publish(self, copy: CopySeen) -> None:
        if self._copy.write(self._state, self._fence, copy) and not self._state.is_published:
            self._move(replace(self._state, is_published=True))


def sync_with(services: Services, watch: Callable[[int], None] = nobody) -> Sync:
    """Put a run together."""
    s = services
    updater = Updater(s.images, s.graph, s.operations, s.clock)
    copy = PublishedCopy(s.buckets, s.checkpoint_bucket, s.clock)
    return Sync(s.images, s.graph, updater, copy, s.clock, watch)


def run_sync(run: LeasedRun, services: Services) -> Mapping[str, Json]:
    """Run for as long as the turn lasts."""
    return sync_with(services).run(run.lease.fence, run.goes_on)
