"""How long an answer that is paid waits for S3 and DynamoDB, and what must not begin because it could not be kept."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.bootstrap import STORES_CONFIG
from sightline.errors import OutcomeUnknown, Unavailable
from sightline.models.answers import Answer
from sightline.models.images import Lane
from sightline.ratelimit.gcra import HORIZON_SECONDS
from sightline.rekognition.client import ONE_ATTEMPT
from sightline.testing.fake import PERSON, FakeSightline, picture, uri_of
from sightline.timing import CALL_BEGINS_WITHIN, CALL_LIMIT, CLAIM_LEASE, STORE_REQUEST_LIMIT, TAKEOVER_AFTER

URI = uri_of("01")
UNTIL_FREE = CLAIM_LEASE + TAKEOVER_AFTER


@pytest.fixture
def world() -> FakeSightline:
    """Give a world with one image that waits for its one analysis."""
    world = FakeSightline(features=("labels",))
    world.put(URI, picture())
    world.add(URI)
    world.do(world.sent.popleft())
    return world


def entry(world: FakeSightline):
    return world.ledger.get(world.images.get(URI).wanted["labels"])


def attempts(world: FakeSightline) -> tuple[int, int, int]:
    """Give calls made, claims taken, and those that ended unknown."""
    return len(world.detector.asked), entry(world).attempts, entry(world).unknown_attempts


def test_an_answer_in_hand_outlives_a_store_that_is_away(world):
    settle = world.ledger.settle
    refusals = iter([Unavailable("analyses")] * 3)

    class AwayForAMoment:
        """A ledger whose table cannot be written to, three times."""

        def __getattr__(self, name):
            return getattr(world.ledger, name)

        def settle(self, *args):
            if refusal := next(refusals, None):
                raise refusal
            return settle(*args)

    world.services = replace(world.services, ledger=AwayForAMoment())
    world.do(world.sent.popleft())
    assert (1, 1, 0) == attempts(world)
    assert entry(world).is_settled


class Away:
    """A store of which one method is refused, and each refusal takes a while."""

    def __init__(self, world: FakeSightline, store: object, method: str, seconds: float, times: int) -> None:
        self.refused: list[float] = []
        self._world, self._store, self._method = world, store, method
        self._seconds, self._times = seconds, times

    def __getattr__(self, name):
        return self._refuse if name == self._method else getattr(self._store, name)

    def _refuse(self, *args):
        if len(self.refused) == self._times:
            return getattr(self._store, self._method)(*args)
        self._world.clock.move(timedelta(seconds=self._seconds))
        self.refused.append(self._seconds)
        raise Unavailable(self._method)


def test_an_answer_waits_for_two_stores_no_longer_than_until_another_may_claim(world):
    s3 = Away(world, world.services.buckets, "head", seconds=59, times=1)
    ledger = Away(world, world.ledger, "settle", seconds=STORE_REQUEST_LIMIT.total_seconds(), times=9)
    world.services = replace(world.services, buckets=s3, ledger=ledger)
    with pytest.raises(Unavailable):
        world.do(world.sent.popleft())
    assert (1, 2) == (len(s3.refused), len(ledger.refused))
    assert world.clock.now < entry(world).free_at


@pytest.mark.parametrize(("method", "tries"), [("head", 1), ("settle", 2)])
def test_a_server_that_hangs_holds_an_answer_no_longer_than_until_another_may_claim(world, method, tries):
    free_at = world.clock.now + UNTIL_FREE
    store = {"head": world.services.buckets, "settle": world.ledger}[method]
    hanging = Away(world, store, method, seconds=STORE_REQUEST_LIMIT.total_seconds(), times=9)
    world.services = replace(world.services, **{{"head": "buckets", "settle": "ledger"}[method]: hanging})
    world.detector.script.append(lambda: passing(world, CALL_LIMIT))
    with pytest.raises(Unavailable):
        world.do(world.sent.popleft())
    assert tries == len(hanging.refused)
    assert world.clock.now < free_at


def test_an_answer_that_s3_was_away_for_too_long_to_keep_is_counted_as_ended_unknown(world):
    s3 = Away(world, world.services.buckets, "head", seconds=60, times=1)
    world.services = replace(world.services, buckets=s3)
    step = world.sent.popleft()
    with pytest.raises(OutcomeUnknown):
        world.do(step)
    assert (1, 1, 1) == attempts(world)
    world.do(step)
    assert (2, 2, 1) == attempts(world)
    assert entry(world).is_settled


def passing(world: FakeSightline, time: timedelta) -> Answer:
    """Answer after this time."""
    world.clock.move(time)
    return PERSON


class SlowToClaim:
    """A ledger whose first claim is written at once and told of late."""

    def __init__(self, world: FakeSightline, late: timedelta) -> None:
        self._world, self._late = world, late

    def __getattr__(self, name):
        return getattr(self._world.ledger, name)

    def claim(self, analysis):
        claimed = self._world.ledger.claim(analysis)
        self._world.clock.move(self._late)
        self._late = timedelta(0)
        return claimed


LATEST = CALL_BEGINS_WITHIN - timedelta(seconds=HORIZON_SECONDS[Lane.LIVE])


@pytest.mark.parametrize("late", [LATEST + timedelta(seconds=1), CLAIM_LEASE, UNTIL_FREE], ids=str)
def test_no_call_begins_under_a_claim_that_may_end_before_its_answer_is_kept(world, late):
    world.services = replace(world.services, ledger=SlowToClaim(world, late))
    step = world.sent[0]
    with suppress(Unavailable):
        world.do(step)
    world.do(step)
    assert (1, 2, 0) == attempts(world)
    world.services.calls.flush()
    assert ("labels", "failed") not in world.operations.usage.calls("0000", "9999")


def test_a_call_that_begins_as_late_as_it_may_is_kept_before_another_may_claim(world):
    world.services = replace(world.services, ledger=SlowToClaim(world, LATEST))
    world.detector.script.append(lambda: passing(world, CALL_LIMIT))
    world.do(world.sent.popleft())
    assert (1, 1, 0) == attempts(world)


def test_a_call_and_a_try_last_no_longer_than_the_clients_let_them():
    assert CALL_LIMIT.total_seconds() >= ONE_ATTEMPT.connect_timeout + ONE_ATTEMPT.read_timeout  # type: ignore[attr-defined]
    requests = STORES_CONFIG.retries["total_max_attempts"]  # type: ignore[attr-defined]
    backing_off, pause = sum(2**n for n in range(requests - 1)), 2
    longest = requests * (STORES_CONFIG.connect_timeout + STORES_CONFIG.read_timeout) + backing_off + pause  # type: ignore[attr-defined]
    assert STORE_REQUEST_LIMIT.total_seconds() >= longest
