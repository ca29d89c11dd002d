"""Batches of the review: whom they ask about what, and what becomes of the answers."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from sightline.errors import Unavailable
from sightline.services import review_planning
from sightline.services.review import NothingToReview, progress_of, read_cells, scope_of
from sightline.services.review_batches import (
    BATCH,
    AllReviewed,
    AnswerStands,
    BatchClosed,
    HeldByOthers,
    NotPlanned,
    PlanUsedUp,
    Unjudgeable,
    Wanted,
    answer_picture,
    begin_batch,
    close_batch,
)
from sightline.services.review_planning import plan_review
from sightline.stats.verdicts import Answer, Source
from sightline.stats.windows import days_of
from sightline.storage.users.batches import HOLDS_LAST, Batch, Given
from sightline.testing.batches import InMemoryBatches
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth
from tests.unit.web.test_budgets import Counting

WEEK = Wanted("Person", None, LAST_DAY, 7)
MONTH = Wanted("Person", None, None, 28)


@pytest.fixture
def yard() -> Yard:
    """Give a yard with three days of two cameras."""
    yard = Yard()
    for day in days_of(LAST_DAY, 3):
        yard.images_of_a_day(30, day)
        yard.images_of_a_day(15, day, camera="gate")
    return yard


def images(batch: Batch) -> list[str]:
    return [each.image_id for each in batch.pictures]


def review(yard: Yard, user: str, wanted: Wanted = WEEK) -> Batch:
    """Answer a whole batch by the truth, and close it."""
    batch = begin_batch(user, wanted, yard.services)
    for number, picture in enumerate(batch.pictures, 1):
        yard.clock.move(timedelta(seconds=5))
        batch = answer_picture(batch, number, truth(picture.image_id), None, yard.services)
    return close_batch(batch, yard.services)


def test_two_reviewers_in_turn_answer_every_image_once(yard: Yard) -> None:
    asked: list[str] = []
    for _ in range(2):
        asked += images(review(yard, "ann")) + images(review(yard, "bob"))
    with pytest.raises(NothingToReview):
        begin_batch("ann", WEEK, yard.services)
    assert len(set(asked)) == len(asked) == 3 * 45
    kept = [each.verdict for each in yard.verdicts.scan()]
    assert {(image_id, truth(image_id), Source.SAMPLED) for image_id in asked} == {
        (verdict.image_id, verdict.answer, verdict.source) for verdict in kept
    }
    assert len(kept) == len(asked)
    cells = read_cells(scope_of("Person", None, LAST_DAY, 7, yard.operations), yard.services)
    assert (len(asked), 0) == (progress_of(cells, 5.0).reviewed, progress_of(cells, 5.0).held_back)


def test_batches_that_begin_at_once_have_no_picture_in_common(yard: Yard) -> None:
    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(lambda user: begin_batch(user, WEEK, yard.services), ["ann", "bob", "cem"]))
    shown = [image_id for batch in begun for image_id in images(batch)]
    assert len(set(shown)) == len(shown) == 3 * BATCH


class Rushed(InMemoryBatches):
    """Batches in which somebody else takes what was chosen, twice, before it is held."""

    def __init__(self, yard: Yard):
        super().__init__(yard.clock)
        self.rivals = ["01A", "01B"]

    def hold(self, label: str, image_ids: Iterable[str], batch_id: str, lasts: timedelta) -> set[str]:
        chosen = list(image_ids)
        if self.rivals:
            super().hold(label, chosen, self.rivals.pop(), lasts)
        return super().hold(label, chosen, batch_id, lasts)


def test_who_must_choose_again_reads_nothing_again(yard: Yard) -> None:
    counts: Counter[str] = Counter()
    users: Any = Counting("users", yard.services.users, counts)
    users.batches = Rushed(yard)
    services = replace(
        yard.services,
        users=users,
        images=cast("Any", Counting("images", yard.services.images, counts)),
        verdicts=cast("Any", Counting("verdicts", yard.services.verdicts, counts)),
    )
    batch = begin_batch("ann", WEEK, services)
    assert BATCH == len(batch.pictures)
    assert 2 * 3 == counts["images.by_day"], "three days of two cameras"


class Broken(RuntimeError):
    """What breaks a start off."""


class BreakingOff(InMemoryBatches):
    """Batches that break off as they are told."""

    def __init__(self, yard: Yard, where: str):
        super().__init__(yard.clock)
        self.where = where

    def hold(self, label: str, image_ids: Iterable[str], batch_id: str, lasts: timedelta) -> set[str]:
        own = super().hold(label, image_ids, batch_id, lasts)
        if self.where == "hold":
            raise Broken
        return own

    def begin(self, batch: Batch) -> Batch:
        if self.where == "begin":
            raise Broken
        return super().begin(batch)

    def release(self, label: str, image_ids: Iterable[str], batch_id: str) -> None:
        if self.where == "release":
            raise Unavailable("users")
        super().release(label, image_ids, batch_id)


class Breaking:
    """A store of which one method breaks off."""

    def __init__(self, store: Any, method: str) -> None:
        self._store, self._method = store, method

    def __getattr__(self, method: str) -> Any:
        if method == self._method:
            raise Broken
        return getattr(self._store, method)


def breaking(yard: Yard, where: str) -> tuple[InMemoryBatches, Any]:
    """Return the batches, and services that break off there once something is held."""
    batches = BreakingOff(yard, where)
    users: Any = Breaking(yard.services.users, where)
    users.batches = batches
    stores: Any = {name: Breaking(getattr(yard.services, name), where) for name in ("images", "verdicts")}
    return batches, replace(yard.services, users=users, **stores)


@pytest.mark.parametrize("where", ["hold", "ask", "get_many", "marks", "begin"])
def test_a_start_that_fails_lets_go_of_what_it_held_and_of_no_more(yard: Yard, where: str) -> None:
    batches, services = breaking(yard, where)
    other = yard.uris()[0]
    InMemoryBatches.hold(batches, "Person", [other], "01A", timedelta(hours=1))
    with pytest.raises(Broken):
        begin_batch("ann", WEEK, services)
    assert {other} == batches.held("Person")


def test_a_store_that_is_away_for_the_release_as_well_hides_not_why_a_start_failed(yard: Yard) -> None:
    batches, services = breaking(yard, "release")
    with pytest.raises(Broken):
        begin_batch("ann", WEEK, replace(services, verdicts=cast("Any", Breaking(yard.verdicts, "ask"))))
    assert BATCH == len(batches.held("Person"))
    yard.clock.move(HOLDS_LAST)
    assert set() == batches.held("Person")


def test_what_is_not_asked_about_after_all_is_not_held(yard: Yard) -> None:
    gone: list[str] = []

    class Losing:
        def __getattr__(self, method: str) -> Any:
            return getattr(yard.images, method)

        def get_many(self, image_ids: Iterable[str]) -> Any:
            rows = dict(yard.images.get_many(image_ids))
            gone.append(min(rows))
            return {uri: row for uri, row in rows.items() if uri not in gone}

    batch = begin_batch("ann", WEEK, replace(yard.services, images=cast("Any", Losing())))
    assert (BATCH - 1, 1) == (len(batch.pictures), len(gone))
    assert {*images(batch)} == yard.users.batches.held("Person")


def test_every_picture_is_asked_about_before_it_is_shown(yard: Yard) -> None:
    batch = begin_batch("ann", WEEK, yard.services)
    for picture in batch.pictures:
        asked = yard.verdicts.asked(picture.image_id, "Person")
        assert asked is not None
        assert (picture.content, picture.stratum) == (asked.content, asked.stratum)


def test_a_month_is_reviewed_by_its_plan_alone(yard: Yard) -> None:
    with pytest.raises(NotPlanned):
        begin_batch("ann", MONTH, yard.services)
    yard.roll_up()
    plan_review(yard.services, lambda: True)
    one, other = begin_batch("ann", MONTH, yard.services), begin_batch("bob", MONTH, yard.services)
    assert [BATCH, BATCH] == [len(one.pictures), len(other.pictures)]
    assert set(images(one)).isdisjoint(images(other))
    for narrower in (replace(MONTH, camera="yard"), replace(MONTH, day=LAST_DAY)):
        with pytest.raises(NotPlanned):
            begin_batch("cem", narrower, yard.services)


def plan_of(yard: Yard, monkeypatch: pytest.MonkeyPatch, kept: int = 500) -> None:
    monkeypatch.setattr(review_planning, "KEPT", kept)
    yard.roll_up()
    plan_review(yard.services, lambda: True)


def test_a_plan_of_a_part_that_is_used_up_is_not_the_end_of_the_review(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_of(yard, monkeypatch, kept=BATCH + 10)
    assert [BATCH, 10] == [len(review(yard, "ann", MONTH).pictures) for _ in range(2)]
    with pytest.raises(PlanUsedUp):
        begin_batch("ann", MONTH, yard.services)
    yard.clock.move(timedelta(minutes=1))
    plan_of(yard, monkeypatch, kept=BATCH + 10)
    assert BATCH == len(review(yard, "ann", MONTH).pictures)


def test_what_is_left_of_a_plan_of_a_part_and_held_is_not_all_that_is_left(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_of(yard, monkeypatch, kept=BATCH)
    begin_batch("ann", MONTH, yard.services)
    with pytest.raises(PlanUsedUp):
        begin_batch("bob", MONTH, yard.services)


def test_a_plan_of_all_that_was_left_ends_when_that_is_reviewed(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_of(yard, monkeypatch)
    for _ in range(3):
        review(yard, "ann", MONTH)
    last = begin_batch("ann", MONTH, yard.services)
    with pytest.raises(HeldByOthers):
        begin_batch("bob", MONTH, yard.services)
    close_batch(last, yard.services)
    review(yard, "ann", MONTH)
    with pytest.raises(AllReviewed):
        begin_batch("ann", MONTH, yard.services)
    yard.clock.move(timedelta(days=1))
    with pytest.raises(PlanUsedUp):  # a day more has ended
        begin_batch("ann", MONTH, yard.services)


@pytest.mark.parametrize("days", [1, 7])
def test_a_plan_of_a_part_is_no_end_of_shorter_windows(yard: Yard, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    plan_of(yard, monkeypatch, kept=10)
    wanted, reviewed = Wanted("Person", None, LAST_DAY, days), 0
    for _ in range(-(-45 * min(days, 3) // BATCH)):
        reviewed += len(review(yard, "ann", wanted).pictures)
    assert 45 * min(days, 3) == reviewed
    with pytest.raises(AllReviewed):
        begin_batch("ann", wanted, yard.services)


@pytest.mark.parametrize("days", [1, 7])
def test_days_that_are_planned_are_reviewed_by_their_plan_and_are_read_when_it_ends(yard: Yard, days: int) -> None:
    wanted = Wanted("Person", None, LAST_DAY, days)
    unplanned = begin_batch("ann", wanted, yard.services)
    yard.users.batches.release("Person", images(unplanned), unplanned.batch_id)
    yard.roll_up()
    plan_review(yard.services, lambda: True)
    counts: Counter[str] = Counter()
    stores: Any = {
        name: Counting(name, getattr(yard.services, name), counts) for name in ("images", "verdicts", "rollups")
    }
    yard.services = replace(yard.services, **stores)
    begun = begin_batch("bob", wanted, yard.services)
    assert {*images(unplanned)} == {*images(begun)}
    camera_days = 2 * min(days, 3)
    assert {"images.get_many": 2, "verdicts.of_day": camera_days, "verdicts.ask": 1} == counts
    asked = [images(review(yard, "bob", wanted))]
    late = yard.image(99, {"Cat": 99.0}, LAST_DAY)
    while len(asked[-1]) == BATCH:
        asked.append(images(review(yard, "bob", wanted)))
    everything = [image_id for batch in asked for image_id in batch]
    assert len({*everything}) == len(everything) == (1 if days == 1 else 3) * 45 + 1
    assert late in everything, "what came after the plan is read when the plan ends"
    assert counts["images.by_day"] > 0
    cells = read_cells(scope_of("Person", None, LAST_DAY, days, yard.operations), yard.services)
    assert (len(everything), 0) == (progress_of(cells, 5.0).reviewed, progress_of(cells, 5.0).held_back)


@pytest.mark.parametrize(
    "other", [Wanted("Person", "yard", LAST_DAY), Wanted("Person", None, days_of(LAST_DAY, 2)[0]), Wanted("Person")]
)
def test_a_plan_is_of_its_days_and_of_all_cameras_alone(yard: Yard, other: Wanted) -> None:
    yard.roll_up()
    plan_review(yard.services, lambda: True)
    newest = yard.image(7, {"Cat": 99.0}, "2044-05-17")
    counts: Counter[str] = Counter()
    store: Any = Counting("images", yard.services.images, counts)
    batch = begin_batch("ann", other, replace(yard.services, images=store))
    assert counts["images.by_day"] > 0
    assert (newest in images(batch)) == (other.day is None)
    assert other.camera in {None, *(each.camera for each in batch.pictures)}


def test_an_answer_changes_by_one_who_knew_of_it(yard: Yard) -> None:
    batch = begin_batch("ann", WEEK, yard.services)
    batch = answer_picture(batch, 1, Answer.PRESENT, None, yard.services)
    with pytest.raises(AnswerStands):
        answer_picture(batch, 1, Answer.ABSENT, None, yard.services)
    batch = answer_picture(batch, 1, Answer.ABSENT, Answer.PRESENT, yard.services)
    (kept,) = yard.verdicts.of_image(batch.pictures[0].image_id)
    assert Answer.ABSENT is kept.verdict.answer is batch.answers[1].answer


def test_a_closed_batch_takes_no_answer_and_lets_go_of_its_pictures(yard: Yard) -> None:
    batch = close_batch(begin_batch("ann", WEEK, yard.services), yard.services)
    with pytest.raises(BatchClosed):
        answer_picture(batch, 1, Answer.PRESENT, None, yard.services)
    assert set() == yard.services.users.batches.held("Person")
    assert [] == list(yard.verdicts.scan())


@pytest.mark.parametrize("number", [0, -1, BATCH + 1])
def test_a_picture_that_is_not_in_the_batch_cannot_be_judged(yard: Yard, number: int) -> None:
    batch = begin_batch("ann", WEEK, yard.services)
    with pytest.raises(Unjudgeable):
        answer_picture(batch, number, Answer.PRESENT, None, yard.services)


def test_back_goes_the_way_that_the_answers_came(yard: Yard) -> None:
    now, later = yard.clock.now, yard.clock.now + timedelta(minutes=1)
    batch = replace(begin_batch("ann", WEEK, yard.services), put_off=frozenset({2}))
    answered = replace(batch, answers={3: Given(Answer.UNSURE, now), 1: Given(Answer.ABSENT, later)})
    assert (1, 3, None) == (answered.before(4), answered.before(1), answered.before(3))
    assert batch.before(1) is None
    assert (1, BATCH, 2) == (batch.next_open(), len(batch.waiting()), batch.waiting()[-1])
