"""Batches of second looks: which images they are of, and what becomes of the answers."""

from datetime import timedelta

import pytest

from sightline.services.review import NothingToReview
from sightline.services.review_batches import Wanted, answer_picture, begin_batch, close_batch
from sightline.services.second_looks import begin_second_looks
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer, Source
from sightline.storage.users.batches import Batch
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth

DAY = Wanted("Person", None, LAST_DAY, 1)


@pytest.fixture
def yard() -> Yard:
    """Give a day of 40 images about which ann has answered."""
    yard = Yard()
    yard.images_of_a_day(40)
    answer_all(yard, begin_batch("ann", DAY, yard.services))
    return yard


def answer_all(yard: Yard, batch: Batch, *, is_true: bool = True) -> None:
    for number, picture in enumerate(batch.pictures, 1):
        yard.clock.move(timedelta(seconds=5))
        answer = truth(picture.image_id)
        other = Answer.ABSENT if answer is Answer.PRESENT else Answer.PRESENT
        answer_picture(batch, number, answer if is_true else other, None, yard.services)
    close_batch(batch, yard.services)


def second(yard: Yard, user: str) -> Batch:
    return begin_second_looks(user, "Person", [kept.verdict for kept in yard.verdicts.scan()], yard.services)


def drawn(yard: Yard) -> set[str]:
    return {uri for uri in yard.uris() if is_drawn(yard.services.accuracy.salt, "Person", uri)}


def test_another_reviewer_is_asked_about_the_images_that_are_drawn_and_no_others(yard: Yard) -> None:
    batch = second(yard, "bob")
    assert drawn(yard) == {picture.image_id for picture in batch.pictures}
    answer_all(yard, batch)
    sources = {(kept.verdict.reviewer, kept.verdict.source) for kept in yard.verdicts.scan()}
    assert {("ann", Source.SAMPLED), ("bob", Source.SECOND)} == sources


def test_who_has_answered_is_asked_no_second_time(yard: Yard) -> None:
    with pytest.raises(NothingToReview):
        second(yard, "ann")
    old = [kept.verdict for kept in yard.verdicts.scan()]
    answer_all(yard, second(yard, "bob"))
    with pytest.raises(NothingToReview):  # also if what was said is some minutes old
        begin_second_looks("bob", "Person", old, yard.services)


def test_where_two_differ_a_third_is_asked_and_where_they_agree_nobody(yard: Yard) -> None:
    answer_all(yard, second(yard, "bob"), is_true=False)
    assert drawn(yard) == {picture.image_id for picture in second(yard, "cid").pictures}
    other = Yard()
    other.images_of_a_day(40)
    answer_all(other, begin_batch("ann", DAY, other.services))
    answer_all(other, second(other, "bob"))
    with pytest.raises(NothingToReview):
        second(other, "cid")


def test_two_reviewers_do_not_have_the_same_second_looks(yard: Yard) -> None:
    second(yard, "bob")
    with pytest.raises(NothingToReview):
        second(yard, "cid")


def test_an_image_whose_bytes_have_changed_is_not_asked_about(yard: Yard) -> None:
    changed = min(drawn(yard))
    yard.image(int(changed.rsplit("/", 1)[1].removesuffix(".jpg")), {"Cat": 60.0})
    assert changed not in {picture.image_id for picture in second(yard, "bob").pictures}


def test_an_open_batch_of_the_label_goes_on_instead(yard: Yard) -> None:
    yard.images_of_a_day(10, day="2044-05-15")
    open_batch = begin_batch("bob", Wanted("Person", None, "2044-05-15", 1), yard.services)
    assert open_batch.batch_id == second(yard, "bob").batch_id
