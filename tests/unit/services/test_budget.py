"""A cap stops calls before they are paid for; the images wait and go on by themselves."""

from collections.abc import MutableMapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from sightline.cli.check import money_lines
from sightline.errors import BudgetSpent, OutcomeUnknown, Throttled, UnsupportedFormat
from sightline.models.budgets import MICRO, Purse
from sightline.models.images import Lane, State
from sightline.queues.steps import DETECT, detect_step
from sightline.rekognition.features import feature_named
from sightline.services.ask_now import Subject, ask_all
from sightline.services.holding_up import held_up_by
from sightline.services.leased_runs import run_under_lease
from sightline.services.reconcile import NAME, reconcile, reconciler_of, run_reconcile
from sightline.services.status import status_sections
from sightline.services.status_tables import tables_of
from sightline.services.treasury import LOOKED_AT_EVERY, waits_for_money
from sightline.services.usage import COST
from sightline.storage.ledger.protocol import Status
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.testing.money import PRICE, treasury_of
from workers.metrics_system import budget

DAY = timedelta(days=1)


def world_of(budget: str, images: int = 0, lane: Lane = Lane.LIVE) -> FakeSightline:
    world = FakeSightline(features=("labels",), budget=budget)
    add(world, images, lane)
    return world


def add(world: FakeSightline, images: int, lane: Lane = Lane.LIVE) -> list[str]:
    uris = [uri_of(f"{number}{lane}") for number in range(images)]
    for number, uri in enumerate(uris):
        world.put(uri, picture(number + (500 if lane is Lane.BACKFILL else 0), form="PNG"))
    world.add(*uris, lane=lane)
    return uris


def work(world: FakeSightline) -> int:
    """Work until nothing is left; return how often a step met an empty budget. Its chain ends, as in a worker."""
    refused = 0
    while world.sent:
        try:
            world.do(world.sent.popleft())
        except BudgetSpent:
            refused += 1
    return refused


def look_again(world: FakeSightline) -> None:
    """Let the reconciler look at everything that is due."""
    treasury = world.services.treasury
    assert treasury
    treasury.look(world.plan.features)
    reconcile(reconciler_of(world.services, world.send), lambda: True)


def taken(world: FakeSightline) -> int:
    assert world.treasury
    account = world.treasury.account()
    return sum(account.taken.get(world.treasury.today(), {}).values())


def test_no_more_is_paid_for_than_the_cap_and_the_others_wait_without_blame():
    world = world_of("0.003 USD/day", 5)
    assert 2 == work(world)
    assert 3 == len(world.detector.asked)
    assert 3 * PRICE == taken(world)
    waiting = [row for row in world.images.scan() if row.state is State.ANALYSING]
    assert [(None, 0)] * 2 == [(row.failure, row.rounds) for row in waiting]
    assert [] == list(world.operations.dead_letters.read())
    assert 0 == sum(entry.unknown_attempts for entry in world.ledger.scan())


def test_a_claim_without_money_is_given_back_and_the_next_ones_are_not_even_claimed():
    world = world_of("0.001 USD/day", 4)
    assert 3 == work(world)
    entries = [(entry.status, entry.attempts) for entry in world.ledger.scan()]
    assert [(Status.ANSWERED, 1), (Status.RELEASED, 1)] == sorted(entries)


def test_images_go_on_with_the_next_day_and_never_run_in_circles():
    world = world_of("0.003 USD/day", 8)
    work(world)
    for _ in range(100):
        world.clock.move(timedelta(minutes=5))
        look_again(world)
        assert [] == [step for step in world.sent if step.task == DETECT]
    assert 3 == len(world.detector.asked)
    for day in (2, 3):
        world.clock.move(DAY)
        look_again(world)
        work(world)
        assert min(8, 3 * day) == len(world.detector.asked)
    assert {State.COMPLETE} == {row.state for row in world.images.scan()}
    assert 0 == sum(row.rounds for row in world.images.scan())


def test_a_higher_cap_lets_images_go_on_at_once():
    world = world_of("0.003 USD/day", 5)
    work(world)
    world.treasury = treasury_of("0.005 USD/day", world.operations, world.clock)
    world.limiter = type(world.limiter)(world.clock, {"DetectLabels": 50.0}, money=world.treasury)
    world.services = world.make_services(world.plan)
    world.clock.move(timedelta(minutes=10))
    look_again(world)
    assert 0 == work(world)
    assert 5 == len(world.detector.asked)


def test_live_images_are_answered_while_backfill_waits():
    world = FakeSightline(features=("labels",))
    world.treasury = treasury_of("0.01 USD/day", world.operations, world.clock, live_percent=20)
    world.limiter = type(world.limiter)(world.clock, {"DetectLabels": 50.0}, money=world.treasury)
    world.services = world.make_services(world.plan)
    add(world, 12, Lane.BACKFILL)
    assert 4 == work(world)
    add(world, 3)
    assert 1 == work(world)
    assert 10 == len(world.detector.asked)


def test_what_needs_no_money_does_not_wait_for_it():
    world = world_of("0.001 USD/day", 2)
    world.put(uri_of("9"), picture(0, form="PNG"))
    work(world)
    world.add(uri_of("9"))  # the same bytes as the first image, which is paid for
    assert 0 == work(world)
    row = world.images.get(uri_of("9"))
    assert row
    assert State.COMPLETE is row.state


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, 1),
        (Throttled("DetectLabels"), 1),
        (UnsupportedFormat("a picture"), 0),
        (OutcomeUnknown("DetectLabels"), 2),
    ],
    ids=str,
)
def test_only_what_may_be_billed_is_counted(error, expected):
    world = world_of("1 USD/day", 1)
    if error:
        world.detector.script.append(error)
    work(world)
    assert world.treasury
    own = world.limiter.purses.empty(Purse("labels", Lane.LIVE), world.treasury.today())
    assert expected * PRICE == taken(world) - own.micro_usd


def test_a_cap_below_what_is_spent_already_is_accepted_and_stops():
    world = world_of("0.5 USD/day, 0.9 USD/month", 1)
    world.operations.usage.count("2044-05-16", {("labels", COST): MICRO, ("labels", "answered"): 1000})
    assert 1 == work(world)
    assert world.treasury
    with pytest.raises(BudgetSpent, match=r"the cap all 0.90 USD/month must hold, and 1.00 USD of it are taken"):
        world.treasury.require_open("labels", Lane.LIVE)
    with pytest.raises(BudgetSpent, match=r"It goes on at 2044-06-01 00:00 UTC, or with a higher SIGHTLINE_BUDGET"):
        world.treasury.require_open("labels", Lane.LIVE)
    assert [] == world.detector.asked


def test_what_ended_unknown_without_a_cap_counts_as_spent():
    world = world_of("0.005 USD/day", 3)
    world.operations.usage.count("2044-05-17", {("labels", "unknown"): 4})
    assert 2 == work(world)


def test_days_with_a_cap_are_not_counted_twice():
    world = world_of("1 USD/day, 1 USD/month", 3)
    work(world)
    world.services.calls.flush()
    world.clock.move(DAY)
    assert world.treasury
    world.put(uri_of("new"), picture(77))
    world.add(uri_of("new"))
    work(world)
    account = world.treasury.account()
    assert 0 == sum(amount for day in account.taken.values() for purse, amount in day.items() if purse.lane is None)


def test_the_account_is_read_now_and_then_while_money_is_short():
    world = world_of("0.001 USD/day", 2)
    work(world)
    treasury = world.treasury
    assert treasury
    store = world.operations.budget_accounts
    standing = treasury.account()
    store.replace(replace(standing, taken={}, written_by="somebody gave everything back"))
    assert treasury.waits("labels", Lane.LIVE)
    world.clock.move(LOOKED_AT_EVERY)
    assert not treasury.waits("labels", Lane.LIVE)


def test_a_worker_leaves_the_queue_that_waits_for_money():
    world = world_of("backfill 0.001 USD/day")
    add(world, 2, Lane.BACKFILL)
    work(world)
    found = {queue: waits_for_money(world.treasury, queue) for queue in ("labels", "labels.backfill", "rows", "text")}
    assert {"labels": False, "labels.backfill": True, "rows": False, "text": False} == found
    assert not waits_for_money(None, "labels.backfill")


def test_a_picture_that_is_asked_about_by_hand_is_charged_too():
    world = world_of("0.001 USD/day")
    subject, labels = Subject("a picture", data=picture()), [feature_named("labels")]
    assert not isinstance(ask_all(labels, subject, world.services)["labels"], BudgetSpent)
    assert isinstance(ask_all(labels, subject, world.services)["labels"], BudgetSpent)
    assert 1 == len(world.detector.asked)


def test_a_step_for_which_there_is_no_money_sleeps_for_nothing():
    world = world_of("0.001 USD/day", 2)
    before = world.clock.now
    assert 1 == work(world)
    assert timedelta(seconds=5) > world.clock.now - before
    with pytest.raises(BudgetSpent):
        world.do(detect_step(uri_of("1live"), "labels", Lane.LIVE))


def test_the_status_says_what_is_spent_and_what_waits_until_when():
    world = world_of("0.003 USD/day, labels 1 USD/month, backfill 1 USD/day", 5)
    world.detector.script.append(OutcomeUnknown("DetectLabels"))
    work(world)
    world.services.calls.flush()
    section = status_sections(world.services, 10)["budget"]()
    day = section["caps"]["all 0.003 USD/day"]
    assert (0.003, 0.003, 0.002, 0.001, 0.0) == tuple(
        day[f"{name}_usd"] for name in ("cap", "taken", "spent", "unknown", "left")
    )
    assert 0.997 == section["caps"]["labels 1.00 USD/month"]["left_usd"]
    assert section["caps"]["backfill 1.00 USD/day"]["spent_usd"] is None
    assert ["labels, live", "labels, backfill"] == [*section["waiting"]]
    assert "It goes on at 2044-05-18 00:00 UTC" in section["waiting"]["labels, live"]
    told = tables_of("budget", section)
    assert ["budget in USD", "calls that wait for money"] == [table.title for table in told]


def test_without_a_budget_nothing_is_told_of_one():
    section = status_sections(world_of("").services, 10)["budget"]()
    assert ({}, []) == (section, tables_of("budget", section))


def test_an_image_says_that_it_waits_for_money():
    world = world_of("0.001 USD/day", 2)
    work(world)
    (row,) = (row for row in world.images.scan() if row.state is State.ANALYSING)
    said = held_up_by(row, world.services)
    assert said
    assert said.startswith("money: labels, live: the cap all 0.001 USD/day must hold")


def test_metrics_tell_each_cap():
    world = world_of("0.004 USD/day", 1)
    work(world)
    assert world.treasury
    cap, taken, ratio = (family.samples[0] for family in budget(world.treasury, world.operations))
    assert ({"scope": "all", "period": "day"}, 0.004, 0.001, 0.25) == (cap.labels, cap.value, taken.value, ratio.value)


def test_a_check_tells_of_a_cap_that_is_used_up():
    world = world_of("0.001 USD/day, 1 USD/month", 2)
    assert [("budget", None)] == [(line.name, line.warning) for line in money_lines(world.services)]
    work(world)
    (line,) = money_lines(world.services)
    assert line.warning
    assert "used up already, or below what is spent: all 0.001 USD/day." in line.warning


def shares_told(logs: list[MutableMapping[str, Any]]) -> list[int]:
    return [line["percent"] for line in logs if line["event"] == "A share of the budget is spent"]


def test_each_share_is_logged_once_whoever_takes_the_money_and_however_often_it_is_looked_at():
    world = world_of("0.01 USD/day", 12)
    with capture_logs() as logs:
        work(world)
        others = treasury_of("0.01 USD/day", world.operations, world.clock)
        for _ in range(3):
            others.tell_alarms()
    assert [50, 80, 100] == shares_told(logs)
    with capture_logs() as logs:
        world.clock.move(DAY)
        others.tell_alarms()
        add(world, 20)
        work(world)
    assert [50, 80, 100] == shares_told(logs)


def test_a_cap_that_is_set_below_what_is_spent_is_told_once_although_nothing_is_taken():
    world = world_of("1 USD/month", 8)
    work(world)
    lower = treasury_of("0.0125 USD/month, text 1 USD/day", world.operations, world.clock)
    with capture_logs() as logs:
        lower.tell_alarms()
        lower.tell_alarms()
    assert [80] == shares_told(logs)


def test_the_reconciler_tells_of_alarms():
    world = world_of("1 USD/month", 8)
    work(world)
    world.treasury = treasury_of("0.008 USD/month", world.operations, world.clock)
    world.services = world.make_services(world.plan)
    with capture_logs() as logs:
        for _ in range(2):
            run_under_lease(NAME, world.services, lambda run: run_reconcile(run, world.services, world.send))
            world.clock.move(timedelta(minutes=2))
    assert [100] == shares_told(logs)
