"""Random histories of one image, told to the stores and to a model that knows only the words of the protocol.

The model is written apart from the stores' transitions: it holds what a reader of the protocol would expect. Rows that
were seen some steps ago are used again and again, as late and repeated messages do.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from uuid import uuid4

from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from sightline.models.images import Capture, ImageRow, Lane, State
from sightline.storage.images.positions import AFTER_ALL, BEFORE_ALL
from sightline.storage.images.protocol import ImageStore
from sightline.testing.clocks import MovingClock
from sightline.testing.images import InMemoryImageStore
from tests.examples import examples
from tests.integration.images.conftest import SHARDS
from tests.integration.images.stories import BAD, answered, content

FEATURES = st.sampled_from(["labels", "faces"])
WANTED = st.dictionaries(FEATURES, st.sampled_from(["1", "2"]))
NAMES = st.sampled_from(["a", "b"])
ENDS = st.sampled_from([State.REJECTED, State.GONE])
LATE = st.integers(min_value=0, max_value=4)
_numbers = count()


@dataclass
class Model:
    """What must be true of one row."""

    state: State = State.RECEIVED
    version: int = 0
    shown: int = 0
    content: str | None = None
    wanted: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    is_unfinished: bool = True
    is_refused: bool = False
    writes_in_feed: int = 0
    is_listed: bool = False

    def add_again(self):
        if self.state in {State.REJECTED, State.GONE, State.STUCK}:
            self.state, self.is_unfinished = State.RECEIVED, True

    def begin(self, seen, name, wanted):
        if seen.version != self.version:
            return False
        is_open = self.state not in {State.RECEIVED, State.REJECTED, State.GONE, State.STUCK}
        if is_open and (self.content, self.wanted) == (name, wanted):
            return True
        if seen.state is not self.state or (self.version == 0 and (seen.rejection is not None) != self.is_refused):
            return False
        self.parts = {f: part for f, part in self.parts.items() if wanted.get(f) == part}
        self.list_in_day()
        self.content, self.wanted = name, dict(wanted)
        self.state, self.version, self.is_unfinished = State.ANALYSING, self.version + 1, True
        self.is_refused = False
        return True

    def list_in_day(self):
        self.is_listed = self.content is not None

    def end(self, seen, state):
        if seen.version != self.version:
            return False
        if self.state is state:
            return True
        if (seen.state, seen.merged_version) != (self.state, self.shown):
            return False
        self.state, self.version, self.wanted, self.parts = state, self.version + 1, {}, {}
        self.is_unfinished, self.writes_in_feed = self.shown > 0, self.writes_in_feed + 1
        self.is_refused = True
        self.list_in_day()
        return True

    def write_result(self, feature, part):
        if self.wanted.get(feature) != part:
            return False
        self.parts[feature] = part
        return True

    def want(self, seen, feature, part):
        if self.state is not State.ANALYSING or seen.version != self.version:
            return False
        self.wanted = {**self.wanted, feature: part}
        self.version, self.is_unfinished, self.is_refused = self.version + 1, True, False
        return True

    def mark_analysed(self, seen):
        if self.state is not State.ANALYSING or seen.version != self.version or seen.unsettled():
            return False
        self.state, self.version, self.is_unfinished = State.ANALYSED, self.version + 1, True
        self.writes_in_feed += 1
        self.list_in_day()
        return True

    def give_up(self, seen, now):
        is_as_seen = (seen.version, seen.state, seen.next_check_at) == (now.version, now.state, now.next_check_at)
        if not (is_as_seen and self.is_unfinished):
            return False
        self.state, self.is_unfinished, self.is_refused = State.STUCK, False, True
        self.list_in_day()
        return True

    def mark_merged(self, version):
        if self.shown < version <= self.version:
            self.shown = version
            if self.state in {State.REJECTED, State.GONE}:
                self.is_unfinished = version < self.version
            elif self.state is State.ANALYSED and version == self.version:
                self.state, self.is_unfinished = State.COMPLETE, False
        return version == self.version


class History(RuleBasedStateMachine):
    """One image in each store, and in the model."""

    clock: MovingClock
    stores: tuple[ImageStore, ...]

    @initialize()
    def add(self):
        self.model = Model()
        self.clock.move(timedelta(days=1000))  # away from the days of other tests
        self.camera = f"model-{uuid4().hex[:8]}"
        self.image_id = f"s3://bucket/{self.camera}/{next(_numbers)}.jpg"
        self.capture = Capture(self.camera, self.clock.now, "key")
        assert [True] * len(self.stores) == [store.add(self.image_id, Lane.LIVE) for store in self.stores]
        self.seen = [self.rows()]

    def rows(self) -> list[ImageRow]:
        return [store.get(self.image_id) for store in self.stores]  # type: ignore[misc]

    def look_back(self, late) -> list[ImageRow]:
        return self.seen[-1 - min(late, len(self.seen) - 1)]

    def told(self, expected, do, rows=None):
        """Tell all stores, and see that each does, or refuses, what the model says."""
        given = [do(store, row) for store, row in zip(self.stores, rows or self.seen[-1], strict=True)]
        assert [expected] * len(given) == [row is not None for row in given]
        self.seen.append(self.rows())
        assert not expected or given == self.seen[-1]

    @rule()
    def add_again(self):
        self.model.add_again()
        assert [False] * len(self.stores) == [store.add(self.image_id, Lane.LIVE) for store in self.stores]
        self.seen.append(self.rows())

    @rule(name=NAMES, wanted=WANTED, late=LATE)
    def begin(self, name, wanted, late):
        rows = self.look_back(late)
        expected = self.model.begin(rows[0], name, wanted)
        self.told(expected, lambda s, row: s.begin(row, content(name), self.capture, wanted, Lane.LIVE), rows)

    @rule(state=ENDS, late=LATE)
    def end(self, state, late):
        rows = self.look_back(late)
        expected = self.model.end(rows[0], state)
        self.told(expected, lambda store, row: store.end(row, state, BAD), rows)

    @rule(feature=FEATURES, part=st.sampled_from(["1", "2"]))
    def write_result(self, feature, part):
        expected = self.model.write_result(feature, part)
        self.told(expected, lambda store, _: store.write_result(self.image_id, feature, answered(part, ("a", 50.5))))

    @rule()
    def write_all_parts(self):
        for feature, part in dict(self.model.wanted).items():
            self.model.write_result(feature, part)
            self.told(True, lambda s, _, f=feature, p=part: s.write_result(self.image_id, f, answered(p, ("a", 50.5))))

    @rule(late=LATE, feature=FEATURES, part=st.sampled_from(["1", "2"]))
    def want(self, late, feature, part):
        rows = self.look_back(late)
        if any(feature in row.wanted for row in rows):
            return
        expected = self.model.want(rows[0], feature, part)
        self.told(expected, lambda store, row: store.want(row, {**row.wanted, feature: part}), rows)

    @rule(late=LATE)
    def mark_analysed(self, late):
        rows = self.look_back(late)
        self.told(self.model.mark_analysed(rows[0]), lambda store, row: store.mark_analysed(row), rows)

    @rule(behind=st.integers(min_value=-1, max_value=3))
    def mark_merged(self, behind):
        version = self.model.version - behind
        if version > 0:
            expected = self.model.mark_merged(version)
            self.told(expected, lambda store, _: store.mark_merged(self.image_id, version))

    @rule(late=LATE, counts_round=st.booleans())
    def postpone(self, late, counts_round):
        rows = self.look_back(late)
        now = self.seen[-1][0]
        is_as_seen = (rows[0].version, rows[0].next_check_at) == (now.version, now.next_check_at)
        expected = rows[0].next_check_at is not None and is_as_seen
        if expected:
            self.model.list_in_day()
        self.clock.move(timedelta(seconds=1))
        until = self.clock.now + timedelta(hours=1)
        self.told(expected, lambda s, row: s.postpone(row, until, counts_round=counts_round), rows)

    @rule(late=LATE)
    def give_up(self, late):
        rows = self.look_back(late)
        expected = self.model.give_up(rows[0], self.seen[-1][0])
        self.told(expected, lambda store, row: store.give_up(row, BAD), rows)

    @rule(late=LATE)
    def note_failure(self, late):
        rows = self.look_back(late)
        seen, now = rows[0], self.seen[-1][0]
        is_as_seen = (seen.version, seen.next_check_at) == (now.version, now.next_check_at)
        expected = seen.next_check_at is not None and is_as_seen
        self.told(expected, lambda store, row: store.note_failure(row, BAD), rows)

    @rule()
    def wait(self):
        self.clock.move(timedelta(milliseconds=3))

    @invariant()
    def each_row_is_as_the_model_says(self):
        for row in self.seen[-1]:
            model = self.model
            assert (model.state, model.version, model.shown) == (row.state, row.version, row.merged_version)
            assert (model.wanted, model.parts) == (row.wanted, {f: p.analysis_id for f, p in row.parts.items()})
            assert model.is_unfinished == (row.next_check_at is not None)
            assert (BAD if model.is_refused else None) == row.rejection
            assert not row.is_merge_due or model.is_unfinished

    @invariant()
    def all_stores_hold_the_same_but_for_the_feeds_random_bits(self):
        facts = [replace(row, feed_position=None) for row in self.seen[-1]]
        assert [facts[0]] * len(facts) == facts

    @invariant()
    def the_indexes_follow_the_row(self):
        for store, row in zip(self.stores, self.seen[-1], strict=True):
            due = [entry.version for entry in store.unfinished() if entry.image_id == self.image_id]
            assert [row.version] * self.model.is_unfinished == due
            days = [entry.version for entry in store.by_day(self.camera, self.capture.day)]
            assert [row.version] * self.model.is_listed == days
            assert (row.capture if self.model.is_listed else None) == row.listed
            feed = [each for shard in range(SHARDS.feed) for each in self.feed_of(store, shard)]
            assert [row.version] * (self.model.writes_in_feed > 0) == [entry.version for entry in feed]

    def feed_of(self, store, shard):
        day = self.clock.now.date().isoformat()
        return store.feed(shard, day, BEFORE_ALL, AFTER_ALL)


def machine(clock: MovingClock, *stores: ImageStore):
    return type("History", (History,), {"clock": clock, "stores": stores})


def test_any_history_leaves_the_twin_as_the_protocol_says(clock):
    run_state_machine_as_test(
        machine(clock, InMemoryImageStore(clock, SHARDS)),
        settings=examples(60, stateful_step_count=30, deadline=None),
    )


def test_any_history_leaves_the_real_store_as_its_twin(clock, real_images):
    run_state_machine_as_test(
        machine(clock, InMemoryImageStore(clock, SHARDS), real_images),
        settings=examples(
            8,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            phases=[Phase.generate],  # to shrink takes minutes; the twin's test shrinks
        ),
    )
