"""Faces are compared if a policy allows it, paid for once, and a picture without a face is an answer."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from prometheus_client import CollectorRegistry

from sightline.cli.check import money_lines
from sightline.errors import (
    AccessDenied,
    BudgetSpent,
    ConfigurationError,
    InvalidParameter,
    LeaseHeld,
    NoPeoplePolicy,
    NotAnImage,
    OtherCamera,
    OutcomeUnknown,
    RampedTooFast,
    RejectedError,
    SightlineError,
    SlotRefused,
    Throttled,
    TooManyBytes,
    Unavailable,
    UnreadableAnswer,
)
from sightline.models.budgets import Purse
from sightline.models.comparisons import Compared, Side
from sightline.models.images import Lane
from sightline.models.people_policy import PeoplePolicy
from sightline.models.spending import Reason
from sightline.queues.steps import COMPARE
from sightline.rekognition.comparing import NAME, OPERATION, comparison_id
from sightline.rekognition.preflight import MAX_BYTES_SENT
from sightline.rekognition.prices import read_prices
from sightline.services import reconcile
from sightline.services.budget_status import budget_section
from sightline.services.comparing import MOST_TRIES, compare_step
from sightline.services.costs import list_price
from sightline.services.leased_runs import run_under_lease
from sightline.storage.comparisons import Pair, Standing
from sightline.testing.fake import ALIKE, FakeSightline, picture, uri_of
from sightline.testing.money import PRICE
from sightline.timing import CHECK_AFTER, CLAIM_LEASE, TAKEOVER_AFTER
from workers.metrics import WorkerMetrics

POLICY = PeoplePolicy("who left the gate open", "consent", 30, ("gate",))
SOURCE, TARGET = uri_of("01", "gate"), uri_of("02", "gate")
NO_FACE = InvalidParameter("two pictures")


@pytest.fixture
def world():
    return ready(FakeSightline(people_policy=POLICY))


def ready(world):
    world.put(SOURCE, picture(1))
    world.put(TARGET, picture(2))
    return world


def with_policy(world, policy):
    world.people_policy = policy
    world.services = world.make_services(world.plan)
    return world


def compare(world, source=SOURCE, target=TARGET):
    comparing = world.services.comparing
    return comparing.compare(comparing.look(source), comparing.look(target))


def counts(world):
    world.services.calls.flush()
    today = world.clock().date().isoformat()
    return {kind: number for (name, kind), number in world.operations.usage.calls(today, today).items() if name == NAME}


def test_two_pictures_are_paid_for_once(world):
    first = compare(world)
    assert (ALIKE, 1000, world.clock() + timedelta(days=30)) == (
        first.compared,
        first.cost_micro_usd,
        first.pair.expires_at,
    )
    assert first == compare(world)
    assert 1 == len(world.detector.asked)
    assert {"answered": 1, "cost_micro_usd": 1000} == counts(world)


def test_the_other_way_round_is_another_comparison(world):
    compare(world)
    compare(world, TARGET, SOURCE)
    assert 2 == len(world.detector.asked)


def test_the_same_bytes_under_another_name_are_not_paid_for_again(world, tmp_path):
    compare(world)
    copy = tmp_path / 'it\'s a "copy".jpg'
    copy.write_bytes(picture(2))
    assert compare(world, SOURCE, str(copy)).compared == ALIKE
    assert 1 == len(world.detector.asked)


def test_another_generation_pays_anew(world):
    compare(world)
    world.services = world.make_services(replace(world.plan, generation="2"))
    compare(world)
    assert 2 == len(world.detector.asked)


def test_without_a_policy_nothing_is_read_and_nothing_is_asked(world):
    with_policy(world, None)
    with pytest.raises(NoPeoplePolicy, match="SIGHTLINE_PEOPLE_POLICY"):
        compare(world)
    assert [] == world.detector.asked


@pytest.mark.parametrize("uri", [uri_of("03", "yard"), "s3://frames/no-camera.jpg"])
def test_images_of_cameras_that_the_policy_does_not_name_are_not_compared(world, uri):
    world.put(uri, picture(3))
    with pytest.raises(OtherCamera, match="SIGHTLINE_PEOPLE_POLICY"):
        compare(world, SOURCE, uri)
    assert [] == world.detector.asked


def test_a_picture_that_cannot_be_analysed_is_refused_before_anything_is_paid(world, tmp_path):
    file = tmp_path / "notes.jpg"
    file.write_bytes(b"no picture")
    with pytest.raises(NotAnImage):
        compare(world, SOURCE, str(file))
    with pytest.raises(RejectedError, match=r"absent\.jpg"):
        compare(world, str(tmp_path / "absent.jpg"), SOURCE)
    file.write_bytes(b"\xff\xd8\xff" + bytes(15 * 2**20))
    with pytest.raises(TooManyBytes):
        compare(world, SOURCE, str(file))
    assert ([], []) == (world.detector.asked, world.operations.comparisons.of_picture())


def test_of_a_picture_with_too_many_bytes_to_be_sent_a_smaller_copy_is(world):
    world.put(SOURCE, noise())
    compare(world)
    sent = int(world.detector.asked[0][1].split()[0])
    assert len(noise()) > MAX_BYTES_SENT > sent > 0


def noise() -> bytes:
    """Draw a picture that compresses badly, and does better once it is smaller."""
    file = BytesIO()
    grain = np.random.default_rng(1).integers(0, 255, (2600, 3900, 1), dtype=np.uint8)
    Image.fromarray(np.repeat(grain, 3, axis=2)).save(file, "JPEG", quality=85)
    return file.getvalue()


def test_that_the_source_has_no_face_is_an_answer_that_costs_nothing(world):
    world.detector.script.extend([NO_FACE, NO_FACE])
    answer = compare(world)
    assert (Side.SOURCE, None, 0) == (answer.compared.no_face_in, answer.compared.source, answer.cost_micro_usd)
    assert answer == compare(world)
    assert ({"rejected": 2}, 2) == (counts(world), len(world.detector.asked))


def test_that_the_target_has_no_face_is_found_by_comparing_the_source_with_itself_once(world):
    world.put(uri_of("03", "gate"), picture(3))
    world.detector.script.extend([NO_FACE, ALIKE, NO_FACE])
    for target in (TARGET, uri_of("03", "gate")):
        answer = compare(world, SOURCE, target).compared
        assert (Side.TARGET, ALIKE.source, ()) == (answer.no_face_in, answer.source, answer.faces)
    assert {"rejected": 2, "answered": 1, "cost_micro_usd": 1000} == counts(world)


def test_the_same_picture_twice_without_a_face_is_asked_once(world):
    world.detector.script.append(NO_FACE)
    assert Side.SOURCE == compare(world, SOURCE, SOURCE).compared.no_face_in
    assert 1 == len(world.detector.asked)


def test_an_answer_without_any_face_of_the_target_says_so(world):
    world.detector.script.append(Compared(ALIKE.source, (), Side.TARGET))
    assert Side.TARGET == compare(world).compared.no_face_in


@pytest.mark.parametrize("error", [Throttled("r"), RampedTooFast("r"), Unavailable("r")])
def test_what_passes_is_tried_again(world, error):
    world.detector.script.append(error)
    assert ALIKE == compare(world).compared
    assert 2 == len(world.detector.asked)


def test_a_call_that_ended_unknown_is_counted_and_its_claim_is_free(world):
    world.detector.script.extend([OutcomeUnknown("r")] * 3)
    with pytest.raises(OutcomeUnknown):
        compare(world)
    (name,) = world.operations.comparisons.of_picture()
    kept = world.operations.comparisons.get(name)
    assert (Standing.RELEASED, 3) == (kept.standing, kept.unknown_attempts)
    assert {"unknown": 3} == counts(world)


def test_an_answer_that_nobody_can_read_was_paid_and_is_not_asked_for_again_by_itself(world):
    world.detector.script.append(UnreadableAnswer("r"))
    with pytest.raises(UnreadableAnswer):
        compare(world)
    assert (1, 1000) == (len(world.detector.asked), counts(world)["cost_micro_usd"])


def test_while_another_pays_nobody_else_does(world):
    world.detector.script.append(lambda: meanwhile(world))
    compare(world)
    assert 1 == len(world.detector.asked)


def meanwhile(world):
    with pytest.raises(LeaseHeld):
        compare(world)
    return ALIKE


def test_what_the_policy_lets_expire_is_gone_and_a_stricter_policy_holds_at_once(world):
    name = compare(world).pair.comparison_id
    world.clock.move(timedelta(days=10))
    assert world.services.comparing.kept(name)
    with_policy(world, replace(POLICY, retention_days=10))
    assert world.services.comparing.kept(name) is None
    assert world.clock() + timedelta(days=10) == compare(world).pair.expires_at
    world.clock.move(timedelta(days=10))
    assert world.operations.comparisons.get(name) is None


# --- asked for by a user, answered by a worker


@pytest.fixture
def analysed(world):
    world.add(SOURCE, TARGET)
    world.run()
    world.detector.asked.clear()
    return world


def ask(world, source=SOURCE, target=TARGET):
    return world.services.comparing.request(world.images.get(source), world.images.get(target), "ann")


def test_a_request_is_answered_by_a_worker_and_is_gone_then(analysed):
    request = ask(analysed)
    analysed.do(compare_step(request))
    assert ALIKE == analysed.services.comparing.kept(request.pair.comparison_id).compared
    assert analysed.operations.comparisons.request(request.pair.comparison_id) is None
    analysed.do(compare_step(request))
    assert 1 == len(analysed.detector.asked)


def test_a_request_that_cannot_succeed_says_why(analysed):
    request = ask(analysed)
    analysed.detector.script.append(AccessDenied("Rekognition"))
    analysed.do(compare_step(request))
    assert "credentials" in analysed.operations.comparisons.request(request.pair.comparison_id).failure


def test_a_request_about_bytes_that_are_gone_is_not_answered_with_others(analysed):
    request = ask(analysed)
    analysed.put(TARGET, picture(9))
    analysed.do(compare_step(request))
    assert "bytes" in analysed.operations.comparisons.request(request.pair.comparison_id).failure
    assert [] == analysed.detector.asked


def test_a_request_whose_message_is_lost_is_sent_again_each_time_after_a_longer_pause(analysed):
    request, sent = ask(analysed), list[object]()
    due = analysed.services.comparing.due
    assert [] == due()
    analysed.clock.move(CHECK_AFTER)
    run_under_lease(
        reconcile.NAME, analysed.services, lambda run: reconcile.run_reconcile(run, analysed.services, sent.extend)
    )
    assert [compare_step(request)] == sent == due()
    analysed.detector.script.extend([Unavailable("Rekognition")] * 3)
    analysed.do(compare_step(request))
    assert [] == due()
    analysed.clock.move(CHECK_AFTER)
    assert [compare_step(request)] == due()


def test_a_request_that_workers_begin_and_never_end_fails_in_the_end(analysed):
    request = ask(analysed)
    for _ in range(MOST_TRIES):
        analysed.operations.comparisons.begin(request.pair.comparison_id)
    analysed.do(compare_step(request))
    assert "5 tries" in analysed.operations.comparisons.request(request.pair.comparison_id).failure
    assert [] == analysed.detector.asked


def test_a_request_about_another_camera_or_without_a_policy_is_refused(analysed):
    other = uri_of("05", "yard")
    analysed.put(other, picture(5))
    analysed.add(other)
    analysed.run()
    with pytest.raises(OtherCamera):
        ask(analysed, SOURCE, other)
    with_policy(analysed, None)
    with pytest.raises(NoPeoplePolicy):
        ask(analysed)
    assert ([], []) == (analysed.operations.comparisons.of_picture(), analysed.services.comparing.due())


def test_a_worker_counts_a_comparison_among_its_calls_and_what_ended_unknown_has_its_price():
    registry = CollectorRegistry()
    WorkerMetrics(registry).called(NAME, "answered", 1000)
    counted = {"feature": NAME, "operation": OPERATION, "outcome": "answered"}
    assert 1.0 == registry.get_sample_value("sightline_calls_total", counted)
    assert 1000 == list_price(NAME, read_prices("us-east-1"))


def test_a_comparison_is_in_the_books_and_one_that_is_known_is_not_there_again(world):
    for _ in range(2):
        compare(world)
    today = world.clock().date().isoformat()
    [(line, number)] = world.operations.books.read(today, today).items()
    assert ((OPERATION,), Reason.BY_HAND, 1) == (line.billed, line.reason, number)


def test_a_call_whose_worker_died_is_counted_and_booked_by_who_takes_its_claim_over(world):
    source, target = (world.services.comparing.look(each) for each in (SOURCE, TARGET))
    name = comparison_id(source.content, target.content, world.plan.generation)
    world.operations.comparisons.claim(Pair(name, source.content, target.content, world.clock() + timedelta(days=30)))
    world.clock.move(CLAIM_LEASE + TAKEOVER_AFTER)
    compare(world)
    today = world.clock().date().isoformat()
    booked = {line.reason: number for line, number in world.operations.books.read(today, today).items()}
    assert {Reason.UNKNOWN: 1, Reason.BY_HAND: 1} == booked
    assert {"unknown": 1, "answered": 1, "cost_micro_usd": 1000} == counts(world)


def test_a_cap_stops_comparisons_as_it_stops_any_call():
    world = ready(FakeSightline(people_policy=POLICY, budget="0.001 USD/day"))
    compare(world)
    with pytest.raises(BudgetSpent):
        compare(world, TARGET, SOURCE)
    assert 1 == len(world.detector.asked)


def capped(budget="0.001 USD/day"):
    world = ready(FakeSightline(people_policy=POLICY, budget=f"compare {budget}"))
    world.add(SOURCE, TARGET)
    world.run()
    world.detector.asked.clear()
    return world


def reconcile_now(world):
    """Let the reconciler send what is due, and a worker do it; return how many comparisons were sent."""
    run_under_lease(
        reconcile.NAME, world.services, lambda run: reconcile.run_reconcile(run, world.services, world.send)
    )
    sent = sum(step.task == COMPARE for step in world.sent)
    world.run()
    return sent


def test_a_comparison_that_waits_for_money_is_no_failure_and_goes_on_with_the_next_day():
    world = capped()
    compare(world)
    request = ask(world, TARGET, SOURCE)
    world.do(compare_step(request))
    sent = 0
    for _ in range(4 * MOST_TRIES):
        world.clock.move(CHECK_AFTER)
        sent += reconcile_now(world)
    waiting = world.operations.comparisons.request(request.pair.comparison_id)
    assert (0, 0, None, 1) == (sent, waiting.tries, waiting.failure, len(world.detector.asked))
    world.clock.move(timedelta(days=1))
    assert 1 == reconcile_now(world)
    assert world.services.comparing.kept(request.pair.comparison_id)


def test_a_worker_that_meets_an_empty_budget_again_and_again_blames_no_comparison():
    world = capped()
    compare(world)
    request = ask(world, TARGET, SOURCE)
    for _ in range(MOST_TRIES + 1):
        world.do(compare_step(request))
    waiting = world.operations.comparisons.request(request.pair.comparison_id)
    assert (0, None) == (waiting.tries, waiting.failure)


@pytest.mark.parametrize(
    ("error", "tries"),
    [(SlotRefused("r"), 0), (Throttled("r"), 0), (Unavailable("r"), 0), (OutcomeUnknown("r"), 1)],
    ids=str,
)
def test_only_a_try_that_may_have_been_billed_counts(analysed, error, tries):
    request = ask(analysed)
    analysed.detector.script.extend([error] * 3)
    analysed.do(compare_step(request))
    assert tries == analysed.operations.comparisons.request(request.pair.comparison_id).tries


def test_the_status_tells_that_comparisons_wait_and_until_when():
    world = capped()
    compare(world)
    section = budget_section(world.services.treasury, world.operations, world.services.paid_for)
    assert ["compare, live"] == list(section["waiting"])
    assert "00:00 UTC" in section["waiting"]["compare, live"]


def test_a_cap_of_another_feature_does_not_hold_comparisons_up():
    world = ready(FakeSightline(people_policy=POLICY, budget="labels 0.001 USD/day"))
    compare(world)
    compare(world, TARGET, SOURCE)
    assert 2 == len(world.detector.asked)


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        ([], 1),
        ([NO_FACE, NO_FACE], 0),
        ([NO_FACE, ALIKE], 1),
        ([Throttled("r"), ALIKE], 1),
        ([Unavailable("r")] * 3, 0),
        ([OutcomeUnknown("r"), ALIKE], 2),
        ([UnreadableAnswer("r")], 1),
    ],
    ids=str,
)
def test_the_money_of_what_is_not_billed_is_there_again_once(script, calls):
    world = ready(FakeSightline(people_policy=POLICY, budget="1 USD/day"))
    world.detector.script.extend(script)
    with suppress(SightlineError):
        compare(world)
    purse, today = Purse(NAME, Lane.LIVE), world.treasury.today()
    assert (
        calls * PRICE
        == world.treasury.account().taken[today][purse] - world.limiter.purses.empty(purse, today).micro_usd
    )


def test_without_a_price_nothing_is_claimed_and_nothing_asked_and_check_says_so(world):
    unpriced = replace(world.services.prices, meters={})
    world.services = replace(world.services, prices=unpriced)
    with pytest.raises(ConfigurationError, match="SIGHTLINE_PRICES"):
        compare(world)
    assert ([], []) == (world.detector.asked, world.operations.comparisons.of_picture())
    assert "price, compare" in [line.name for line in money_lines(world.services)]
