"""How the reconciler gets through many rows: over several turns, cut, killed, failing, and two at once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import pytest

from sightline.errors import ConfigurationError, SightlineError
from sightline.models.bucket_refusals import BucketRefusal, Reader
from sightline.models.images import ImageRow, Lane, Unfinished
from sightline.queues.publishing import BATCH
from sightline.queues.redis import Waiting
from sightline.services.reconcile import (
    LOOKED_AT_FOR_A_PROBE,
    LOOKED_AT_TOGETHER,
    MOST_SENT,
    NAME,
    reconcile,
    reconciler_of,
)
from sightline.storage.images.keys import shard_of
from sightline.storage.images.protocol import Postponement
from sightline.testing.fake import BUCKET, FakeSightline, uri_of
from sightline.testing.images import InMemoryImageStore
from sightline.timing import CHECK_AFTER

A_CHECK = CHECK_AFTER + timedelta(seconds=1)
A_TURN = timedelta(seconds=60)
MANY = 3_000


class Killed(BaseException):
    """The process ends here."""


class FaultyStore(InMemoryImageStore):
    """Counts its requests, and meets what it is told to: before it postpones rows, or for single rows."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self.before_postponing: Callable[[list[str]], None] = lambda _: None
        self.unpostponable: frozenset[str] = frozenset()
        self.reads: Counter[str] = Counter()
        self.entries = 0

    def get_many(self, image_ids: Iterable[str]) -> dict[str, ImageRow]:
        ids = list(image_ids)
        self.reads.update(ids)
        return super().get_many(ids)

    def unfinished(self, due_before: datetime | None = None) -> Iterator[Unfinished]:
        for entry in super().unfinished(due_before):
            self.entries += 1
            yield entry

    def left_by_shard(self) -> Counter[int]:
        return Counter(shard_of(each.image_id, self.shards.unfinished) for each in super().unfinished(self._clock()))

    def postpone_many(self, postponements: Iterable[Postponement]) -> dict[str, SightlineError]:
        wanted = list(postponements)
        self.before_postponing([each.seen.image_id for each in wanted])
        able = [each for each in wanted if each.seen.image_id not in self.unpostponable]
        refused = self.unpostponable & {each.seen.image_id for each in wanted}
        return {**super().postpone_many(able), **{image_id: ConfigurationError("images") for image_id in refused}}


class World(FakeSightline):
    """A sightline with many rows whose messages are lost, or stand in a queue that nobody takes from."""

    images: FaultyStore

    def __post_init__(self) -> None:
        super().__post_init__()
        self.images = FaultyStore(self.clock)
        self.services = self.make_services(self.plan)

    def receive(self, number: int, camera: str = "yard") -> list[str]:
        uris = [uri_of(f"many-{each}", camera) for each in range(number)]
        for uri in uris:
            self.images.add(uri, Lane.LIVE)
            self.clock.move(timedelta(milliseconds=1))
        return uris

    def turn(self, pieces: int = 10**6, most_sent: int = MOST_SENT) -> Counter[str]:
        """Let a turn have time for so many pieces."""
        left = iter(range(pieces))
        return reconcile(reconciler_of(self.services, self.send), lambda: next(left, None) is not None, most_sent)

    def times_sent(self) -> Counter[str]:
        return Counter(step.args[0] for step in self.sent)


@pytest.fixture
def world() -> World:
    return World()


def test_a_turn_sends_a_bounded_number_and_all_are_sent_once_over_the_turns(world):
    uris = world.receive(MANY)
    world.clock.move(A_CHECK)
    first = world.clock.now
    turns = [world.turn(most_sent=1_000)["sent"]]
    while len(world.sent) < MANY:
        world.clock.move(A_TURN)
        world.queues.now["ingest"] = Waiting(len(world.sent), first)
        turns.append(world.turn(most_sent=1_000)["sent"])
    assert {1_000} == set(turns)
    assert world.times_sent() == Counter(uris)


def test_a_turn_goes_on_where_the_last_one_was_cut_although_rows_stay_due(world):
    """Rows that cannot be postponed would otherwise keep every turn at the front of the first shard."""
    uris = world.receive(MANY)
    world.images.unpostponable = frozenset(uris[::2])
    world.clock.move(A_CHECK)
    for _ in range(MANY // BATCH):
        assert BATCH == world.turn(pieces=1)["looked_at"]
    assert world.times_sent() == Counter(uris)


def test_all_shards_are_worked_off_side_by_side(world):
    world.receive(MANY)
    world.clock.move(A_CHECK)
    before = world.images.left_by_shard()
    world.turn(pieces=MANY // BATCH // 2)
    left = world.images.left_by_shard()
    assert (MANY // 2, world.images.shards.unfinished) == (left.total(), len(left))
    assert all(left[shard] == pytest.approx(before[shard] / 2, rel=0.2) for shard in before)


def test_a_turn_with_time_looks_at_everything_once_wherever_the_last_one_was_cut(world):
    uris = world.receive(MANY)
    world.clock.move(A_CHECK)
    world.turn(pieces=MANY // BATCH // 2)
    late = world.receive(100, "late")
    world.clock.move(A_CHECK)
    world.sent.clear()
    world.queues.now["ingest"] = Waiting(1, world.clock.now - A_CHECK - A_CHECK)
    world.images.reads.clear()
    world.turn()
    assert set(uris[-1:]) | set(late) <= world.images.reads.keys()
    assert {1} == set(world.images.reads.values())
    assert world.turn()["looked_at"] == 0


def test_a_process_that_dies_between_sending_and_postponing_has_one_piece_sent_twice(world):
    uris = world.receive(MANY)
    world.clock.move(A_CHECK)
    killed: list[str] = []

    def die(image_ids: list[str]) -> None:
        if len(world.sent) == 3 * BATCH and not killed:
            killed.extend(image_ids)
            raise Killed

    world.images.before_postponing = die
    with pytest.raises(Killed):
        world.turn()
    world.clock.move(A_TURN)
    world.turn()
    assert world.times_sent() == Counter([*uris, *killed])
    assert BATCH == len(killed)


def test_a_piece_that_brings_every_process_down_holds_up_no_other(world):
    uris = world.receive(MANY)
    world.clock.move(A_CHECK)
    poison = world.images.get(uris[0])
    met = []

    def die(image_ids: list[str]) -> None:
        if uris[0] in image_ids:
            met.append(len(image_ids))
            raise Killed

    world.images.before_postponing = die
    for _ in range(3):
        try:
            world.turn()
        except Killed:
            world.clock.move(timedelta(seconds=1))
    assert met[0] == BATCH
    assert world.times_sent().keys() == set(uris)
    waiting = {each.image_id for each in world.images.unfinished(world.clock.now)}
    assert uris[0] in waiting
    assert len(waiting) <= BATCH
    assert poison == world.images.get(uris[0])


def test_a_store_that_is_away_ends_the_turn_and_a_row_that_is_refused_alone_does_not(world):
    uris = world.receive(2 * BATCH)
    world.clock.move(A_CHECK)
    world.images.unpostponable = frozenset(uris[:1])
    done = world.turn()
    assert (1, 2 * BATCH) == (done["not_postponed"], done["looked_at"])
    world.images.unpostponable = frozenset(uris)
    world.clock.move(A_CHECK)
    with pytest.raises(ConfigurationError):
        world.turn()


def test_of_two_turns_at_once_each_row_is_moved_once_and_none_is_left(world):
    """The lease keeps them apart, unless a process stands still for a minute in the middle of a piece."""
    uris = world.receive(MANY)
    world.clock.move(A_CHECK)
    others: list[Counter[str]] = []

    def another(_: list[str]) -> None:
        if not others:
            others.append(Counter())
            others[0] = world.turn()
            after.update(world.images.get_many(uris))

    after: dict[str, ImageRow] = {}
    world.images.before_postponing = another
    world.turn()
    assert Counter({1: MANY - BATCH, 2: BATCH}) == Counter(world.times_sent().values())
    assert after == world.images.get_many(uris)


def test_a_place_of_a_table_with_more_shards_is_no_place(world):
    world.receive(10)
    world.clock.move(A_CHECK)
    now = world.clock.now.isoformat()
    kept = {"began_at": now, "subject": [], "places": {"99": [now, "s3://x/y"]}}
    world.operations.checkpoints.keep(NAME, kept, timedelta(days=1))
    assert 10 == world.turn()["sent"]


def release(world: World, place: str) -> None:
    world.operations.bucket_refusals.replace(BucketRefusal(BUCKET, Reader.S3, released=(place,)))


def test_what_a_place_releases_is_sent_over_the_turns_and_each_image_once(world):
    """Their messages are gone, and they were to be looked at later; others are left as they are."""
    uris = world.receive(LOOKED_AT_TOGETHER)
    others = world.receive(BATCH, "lane")
    uris += world.receive(LOOKED_AT_TOGETHER, "yard/old")
    release(world, f"s3://{BUCKET}/yard/")
    before = world.images.get_many(others)
    turns = []
    while any(each.released for each in world.operations.bucket_refusals.read()):
        turns.append(world.turn(most_sent=BATCH)["sent"])
        world.clock.move(timedelta(seconds=1))
    # The last turn meets what was sent before: it is to be looked at later
    assert [LOOKED_AT_TOGETHER, LOOKED_AT_TOGETHER - BATCH, BATCH, 0] == turns
    assert world.times_sent() == Counter(uris)
    assert before == world.images.get_many(others)


def test_released_images_take_half_of_what_a_turn_may_send(world):
    late = world.receive(BATCH, "lane")
    world.clock.move(A_CHECK)
    world.receive(MANY)
    release(world, f"s3://{BUCKET}/yard/")
    world.turn(most_sent=4 * BATCH)
    assert set(late) <= world.times_sent().keys()


def test_to_find_an_image_to_try_a_bounded_number_of_entries_is_read(world):
    """Of a place of which nothing waits any more, among many rows of others."""
    world.receive(LOOKED_AT_FOR_A_PROBE + 10)
    refusal = BucketRefusal("foreign", Reader.S3)
    for number in range(3):
        uri = f"s3://foreign/gate/{number}.jpg"
        world.images.add(uri, Lane.LIVE)
        refusal = refusal.with_refused(uri, world.clock.now - A_TURN)
    world.operations.bucket_refusals.replace(refusal)
    assert 1 == world.turn()["sent"]
    assert world.images.entries <= LOOKED_AT_FOR_A_PROBE
