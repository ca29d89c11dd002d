"""What the reconciler sends again, what it leaves alone, and what it counts, over the stores' twins."""

from datetime import timedelta

import pytest

from sightline.errors import AccessDenied, ImageChanged, RefusedByGraph, SlotRefused, Throttled, Unavailable
from sightline.models.images import Lane, State
from sightline.queues.redis import Waiting
from sightline.queues.steps import DETECT, INGEST, MERGE, WRITE
from sightline.services.failures import keep_failure
from sightline.services.leased_runs import run_under_lease
from sightline.services.reconcile import LONGEST_PAUSE, MAX_ROUNDS, NAME, reconcile, reconciler_of, run_reconcile
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.timing import RUN_LIMIT

URI = uri_of("01")
A_CHECK = timedelta(minutes=2, seconds=1)


@pytest.fixture
def world() -> FakeSightline:
    world = FakeSightline()
    world.put(URI, picture())
    world.add(URI)
    return world


def look(world: FakeSightline, after: timedelta = A_CHECK) -> dict[str, int]:
    """Let time pass and reconcile; give what was counted, without what is nought."""
    world.clock.move(after)
    done = reconcile(reconciler_of(world.services, world.send), lambda: True)
    return {name: count for name, count in done.items() if count}


def fail(world: FakeSightline, error: Exception, step: str) -> None:
    keep_failure(error, URI, step, images=world.images, operations=world.operations)


def lose_all_messages(world: FakeSightline) -> None:
    world.sent.clear()


def fail_each_round(world: FakeSightline, error: Exception, rounds: int) -> list[int]:
    """Let the image's step fail as often as the reconciler sends it; give the rounds its row shows."""
    shown = []
    for _ in range(rounds):
        lose_all_messages(world)
        fail(world, error, INGEST)
        look(world, LONGEST_PAUSE + A_CHECK)
        shown.append(world.images.get(URI).rounds)
    return shown


def test_when_the_message_of_an_image_that_had_ended_is_lost_it_is_sent_again(world):
    world.buckets.delete(ObjectUri.parse(URI))
    world.run()
    assert world.images.get(URI).state is State.GONE
    world.put(URI, picture())
    world.add(URI)
    lose_all_messages(world)
    assert {"looked_at": 1, "sent": 1} == look(world)
    world.run()
    assert world.images.get(URI).state is State.COMPLETE


def test_when_the_messages_of_each_step_are_lost_once_the_image_becomes_complete_and_is_paid_once(world):
    lost = set()
    while world.images.get(URI).state is not State.COMPLETE:
        step = world.sent.popleft()
        if step.task in lost:
            world.do(step)
        else:
            lost.add(step.task)
            lose_all_messages(world)
        while not world.sent and world.images.get(URI).next_check_at:
            look(world)
    assert {INGEST, DETECT, WRITE, MERGE} == lost
    assert len(world.detector.asked) == 3


def test_nothing_is_sent_before_a_row_is_due(world):
    lose_all_messages(world)
    assert look(world, timedelta(minutes=2)) == {}
    assert look(world, timedelta(seconds=1)) == {"looked_at": 1, "sent": 1}


def test_only_the_part_that_is_missing_is_sent_again_in_the_lane_of_its_image():
    world = FakeSightline()
    world.put(URI, picture())
    world.add(URI, lane=Lane.BACKFILL)
    world.do(world.sent.popleft())
    for step in [step for step in world.sent if step.args[1] != "text"]:
        world.do(step)
    for step in [step for step in world.sent if step.task == WRITE]:
        world.do(step)
    lose_all_messages(world)
    look(world)
    assert [("detect_feature", (URI, "text", "backfill"), "text.backfill")] == [
        (step.task, step.args, step.queue_name) for step in world.sent
    ]


def test_a_finished_image_is_never_looked_at(world):
    world.run()
    assert look(world, timedelta(days=1)) == {}


def test_a_message_that_still_waits_in_its_queue_is_not_copied(world):
    world.queues.now["ingest"] = Waiting(4000, world.clock.now - timedelta(minutes=3))
    assert look(world) == {"looked_at": 1, "waiting": 1}
    assert len(world.sent) == 1


def test_a_message_that_was_lost_from_a_slow_queue_is_sent_again_when_its_turn_is_past(world):
    lose_all_messages(world)
    sent_at = world.images.get(URI).sent_at
    world.queues.now["ingest"] = Waiting(4000, sent_at - timedelta(minutes=1))
    look(world)
    world.queues.now["ingest"] = Waiting(4000, sent_at + timedelta(minutes=1))
    assert look(world) == {"looked_at": 1, "sent": 1}


def test_a_chain_whose_second_message_may_stand_in_a_slow_queue_is_left_alone_for_an_hour(world):
    world.do(world.sent.popleft())
    lose_all_messages(world)
    slow = timedelta(minutes=20)
    seen = []
    for _ in range(7):
        world.clock.move(timedelta(minutes=10, seconds=1))
        world.queues.now["rows"] = Waiting(9, world.clock.now - slow)
        seen.append(look(world, timedelta(0)).get("sent", 0))
    assert seen == [0, 0, 0, 0, 0, 3, 0]


def test_a_row_that_fails_blamelessly_is_looked_at_less_and_less_but_never_later_than_in_eight_minutes(world):
    pauses = []
    for _ in range(5):
        lose_all_messages(world)
        before = world.clock.now
        while not look(world, timedelta(seconds=30)):
            pass
        pauses.append(round((world.clock.now - before) / timedelta(minutes=1)))
    assert pauses == [2, 4, 8, 8, 8]


@pytest.mark.parametrize(
    "error", [Unavailable("x"), Throttled("x"), SlotRefused("x"), AccessDenied("x"), ConnectionError()], ids=repr
)
def test_a_server_that_is_away_a_throttle_or_our_configuration_is_never_counted(world, error):
    assert fail_each_round(world, error, 30) == [0] * 30
    assert [] == list(world.operations.dead_letters.read())


def test_a_failure_of_its_own_counts_a_round_and_five_make_the_image_stuck_with_a_letter(world):
    shown = fail_each_round(world, KeyError("no such shade"), MAX_ROUNDS)
    row = world.images.get(URI)
    assert (shown, row.state) == ([1, 2, 3, 4, 0], State.STUCK)
    (dead_letter,) = world.operations.dead_letters.read()
    assert (dead_letter.error, dead_letter.image_id, dead_letter.step) == ("Exhausted", URI, INGEST)
    assert "no such shade" in dead_letter.rule
    assert row.rejection.error == "Exhausted"
    assert [] == list(world.images.unfinished())


def test_an_image_that_is_refused_gets_stuck_and_is_complete_at_last_leaves_no_letter(world):
    world.put(URI, b"no picture")
    world.run()
    world.put(URI, picture())
    world.add(URI)
    fail_each_round(world, KeyError("no such shade"), MAX_ROUNDS)
    assert ["Exhausted"] == [dead_letter.error for dead_letter in world.operations.dead_letters.read()]
    world.add(URI)
    world.run()
    assert (State.COMPLETE, []) == (world.images.get(URI).state, list(world.operations.dead_letters.read()))


def test_several_parts_that_fail_between_two_looks_count_one_round(world):
    for _ in range(3):
        fail(world, KeyError("x"), INGEST)
    look(world)
    assert world.images.get(URI).rounds == 1


def test_an_image_that_changes_under_every_ingest_is_not_tried_for_ever(world):
    assert fail_each_round(world, ImageChanged(URI), 2) == [1, 2]


def test_progress_forgets_the_rounds(world):
    fail_each_round(world, KeyError("x"), 4)
    lose_all_messages(world)
    look(world, LONGEST_PAUSE + A_CHECK)
    world.run()
    assert (world.images.get(URI).state, world.images.get(URI).rounds) == (State.COMPLETE, 0)


def test_what_the_graph_refuses_is_stuck_at_once_and_not_sent_again(world):
    world.do(world.sent.popleft())
    fail(world, RefusedByGraph(URI), MERGE)
    assert world.images.get(URI).state is State.STUCK
    assert look(world, timedelta(days=1)) == {}


def test_a_stuck_image_that_is_added_again_pays_only_for_what_is_missing(world):
    world.do(world.sent.popleft())
    for _ in range(2):
        world.do(world.sent.popleft())
    for step in [step for step in world.sent if step.task == WRITE]:
        world.do(step)
    lose_all_messages(world)
    fail_each_round(world, KeyError("x"), MAX_ROUNDS)
    assert (world.images.get(URI).state, len(world.detector.asked)) == (State.STUCK, 2)
    world.add(URI)
    world.run()
    assert (world.images.get(URI).state, len(world.detector.asked)) == (State.COMPLETE, 3)


def test_a_gone_image_that_the_graph_still_shows_is_merged_in_the_end(world):
    world.run()
    world.buckets.delete(ObjectUri.parse(URI))
    world.add(URI)
    world.do(world.sent.popleft())
    lose_all_messages(world)
    look(world)
    world.run()
    assert [] == list(world.images.unfinished())


def test_a_run_is_cut_in_time_and_the_next_one_goes_on(world):
    for number in range(600):
        world.images.add(uri_of(f"many-{number}"), Lane.LIVE)
    lose_all_messages(world)
    world.clock.move(A_CHECK)
    goes_on = iter([True, False])
    first = reconcile(reconciler_of(world.services, world.send), lambda: next(goes_on))
    second = reconcile(reconciler_of(world.services, world.send), lambda: True)
    assert (first["sent"], second["sent"], len(world.sent)) == (500, 101, 601)


def test_of_two_beats_one_has_its_turn_and_its_counts_are_noted(world):
    lose_all_messages(world)
    world.clock.move(A_CHECK)
    inner = []

    def work(run):
        inner.append(run_under_lease(NAME, world.services, lambda _: {}))
        return run_reconcile(run, world.services, world.send)

    assert run_under_lease(NAME, world.services, work)
    assert inner == [False]
    assert {"looked_at": 1, "sent": 1, "waiting": 0, "failed": 0, "stuck": 0, "sent_ever": 1} == dict(
        world.operations.runs.last()[NAME].outcome
    )


def test_a_turn_ends_after_its_time_when_the_process_is_to_stop_and_when_its_lease_is_lost(world):
    ended = []

    def work(run):
        ended.append(run.goes_on())
        world.clock.move(RUN_LIMIT / 2)
        ended.append(run.goes_on())
        world.clock.move(RUN_LIMIT / 2)
        ended.append(run.goes_on())
        return {}

    def lose(run):
        world.operations.leases.release(run.lease)
        assert world.operations.leases.acquire("b", "another", timedelta(minutes=1))
        ended.append(run.goes_on())
        return {}

    run_under_lease("a", world.services, work)
    run_under_lease("b", world.services, lose)
    world.services.stopping.set()
    run_under_lease("c", world.services, lambda run: ended.append(run.goes_on()) or {})
    assert ended == [True, True, False, False, False]


def test_a_turn_that_fails_notes_its_error_and_gives_its_lease_back(world):
    def fail(_):
        raise Unavailable("Redis")

    with pytest.raises(Unavailable):
        run_under_lease(NAME, world.services, fail)
    assert "Redis" in world.operations.runs.last()[NAME].outcome["error"]
    assert run_under_lease(NAME, world.services, lambda _: {})
