"""Labels first: other features are paid for only if something asks for them, and nothing is lost in between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import InvalidParameter
from sightline.models.answers import Answer, Detection
from sightline.models.images import State
from sightline.queues.steps import DETECT, INGEST, WRITE
from sightline.services.listing import look_at_page
from sightline.services.need import Ask, Need
from sightline.services.quotes import Range, exact_quote, list_due
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.testing.fake import FakeSightline, picture, uri_of

URI = uri_of("01")
NOBODY = Answer((Detection("Plant", 61.0, None, {"type": "LINE"}),), "test-1", cut_percent=30.0)
ASKS = {feature: Ask(labels={"Person": 50}) for feature in ("faces", "text")}
RARELY = 1e-9
"""Percent: no burst is in the control slice."""


@pytest.fixture
def world() -> FakeSightline:
    world = FakeSightline()
    need_by(world, Need(asks=ASKS, control_percent=RARELY))
    world.put(URI, picture())
    return world


def need_by(world: FakeSightline, need: Need | None) -> None:
    world.plan = replace(world.plan, need=need)
    world.services = world.make_services(world.plan)


def run(world: FakeSightline) -> None:
    while world.sent:
        world.do(world.sent.popleft())


def asked(world: FakeSightline) -> list[str]:
    return sorted(feature for feature, _ in world.detector.asked)


def add(world: FakeSightline, *answers: Answer) -> None:
    world.detector.script.extend(answers)
    world.add(URI)
    run(world)


def test_an_image_whose_labels_ask_for_nothing_costs_one_call(world):
    add(world, NOBODY)
    row = world.images.get(URI)
    assert asked(world) == ["labels"]
    assert (row.state, sorted(row.wanted), sorted(row.parts)) == (State.COMPLETE, ["labels"], ["labels"])


def test_labels_that_ask_have_the_others_paid_for(world):
    add(world)
    row = world.images.get(URI)
    assert world.detector.asked[0][0] == "labels"
    assert asked(world) == ["faces", "labels", "text"]
    assert (row.state, sorted(row.parts)) == (State.COMPLETE, ["faces", "labels", "text"])


def test_the_control_slice_is_paid_for_in_full(world):
    need_by(world, Need(asks=ASKS, control_percent=100))
    add(world, NOBODY, NOBODY, NOBODY)
    assert asked(world) == ["faces", "labels", "text"]


def test_a_camera_asks_at_once(world):
    need_by(world, Need(asks={**ASKS, "faces": Ask(cameras={"yard"})}, control_percent=RARELY))
    add(world, NOBODY, NOBODY)
    assert asked(world) == ["faces", "labels"]


def test_an_answer_that_was_cut_above_the_threshold_asks(world):
    add(world, replace(NOBODY, cut_percent=70.0))
    assert asked(world) == ["faces", "labels", "text"]


def test_rejected_labels_ask_for_nothing(world):
    world.detector.script.append(InvalidParameter(URI))
    world.add(URI)
    run(world)
    row = world.images.get(URI)
    assert asked(world) == ["labels"]
    assert row.state is State.COMPLETE


@pytest.mark.parametrize("lost", [DETECT, WRITE])
def test_messages_that_are_lost_after_the_labels_came_are_sent_again(world, lost):
    world.add(URI)
    dropped = 0
    while world.sent:
        step = world.sent.popleft()
        is_after_labels = bool(world.detector.asked)
        if step.task == lost and is_after_labels and dropped < 2:
            dropped += 1
            continue
        world.do(step)
    assert dropped > 0
    for _ in range(3):
        world.clock.move(timedelta(minutes=3))
        reconcile(reconciler_of(world.services, world.send), lambda: True)
        run(world)
    assert world.images.get(URI).state is State.COMPLETE
    assert asked(world) == ["faces", "labels", "text"]


def test_messages_that_come_twice_pay_for_nothing_twice(world):
    world.add(URI)
    while world.sent:
        step = world.sent.popleft()
        world.do(step)
        world.do(step)
    assert asked(world) == ["faces", "labels", "text"]


def test_an_image_added_again_is_not_asked_for_what_it_did_not_need(world):
    add(world, NOBODY)
    add(world)
    assert asked(world) == ["labels"]


def test_what_is_wanted_already_stays_when_the_same_bytes_are_read_again(world):
    add(world)
    world.put(URI, picture())
    world.clock.move(timedelta(minutes=1))
    world.add(URI)
    run(world)
    assert sorted(world.images.get(URI).parts) == ["faces", "labels", "text"]
    assert asked(world) == ["faces", "labels", "text"]


def test_a_backfill_finds_nothing_due_while_the_rules_stay_and_all_when_they_go(world):
    add(world, NOBODY)
    head = world.buckets.head(ObjectUri.parse(URI))

    def due() -> list[frozenset[str]]:
        page = look_at_page([head], world.images, world.plan, follows_plan=True)
        return [each.pays_for for each in page.due]

    assert due() == []
    need_by(world, None)
    assert due() == [frozenset({"faces", "text"})]
    need_by(world, Need(asks={**ASKS, "text": Ask(labels={"Plant": 50})}, control_percent=RARELY))
    assert due() == [frozenset({"text"})]


def test_without_the_setting_all_features_are_wanted_at_once(world):
    need_by(world, None)
    world.add(URI)
    world.do(world.sent.popleft())
    assert sorted(step.args[1] for step in world.sent if step.task == DETECT) == ["faces", "labels", "text"]
    assert INGEST not in {step.task for step in world.sent}


def test_a_quote_that_read_every_image_still_does_not_know_what_their_labels_will_ask_for(world):
    (listing,) = list_due(Prefix("frames"), world.services)
    assert {"labels": Range(1, 1), "faces": Range(0, 1), "text": Range(0, 1)} == exact_quote(
        listing, world.services
    ).calls
    need_by(world, None)
    assert {name: Range(1, 1) for name in ("labels", "faces", "text")} == exact_quote(listing, world.services).calls
