"""What a message says of its row: when it is believed, and that nothing is begun, or paid twice, because of it."""

from collections import Counter
from copy import copy
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import ImageChanged, Throttled, UnreadableAnswer
from sightline.models.answers import Answer
from sightline.models.images import Lane, State
from sightline.queues.carried import FACTS, IS_NEW
from sightline.queues.steps import DETECT, INGEST, Step, ingest_step
from sightline.services.failures import keep_failure
from sightline.services.imported import imported_answer, unread_analysis
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.services.results import result_of
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.ledger.protocol import Entry, Status
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.timing import CHECK_AFTER, FACTS_TRUSTED_FOR

URI = uri_of("01")
SECOND = timedelta(seconds=1)


class CountingImages:
    """An image store that counts its reads of single rows; `before_begin` happens just before a row is begun."""

    def __init__(self, world: FakeSightline) -> None:
        self.reads = 0
        self.before_begin = lambda: None
        self._images = world.images

    def __getattr__(self, name):
        return getattr(self._images, name)

    def get(self, image_id):
        self.reads += 1
        return self._images.get(image_id)

    def begin(self, *args):
        happens, self.before_begin = self.before_begin, lambda: None
        happens()
        return self._images.begin(*args)


@pytest.fixture
def world() -> FakeSightline:
    world = FakeSightline(features=("labels",))
    world.put(URI, picture())
    return world


@pytest.fixture
def images(world) -> CountingImages:
    counting = CountingImages(world)
    world.services = replace(world.services, images=counting)
    return counting


def added(world: FakeSightline) -> Step:
    """Add the image; give its message."""
    world.add(URI)
    return world.sent.popleft()


def detected(world: FakeSightline) -> Step:
    """Let the image be read; give the message of its analysis."""
    world.do(added(world))
    return world.sent.popleft()


def calls(world) -> int:
    return len(world.detector.asked)


# --- detect -----------------------------------------------------------------------------------------------------------


def test_a_new_image_is_analysed_without_a_read_of_its_row(world, images):
    world.add(URI)
    while world.sent:
        world.do(world.sent.popleft())
    assert (State.COMPLETE, 0, 1) == (world.images.get(URI).state, images.reads, calls(world))


@pytest.mark.parametrize(
    ("age", "reads"),
    [(timedelta(0), 0), (FACTS_TRUSTED_FOR, 0), (FACTS_TRUSTED_FOR + SECOND, 1), (-SECOND, 1), (timedelta(days=9), 1)],
    ids=str,
)
def test_facts_are_believed_for_a_minute_and_never_from_the_future(world, images, age, reads):
    step = detected(world)
    before = images.reads
    world.clock.move(age)
    world.do(step)
    assert (reads, 1) == (images.reads - before, calls(world))


@pytest.mark.parametrize(
    "facts",
    [None, 5, {}, {"analysis_id": "x"}, {"content": None}, {"read_at": "x"}, {"read_at": "2044-05-17T12:00:00"}],
    ids=str,
)
def test_facts_that_cannot_be_read_are_read_from_the_row(world, images, facts):
    step = detected(world)
    before, whole = images.reads, dict(step.headers)[FACTS]
    damaged = {**whole, **facts} if isinstance(facts, dict) and facts else facts
    if damaged == {**whole, "analysis_id": "x"}:
        with pytest.raises(ImageChanged):  # ingest decides what is wanted
            world.do(replace(step, headers={FACTS: damaged}))
        return
    world.do(replace(step, headers={FACTS: damaged}))
    assert (1, 1) == (images.reads - before, calls(world))


def test_a_message_of_an_older_version_is_understood(world, images):
    step = replace(detected(world), headers={})
    before = images.reads
    world.do(step)
    assert (1, 1) == (images.reads - before, calls(world))


def test_a_message_that_is_sent_again_carries_nothing(world):
    detected(world)
    world.clock.move(CHECK_AFTER + SECOND)
    reconcile(reconciler_of(world.services, world.send), lambda: True)
    assert [(DETECT, {})] == [(step.task, step.headers) for step in world.sent]


def test_a_duplicate_of_a_call_whose_answer_could_not_be_read_pays_nothing(world):
    step = detected(world)
    world.detector.script.append(UnreadableAnswer(URI))
    with pytest.raises(UnreadableAnswer) as raised:
        world.do(step)
    keep_failure(raised.value, URI, DETECT, images=world.images, operations=world.operations)
    assert State.STUCK is world.images.get(URI).state
    world.do(step)
    assert ([], 1) == (list(world.sent), calls(world))


def test_a_second_attempt_reads_the_row_and_goes_on_if_it_still_says_so(world, images):
    step = detected(world)
    before = images.reads
    world.detector.script.append(Throttled("Rekognition"))
    world.do(step)
    assert (2, 1) == (calls(world), images.reads - before)


def test_a_second_attempt_asks_about_what_the_row_wants_by_then(world):
    step = detected(world)
    old = world.images.get(URI).wanted["labels"]

    def overwritten_and_read() -> Answer:
        world.clock.move(SECOND)
        world.put(URI, picture(9))
        world.do(ingest_step(URI, Lane.LIVE))
        raise Throttled("Rekognition")

    world.detector.script.append(overwritten_and_read)
    world.do(step)
    new = world.images.get(URI).wanted["labels"]
    assert (Status.RELEASED, 0) == (world.ledger.get(old).status, world.ledger.get(old).unknown_attempts)
    assert world.ledger.get(new).is_settled


def test_facts_of_an_upload_that_ingest_has_replaced_cost_no_call(world):
    step = detected(world)
    old = world.images.get(URI).wanted["labels"]
    world.clock.move(SECOND)
    world.put(URI, picture(9))
    world.do(ingest_step(URI, Lane.LIVE))
    world.do(step)
    assert (1, False) == (calls(world), world.ledger.get(old).is_settled)
    world.run()
    assert (1, State.COMPLETE) == (calls(world), world.images.get(URI).state)


@pytest.mark.parametrize("data", [None, b"no picture"], ids=["deleted", "bad"])
def test_facts_of_an_image_that_has_ended_cost_no_call(world, data):
    step = detected(world)
    if data is None:
        world.buckets.delete(ObjectUri.parse(URI))
    else:
        world.put(URI, data)
    world.do(ingest_step(URI, Lane.LIVE))
    world.do(step)
    assert (0, []) == (calls(world), list(world.sent))


def test_facts_of_an_upload_that_nobody_has_looked_at_never_settle_under_it(world):
    step = detected(world)
    old = world.images.get(URI).wanted["labels"]
    world.clock.move(SECOND)
    world.put(URI, picture(9))
    with pytest.raises(ImageChanged):
        world.do(step)
    assert not world.ledger.get(old).is_settled


# --- ingest -----------------------------------------------------------------------------------------------------------


def test_only_the_message_of_a_new_row_says_so(world):
    assert {IS_NEW: True} == added(world).headers
    assert {} == added(world).headers


def test_bytes_from_before_the_row_was_seen_never_begin(world, images):
    step = added(world)

    def another_reads_it_first() -> None:
        world.clock.move(SECOND)
        world.put(URI, picture(9))
        world.do(ingest_step(URI, Lane.LIVE))

    images.before_begin = another_reads_it_first
    world.buckets.read.clear()
    world.do(step)
    newest = world.buckets.head(next(iter(world.buckets.list_page("frames", "", None))).uri).etag
    assert newest == world.images.get(URI).content.etag
    assert 3 == Counter(world.buckets.read[:-1])[URI]  # ours, the other's, and ours again


def test_an_object_that_is_overwritten_before_the_row_is_begun_is_found_out_by_the_call(world, images):
    step = added(world)

    def overwritten() -> None:
        world.clock.move(SECOND)
        world.put(URI, picture(9))

    images.before_begin = overwritten
    world.do(step)
    with pytest.raises(ImageChanged):
        world.do(world.sent.popleft())
    world.do(ingest_step(URI, Lane.LIVE))
    world.run()
    row = world.images.get(URI)
    assert State.COMPLETE is row.state
    assert world.buckets.list_page("frames", "", None)[0].etag == row.content.etag


@pytest.mark.parametrize("is_new", [False, True])
def test_an_imported_row_keeps_its_answer(world, is_new):
    unread = Entry(unread_analysis(URI, world.services.plan), Status.RELEASED)
    settled = world.ledger.settle(unread, imported_answer([("Fox", 90.0)]), 0, world.clock())
    assert world.images.add_imported(URI, "labels", result_of(settled))
    assert {} == added(world).headers
    world.do(ingest_step(URI, Lane.LIVE, is_new=is_new))
    world.run()
    row = world.images.get(URI)
    assert (State.COMPLETE, 0) == (row.state, calls(world))
    assert (("Fox", 90.0),) == row.parts["labels"].finding


def test_a_message_alone_makes_its_row_whatever_it_says(world):
    world.do(ingest_step(URI, Lane.LIVE, is_new=True))
    world.run()
    assert State.COMPLETE is world.images.get(URI).state


def test_a_row_that_was_refused_before_it_was_read_closes_its_letter_when_it_is_begun(world):
    step = added(world)
    seen = copy(world.images.get(URI))
    why = UnreadableAnswer(URI)
    keep_failure(why, URI, INGEST, images=world.images, operations=world.operations)
    assert (State.STUCK, 0) == (world.images.get(URI).state, seen.version)
    world.images.add(URI, Lane.LIVE)
    world.do(step)
    assert (State.ANALYSING, None) == (world.images.get(URI).state, world.images.get(URI).rejection)


@pytest.mark.parametrize("data", [b"no picture", picture(size=(40, 40))], ids=["no picture", "too small"])
def test_a_bad_new_image_is_rejected_with_its_letter(world, data):
    world.put(URI, data)
    world.do(added(world))
    assert (State.REJECTED, []) == (world.images.get(URI).state, list(world.sent))
    assert [URI] == [letter.image_id for letter in world.operations.dead_letters.read()]
