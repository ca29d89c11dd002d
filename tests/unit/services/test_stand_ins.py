"""A picture that looks like a paid one of its burst is shown with its answer, and nothing is lost by that."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from sightline.errors import InvalidParameter
from sightline.models.images import Lane, Rejection, StandIn, State
from sightline.queues.redis import Waiting
from sightline.queues.steps import INGEST, WRITE, ingest_step
from sightline.services.clock import apply, moved_by
from sightline.services.listing import look_at_page
from sightline.services.need import Ask, Near, Need
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.services.stand_ins import Answer, answer_expected, is_settled, looks_like
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.bursts import Frame, PaidFrames
from sightline.testing.fake import FakeSightline, uri_of
from tests.unit.services.like_pictures import looking

FIRST, SECOND, THIRD = uri_of("01"), uri_of("02"), uri_of("03")
RARELY = 1e-9
"""Percent: no burst is in the control slice."""
NEAR = Need(near=Near(seconds=60, bits=8), control_percent=RARELY)
ALL = ["faces", "labels", "text"]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def world() -> FakeSightline:
    world = FakeSightline()
    need_by(world, NEAR)
    world.put(FIRST, looking(1))
    world.put(SECOND, looking(1, 3))
    world.put(THIRD, looking(2))
    return world


def need_by(world: FakeSightline, need: Need | None) -> None:
    world.plan = replace(world.plan, need=need)
    world.services = world.make_services(world.plan)


def paid(world: FakeSightline) -> list[str]:
    """Name the images that were asked about, once for each call."""
    return [subject for _, subject in world.detector.asked]


def do_all(world: FakeSightline, task: str) -> None:
    """Do the messages of one task, and leave the others in the queue."""
    for step in [each for each in world.sent if each.task == task]:
        world.sent.remove(step)
        world.do(step)


def heal(world: FakeSightline) -> None:
    """Let the reconciler work until nothing is unfinished."""
    for _ in range(20):
        world.run()
        if not list(world.images.unfinished()):
            return
        world.clock.move(timedelta(minutes=3))
        reconcile(reconciler_of(world.services, world.send), lambda: True)
    raise AssertionError([*world.images.unfinished()])


def add(world: FakeSightline, *uris: str, lane: Lane = Lane.LIVE) -> None:
    """Bring images to their end, one after the other."""
    for uri in uris:
        world.add(uri, lane=lane)
        heal(world)


def waiting_for_the_first(world: FakeSightline) -> None:
    """Have two images begun: nothing of the first is paid yet, and the second has looked for its answer in vain."""
    world.add(FIRST, SECOND)
    do_all(world, INGEST)
    do_all(world, WRITE)
    assert (State.ANALYSING, FIRST) == (world.images.get(SECOND).state, world.images.get(SECOND).shown_with.image_id)
    assert [] == paid(world)


def test_an_image_that_looks_like_a_paid_one_is_not_paid_for(world):
    add(world, FIRST, SECOND, THIRD)
    row, first = world.images.get(SECOND), world.images.get(FIRST)
    assert [FIRST] * 3 + [THIRD] * 3 == paid(world)
    assert StandIn(FIRST, first.content.sha256, 3) == row.shown_with
    assert (State.COMPLETE, {}, {}) == (row.state, row.wanted, row.parts)
    assert row.version == row.merged_version
    assert (None, None) == (first.shown_with, world.images.get(THIRD).shown_with)


def test_without_the_rule_no_register_is_read_and_every_image_is_paid_for(world):
    need_by(world, Need(asks={"text": Ask(labels={"Nothing": 99})}, control_percent=RARELY))
    read = world.operations.bursts.read
    world.operations.bursts.read = None  # would raise
    add(world, FIRST, SECOND)
    world.operations.bursts.read = read
    assert [FIRST] * 2 + [SECOND] * 2 == paid(world)


def test_nobody_stands_in_who_has_no_answer_of_its_own(world):
    world.put(THIRD, looking(1, 10))  # it differs in 7 bits from the second, and in 10 from the first
    add(world, FIRST, SECOND, THIRD)
    assert [FIRST] * 3 + [THIRD] * 3 == paid(world)
    assert (FIRST, None) == (world.images.get(SECOND).shown_with.image_id, world.images.get(THIRD).shown_with)


def test_other_cameras_and_bursts_are_apart(world):
    gate, later = uri_of("01", camera="gate"), FIRST.replace("110001", "110101")
    for mark, uri in enumerate((gate, later), 1):
        world.put(uri, looking(1, 2, mark))
    add(world, FIRST, gate, later)
    assert {FIRST: 3, gate: 3, later: 3} == {uri: paid(world).count(uri) for uri in (FIRST, gate, later)}


def test_of_pictures_in_reverse_order_the_one_that_came_first_is_paid_for(world):
    add(world, SECOND, FIRST)
    assert [SECOND] * 3 == paid(world)
    assert SECOND == world.images.get(FIRST).shown_with.image_id


def test_in_the_control_slice_all_are_paid_for_and_only_compared(world):
    need_by(world, NEAR.model_copy(update={"control_percent": 100}))
    add(world, FIRST, SECOND, THIRD)
    row = world.images.get(SECOND)
    assert 9 == len(paid(world))
    assert (None, FIRST, True) == (row.shown_with, row.capture.stand_in.image_id, row.capture.stand_in.is_only_compared)
    assert sorted(row.parts) == ALL
    add(world, SECOND)
    assert row.capture == world.images.get(SECOND).capture


def test_the_same_bytes_are_asked_about_for_nothing_and_nobody_stands_in_for_them(world):
    world.put(SECOND, looking(1))
    add(world, FIRST, SECOND)
    assert [FIRST] * 3 == paid(world)
    assert (None, ALL) == (world.images.get(SECOND).shown_with, sorted(world.images.get(SECOND).parts))


def test_an_image_of_which_only_the_upload_tells_the_time_is_paid_for(world):
    uris = ["s3://frames/yard/a.png", "s3://frames/yard/b.png"]
    for number, uri in enumerate(uris):
        world.put(uri, looking(1, number))
    add(world, *uris)
    assert 6 == len(paid(world))


def test_a_full_burst_still_stands_in_but_takes_nobody_more(world):
    others = [uri_of(f"{number:02}") for number in range(10, 46)]
    for scene, uri in enumerate(others):
        world.put(uri, looking(100 + scene))
    add(world, *others)
    world.put(FIRST, looking(100, 1))  # like the first of 36
    world.put(SECOND, looking(135, 1))  # like the last, which was not entered
    add(world, FIRST, SECOND)
    assert (0, 3) == (paid(world).count(FIRST), paid(world).count(SECOND))


def gone(world: FakeSightline) -> None:
    world.buckets.delete(ObjectUri.parse(FIRST))
    world.sent.clear()
    world.send([ingest_step(FIRST, Lane.LIVE)])


def overwritten(world: FakeSightline) -> None:
    world.clock.move(timedelta(seconds=1))
    world.put(FIRST, looking(7))
    world.sent.clear()
    world.send([ingest_step(FIRST, Lane.LIVE)])


def bad_now(world: FakeSightline) -> None:
    world.clock.move(timedelta(seconds=1))
    world.put(FIRST, b"no picture")
    world.sent.clear()
    world.send([ingest_step(FIRST, Lane.LIVE)])


def stuck(world: FakeSightline) -> None:
    world.sent.clear()
    row = world.images.get(FIRST)
    assert row is not None
    assert world.images.give_up(row, Rejection("Exhausted", "it failed five times"))


def refused_by_rekognition(world: FakeSightline) -> None:
    world.detector.script.append(InvalidParameter(FIRST))


@pytest.mark.parametrize("happens", [gone, overwritten, bad_now, stuck, refused_by_rekognition])
def test_where_the_answer_never_comes_the_image_is_paid_for_itself(world, happens):
    waiting_for_the_first(world)
    happens(world)
    heal(world)
    row = world.images.get(SECOND)
    assert (State.COMPLETE, None, ALL) == (row.state, row.shown_with, sorted(row.parts))
    assert 3 == paid(world).count(SECOND)


def test_an_image_waits_until_the_other_is_answered_whatever_message_is_lost(world):
    waiting_for_the_first(world)
    world.sent.clear()
    heal(world)
    assert [FIRST] * 3 == paid(world)
    assert [State.COMPLETE] * 2 == [world.images.get(uri).state for uri in (FIRST, SECOND)]


def test_an_image_is_not_looked_at_while_the_other_waits_to_be_asked_about(world):
    waiting_for_the_first(world)
    sent, world.sent = [*world.sent], deque()
    world.queues.now["labels"] = Waiting(2, world.clock())
    for _ in range(5):
        world.clock.move(timedelta(minutes=10))
        reconcile(reconciler_of(world.services, world.send), lambda: True)
        assert [] == [step for step in world.sent if step.task == WRITE]
    world.queues.now.clear()
    world.send(sent)
    heal(world)
    assert [FIRST] * 3 == paid(world)
    assert State.COMPLETE is world.images.get(SECOND).state


def test_a_live_image_does_not_wait_for_an_old_one(world):
    world.add(FIRST, lane=Lane.BACKFILL)
    do_all(world, INGEST)
    world.add(SECOND)
    do_all(world, INGEST)
    do_all(world, WRITE)
    assert ALL == sorted(world.images.get(SECOND).wanted)


def test_an_old_image_waits_for_a_live_one(world):
    world.add(FIRST)
    do_all(world, INGEST)
    world.add(SECOND, lane=Lane.BACKFILL)
    heal(world)
    assert [FIRST] * 3 == paid(world)


def test_messages_that_come_twice_change_nothing(world):
    for uri in (FIRST, SECOND):
        world.add(uri)
        while world.sent:
            step = world.sent.popleft()
            world.do(step)
            world.do(step)
    add(world, SECOND, FIRST)
    assert [FIRST] * 3 == paid(world)
    assert FIRST == world.images.get(SECOND).shown_with.image_id


def test_a_process_that_dies_between_register_and_row_leaves_a_place_that_is_its_own(world):
    begin, world.images.begin = world.images.begin, None
    world.add(FIRST)
    with pytest.raises(TypeError):
        world.do(world.sent.popleft())
    world.images.begin = begin
    add(world, SECOND, FIRST)
    assert [FIRST] * 3 == paid(world)


def test_new_bytes_of_the_other_image_have_those_it_stood_in_for_looked_at_again(world):
    add(world, FIRST, SECOND)
    overwritten(world)
    heal(world)
    row = world.images.get(SECOND)
    assert (State.COMPLETE, None, ALL) == (row.state, row.shown_with, sorted(row.parts))
    assert row.version == row.merged_version


def test_so_they_have_where_the_new_bytes_were_taken_at_another_time(world):
    taken = {"capture-time": "2026-11-02T11:00:01Z"}
    one, other = "s3://frames/yard/one.png", "s3://frames/yard/other.png"
    world.buckets.put_with_metadata(ObjectUri.parse(one), looking(1), taken)
    world.buckets.put_with_metadata(ObjectUri.parse(other), looking(1, 2), taken)
    add(world, one, other)
    assert one == world.images.get(other).shown_with.image_id
    world.clock.move(timedelta(minutes=5))
    world.buckets.put_with_metadata(ObjectUri.parse(one), looking(7), {"capture-time": "2026-11-02T11:04:01Z"})
    add(world, one)
    assert (None, ALL) == (world.images.get(other).shown_with, sorted(world.images.get(other).parts))


def test_an_answer_that_was_given_stays_when_the_other_image_is_deleted(world):
    add(world, FIRST, SECOND)
    before = world.images.get(SECOND)
    gone(world)
    heal(world)
    add(world, SECOND)
    assert (State.GONE, before) == (world.images.get(FIRST).state, world.images.get(SECOND))


def test_a_new_generation_is_paid_for_by_the_image_that_stands_in_alone(world):
    add(world, FIRST, SECOND)
    world.plan = replace(world.plan, generation="2")
    need_by(world, NEAR)
    heads = [world.buckets.head(ObjectUri.parse(uri)) for uri in (FIRST, SECOND)]
    due = look_at_page(heads, world.images, world.plan, follows_plan=True).due
    assert [FIRST] == [each.image_id for each in due]
    add(world, FIRST, SECOND)
    assert ([FIRST] * 6, FIRST) == (paid(world), world.images.get(SECOND).shown_with.image_id)


def test_without_the_rule_a_backfill_finds_those_that_others_stand_in_for(world):
    add(world, FIRST, SECOND)
    head = world.buckets.head(ObjectUri.parse(SECOND))
    assert [] == look_at_page([head], world.images, world.plan, follows_plan=True).due
    need_by(world, None)
    due = look_at_page([head], world.images, world.plan, follows_plan=True).due
    assert [frozenset(ALL)] == [each.pays_for for each in due]
    add(world, SECOND)
    assert (None, ALL) == (world.images.get(SECOND).shown_with, sorted(world.images.get(SECOND).parts))


def test_other_features_are_those_that_the_other_image_was_asked_for(world):
    need_by(world, NEAR.model_copy(update={"asks": {"faces": Ask(labels={"Person": 99})}}))
    add(world, FIRST, SECOND)
    assert [FIRST, FIRST] == paid(world)
    assert FIRST == world.images.get(SECOND).shown_with.image_id


def test_a_clock_that_is_put_right_moves_an_image_with_what_stands_in_for_it(world):
    add(world, FIRST, SECOND)
    listed = [*world.images.by_day("yard", "2026-11-02")]
    assert 2 == sum(apply(moved_by("yard", listed, timedelta(hours=1), world.services), world.services))
    heal(world)
    assert (12, FIRST) == (world.images.get(SECOND).capture.taken_at.hour, world.images.get(SECOND).shown_with.image_id)


def test_a_time_that_is_moved_after_the_image_was_paid_for_brings_nothing_back(world):
    add(world, FIRST, SECOND)
    moves = moved_by("yard", [*world.images.by_day("yard", "2026-11-02")], timedelta(hours=1), world.services)
    overwritten(world)
    heal(world)
    assert all(apply(moves, world.services))
    assert (12, None) == (world.images.get(SECOND).capture.taken_at.hour, world.images.get(SECOND).shown_with)


def test_one_that_has_just_seen_the_answer_is_found_when_the_other_image_gets_new_bytes(world):
    add(world, FIRST)
    world.add(SECOND)
    do_all(world, INGEST)
    mark_analysed = world.images.mark_analysed

    def late(seen):
        world.images.mark_analysed = mark_analysed
        overwritten(world)
        world.run()
        return mark_analysed(seen)

    world.images.mark_analysed = late
    do_all(world, WRITE)
    assert (State.COMPLETE, State.RECEIVED) == (world.images.get(FIRST).state, world.images.get(SECOND).state)
    heal(world)
    assert (None, ALL) == (world.images.get(SECOND).shown_with, sorted(world.images.get(SECOND).parts))


def test_an_image_that_another_stands_in_for_never_stands_in_itself(world):
    add(world, FIRST, SECOND)
    second = world.images.get(SECOND)
    like = StandIn(SECOND, second.content.sha256, 1)
    for state in (State.COMPLETE, State.ANALYSING, State.RECEIVED):
        assert Answer.NEVER is answer_expected(like, replace(second, state=state), Lane.LIVE)


def test_an_answer_is_expected_of_the_bytes_that_look_alike_alone(world):
    add(world, FIRST)
    first = world.images.get(FIRST)
    like = StandIn(FIRST, first.content.sha256, 1)
    unread = replace(first, state=State.RECEIVED, content=None, parts={})
    found = [
        answer_expected(like, each, Lane.LIVE) for each in (first, unread, replace(unread, state=State.GONE), None)
    ]
    assert [Answer.THERE, Answer.COMING, Answer.NEVER, Answer.NEVER] == found
    assert Answer.NEVER is answer_expected(replace(like, content_sha256="0" * 64), first, Lane.LIVE)


def test_one_that_was_entered_among_the_paid_ones_stays_there_whatever_it_looks_like_now():
    paid = PaidFrames({"a": Frame("1", "00"), "b": Frame("2", "ff")}, 2)
    assert (False, None) == (is_settled("a", Frame("3", "ff"), paid), looks_like("a", Frame("3", "ff"), paid, 8))
    assert StandIn("b", "2", 1) == looks_like("c", Frame("3", "7f"), paid, 8)
    assert [True, True, False] == [
        is_settled("a", Frame("1", "00"), paid),
        is_settled("c", Frame("2", "ff"), paid),
        is_settled("a", Frame("2", "ff"), paid),
    ]
