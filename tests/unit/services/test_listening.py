"""Listening on fakes of the queue and of every store: what dies in between comes again, and nothing is done twice."""

import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import pytest

from dev.s3_events import DELETED, SHAPES, Happened, Sender, configured_body, s3_body
from sightline.errors import ImageChanged, MissingQueue, Unavailable
from sightline.models.images import State
from sightline.queues.sqs import Depth
from sightline.services.event_decisions import Filter
from sightline.services.listening import Listener, handle
from sightline.services.listening_loop import MOST_WAITING, Listening, listen
from sightline.services.other_files import DEFAULT_SKIPPED_SUFFIXES, OWN_FOLDER
from sightline.services.status import skipped_section
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.testing.event_queues import VISIBLE_AFTER, InMemoryEventQueue
from sightline.testing.fake import BUCKET, CHECKPOINTS, FakeSightline, picture, uri_of


@pytest.fixture
def world():
    return FakeSightline()


@pytest.fixture
def queue(world):
    return InMemoryEventQueue(world.clock)


@pytest.fixture
def listener(world):
    own = Filter(Prefix(CHECKPOINTS, OWN_FOLDER), DEFAULT_SKIPPED_SUFFIXES)
    return Listener(world.images, world.video_jobs, world.operations, world.services.calls, own, world.clock)


def key(number):
    return uri_of(f"{number:02}").split("/", 3)[3]


def uploaded(world, number, shade=None):
    """Upload an image; return what happened."""
    uri = uri_of(f"{number:02}")
    world.put(uri, picture(number if shade is None else shade))
    head = world.buckets.head(ObjectUri.parse(uri))
    return Happened(BUCKET, key(number), etag=head.etag, size_bytes=head.size_bytes, at=world.clock())


def take_all(world, queue, listener, send=None):
    """Listen until the queue is empty; return the counts of what was done."""
    counts: Counter[str] = Counter()
    while messages := queue.receive():
        handled = handle(messages, listener, send or world.send)
        queue.delete(handled.done)
        counts += handled.counts
    return counts


def letters(world):
    return [(each.error, each.step) for each in world.operations.dead_letters.read()]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda each: each.__name__)
def test_an_upload_becomes_a_complete_image(world, queue, listener, shape):
    queue.put([shape(uploaded(world, 1))])
    assert 1 == take_all(world, queue, listener)["add"]
    world.run()
    assert State.COMPLETE is world.images.get(uri_of("01")).state
    assert 0 == queue.depth().waiting


def test_an_overwritten_image_is_received_at_once_and_a_copy_of_its_event_pays_nothing(world, queue, listener):
    first = uploaded(world, 1)
    queue.put([s3_body(first)])
    take_all(world, queue, listener)
    world.run()
    asked = len(world.detector.asked)
    world.clock.move(timedelta(minutes=1))
    second = uploaded(world, 1, shade=99)
    queue.put([s3_body(second)])
    take_all(world, queue, listener)
    assert State.RECEIVED is world.images.get(uri_of("01")).state  # should the message be lost, the row says it
    world.run()
    row = world.images.get(uri_of("01"))
    assert (State.COMPLETE, second.etag, 2 * asked) == (row.state, row.content.etag, len(world.detector.asked))
    queue.put([s3_body(second), s3_body(first), s3_body(first, second)])
    assert 1 == take_all(world, queue, listener)["nothing"]  # one image, whatever number of messages tell of it
    world.run()
    assert (row.version, 2 * asked) == (world.images.get(uri_of("01")).version, len(world.detector.asked))


def test_an_image_that_is_overwritten_during_its_analysis_ends_with_the_new_bytes(world, queue, listener):
    queue.put([s3_body(uploaded(world, 1))])
    take_all(world, queue, listener)
    world.do(world.sent.popleft())  # ingested: its calls are due
    world.clock.move(timedelta(minutes=1))
    second = uploaded(world, 1, shade=99)
    queue.put([s3_body(second)])
    take_all(world, queue, listener)
    while world.sent:
        with suppress(ImageChanged):  # a call about the old bytes: workers ingest the image again
            world.run()
    row = world.images.get(uri_of("01"))
    assert (State.COMPLETE, second.etag) == (row.state, row.content.etag)
    assert not letters(world)


def test_a_removal_is_believed_only_if_the_object_is_gone(world, queue, listener):
    queue.put([s3_body(uploaded(world, 1), uploaded(world, 2))])
    take_all(world, queue, listener)
    world.run()
    versions = world.images.get(uri_of("01")).version
    world.buckets.delete(ObjectUri.parse(uri_of("02")))
    queue.put([s3_body(Happened(BUCKET, key(number), DELETED, at=world.clock())) for number in (1, 2, 3)])
    counts = take_all(world, queue, listener)
    assert (2, 1) == (counts["look"], counts["nothing"])
    world.run()
    assert [State.COMPLETE, State.GONE] == [world.images.get(uri_of(name)).state for name in ("01", "02")]
    assert versions == world.images.get(uri_of("01")).version
    assert world.images.get(uri_of("03")) is None


def test_what_is_no_image_gets_no_row_and_is_counted(world, queue, listener):
    skipped = [
        Happened(BUCKET, "yard/a.mp4", at=world.clock()),
        Happened(BUCKET, "yard/b.txt", at=world.clock()),
        Happened(BUCKET, "yard/", size_bytes=0, at=world.clock()),
        Happened(BUCKET, "yard/c.jpg", size_bytes=0, at=world.clock()),
        Happened(BUCKET, "yard/d.jpg", size_bytes=20_000_000, at=world.clock()),
        Happened(CHECKPOINTS, "sightline/held/abc.jpg", at=world.clock()),
    ]
    queue.put([s3_body(*skipped)])
    assert len(skipped) == take_all(world, queue, listener)["skipped"]
    world.services.calls.flush()
    assert [] == list(world.images.scan())
    assert ["(empty)", "(folder)", "(of sightline itself)", "(over 15 MB)", ".mp4", ".txt"] == list(
        skipped_section(world.operations, world.clock())
    )


def test_poison_becomes_one_dead_letter_with_the_head_of_its_body_and_is_deleted(world, queue, listener):
    poison = "poison " * 1000
    queue.put([poison, poison, s3_body(uploaded(world, 1))])
    take_all(world, queue, listener)
    [letter] = world.operations.dead_letters.read()
    assert ("UnreadableEvent", "listen", 2) == (letter.error, letter.step, letter.attempts)
    assert poison[:500] == letter.message["body"]
    assert 0 == queue.depth().waiting
    assert 1 == len(list(world.images.scan()))


def test_a_uri_that_no_image_can_have_is_a_dead_letter_of_its_own(world, queue, listener):
    queue.put([s3_body(Happened("no bucket", "a.jpg", at=world.clock()), uploaded(world, 1))])
    take_all(world, queue, listener)
    assert [("InvalidUri", "listen")] == letters(world)
    assert 1 == len(list(world.images.scan()))


def test_the_test_of_a_new_notification_is_deleted_without_a_dead_letter(world, queue, listener):
    queue.put([configured_body(BUCKET)])
    assert 1 == take_all(world, queue, listener)["not about an object"]
    assert ([], 0) == (letters(world), queue.depth().waiting)


def test_a_message_is_deleted_only_after_all_its_rows_stand(world, queue, listener):
    def lose(_steps):
        raise Unavailable("Redis")

    queue.put([s3_body(*(uploaded(world, number) for number in range(3)))])
    [message] = queue.receive()
    with pytest.raises(Unavailable):
        handle([message], listener, lose)
    assert 1 == queue.depth().handed_out
    world.clock.move(VISIBLE_AFTER)
    take_all(world, queue, listener)
    world.run()
    assert 3 * [State.COMPLETE] == [row.state for row in world.images.scan()]


def test_a_row_of_a_newer_version_keeps_its_message_in_the_queue_and_no_other(world, queue, listener):
    first = uploaded(world, 1)
    queue.put([s3_body(first), s3_body(uploaded(world, 2))])
    world.add(uri_of("01"))
    row = world.images.get(uri_of("01"))
    world.images._rows[row.image_id] = replace(row, state=State.read("of the future"))
    take_all(world, queue, listener)
    assert 1 == queue.depth().handed_out
    assert State.RECEIVED is world.images.get(uri_of("02")).state


@pytest.mark.parametrize("seed", range(3))
def test_of_events_that_come_twice_shuffled_and_in_batches_while_listeners_die_each_image_is_paid_once(seed):
    world = FakeSightline()
    queue = InMemoryEventQueue(world.clock)
    own = Filter(Prefix(CHECKPOINTS, OWN_FOLDER), DEFAULT_SKIPPED_SUFFIXES)
    listener = Listener(world.images, world.video_jobs, world.operations, world.services.calls, own, world.clock)
    chance = random.Random(seed)  # noqa: S311 - its sequence is what is wanted
    happened = [uploaded(world, number) for number in range(30)]
    poison = [json.dumps({"poison": number}) for number in range(5)]
    Sender(queue.put, chance, times=2, most_records=4).send(happened, poison)

    def dies(steps):
        if chance.random() < 0.3:
            raise Unavailable("Redis")
        world.send(steps)

    while not is_empty(queue):
        world.clock.move(VISIBLE_AFTER)
        while messages := queue.receive():
            try:
                done = handle(messages, listener, dies).done
            except Unavailable:
                continue
            if chance.random() < 0.7:  # otherwise it died before it could delete
                queue.delete(done)
        world.run_now()
    world.run()
    assert 30 * [State.COMPLETE] == [row.state for row in world.images.scan()]
    different = {each.etag for each in happened}  # the same bytes are paid for once, by whatever name
    assert len(different) * len(world.features) == len(world.detector.asked)
    assert 5 == len(letters(world))


class ScriptedQueue(InMemoryEventQueue):
    """Raises what its script says instead of handing out messages."""

    def __init__(self, clock, *script, name="events"):
        super().__init__(clock, name)
        self.script = list(script)

    def receive(self):
        if self.script:
            raise self.script.pop(0)
        return super().receive()


def stop_when(holds, stopping):
    while not (holds() or stopping.wait(0.002)):
        pass
    stopping.set()


def is_empty(queue):
    return queue.depth() == Depth(0, 0)


def run(queues, world, listener, *, waiting=lambda: 0, send=None, until):
    """Listen until a condition holds; raise what `listen` raises."""
    loop = Listening(lambda messages: handle(messages, listener, send or world.send), waiting, QuickEvent())
    stopper = Thread(target=stop_when, args=(until, loop.stopping))
    stopper.start()
    try:
        listen(queues, loop)
    finally:
        stopper.join()
    return loop


class QuickEvent(Event):
    """An event whose timed waits are short."""

    def wait(self, timeout=None):
        return super().wait(timeout if timeout is None else min(timeout, 0.002))


def test_the_loop_carries_out_what_several_queues_hold(world, listener):
    queues = [InMemoryEventQueue(world.clock, name) for name in ("one", "two")]
    for number, queue in enumerate(queues):
        queue.put([s3_body(uploaded(world, number))])
    run(
        queues,
        world,
        listener,
        until=lambda: all(map(is_empty, queues)),
    )
    assert 2 == len(list(world.images.scan()))


def test_the_loop_goes_on_after_an_outage_and_takes_no_others_meanwhile(world, listener):
    queue = ScriptedQueue(world.clock, Unavailable("SQS"))
    queue.put([s3_body(uploaded(world, number)) for number in range(25)])
    lost, seen = [Unavailable("Redis")] * 5, []

    def send(steps):
        seen.append(queue.depth().handed_out)
        if lost:
            raise lost.pop()
        world.send(steps)

    run([queue], world, listener, send=send, until=lambda: is_empty(queue))
    assert [10] * 6 == seen[:6]
    assert 25 == len(list(world.images.scan()))


def test_the_loop_goes_on_after_an_outage_of_many_hours(world, listener):
    queue = ScriptedQueue(world.clock, *[Unavailable("SQS")] * 1_100)  # of 30 seconds each: nine hours
    queue.put([s3_body(uploaded(world, 1))])
    run([queue], world, listener, until=lambda: is_empty(queue))
    assert [] == queue.script


def test_the_loop_ends_with_an_error_that_no_waiting_mends(world, listener):
    bad, good = ScriptedQueue(world.clock, MissingQueue("bad"), name="bad"), InMemoryEventQueue(world.clock, "good")
    with pytest.raises(MissingQueue):
        run([good, bad], world, listener, until=lambda: False)


def test_the_loop_does_not_live_on_without_one_of_its_queues(world, listener):
    queue = ScriptedQueue(world.clock, ZeroDivisionError("a mistake"))
    with pytest.raises(ZeroDivisionError):
        run([queue], world, listener, until=lambda: False)


def test_nothing_is_taken_while_too_many_images_wait(world, queue, listener):
    lengths = iter([MOST_WAITING + 1] * 3)
    queue.put([s3_body(uploaded(world, 1))])
    asked = []

    def waiting():
        asked.append(queue.depth().waiting)
        return next(lengths, 0)

    run([queue], world, listener, waiting=waiting, until=lambda: is_empty(queue))
    assert [1] * 4 == asked[:4]
    assert 1 == len(list(world.images.scan()))


def test_what_is_in_hand_is_finished_before_the_process_may_end(world, queue, listener):
    queue.put([s3_body(uploaded(world, 1))])
    begun, goes_on = Event(), Event()

    def slowly(steps):
        begun.set()
        goes_on.wait(30)
        world.send(steps)

    loop = Listening(lambda messages: handle(messages, listener, slowly), lambda: 0, Event())
    thread = Thread(target=listen, args=([queue], loop))
    thread.start()
    assert begun.wait(30)
    loop.stopping.set()
    assert thread.is_alive()
    goes_on.set()
    thread.join(30)
    assert not thread.is_alive()
    assert (0, 1) == (queue.depth().handed_out, len(world.sent))
