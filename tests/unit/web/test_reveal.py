"""The end of a batch: how far the detector agrees, in plain words, and of which day each picture is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sightline.services.review_batches import close_batch
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer
from sightline.storage.users.batches import Batch, Given, Picture
from sightline.testing.fake import picture
from sightline.web.reveal import Reveal
from tests.unit.web.test_next_batch import DAYS, answer_all, last_batch, start, uri

AT = datetime(2026, 11, 29, 19, 49, 36, tzinfo=UTC)
SEEN = Picture("s3://frames/yard/1.jpg", "0" * 64, "yard", AT, Stratum.A, 97.5)


def reveal(*answers: Answer, days: int = 1) -> Reveal:
    pictures = tuple(replace(SEEN, taken_at=AT + timedelta(days=n % days)) for n in range(len(answers)))
    given = {number: Given(answer, AT) for number, answer in enumerate(answers, 1)}
    return Reveal.of(Batch("01A", "ann", "Person", 50.0, pictures, AT, given))


YES, NO, UNSURE = Answer.PRESENT, Answer.ABSENT, Answer.UNSURE


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([YES] * 7 + [NO] * 5, "The detector agrees with 7 of your 12 answers."),
        ([YES], "The detector agrees with your answer."),
        ([NO], "The detector does not agree with your answer."),
        ([NO, UNSURE], "The detector does not agree with your answer. You were unsure of 1 picture."),
        ([YES, NO, UNSURE, UNSURE], "The detector agrees with 1 of your 2 answers. You were unsure of 2 pictures."),
        ([UNSURE], "You were unsure of 1 picture."),
        ([], "You answered none of the pictures."),
    ],
)
def test_it_says_with_how_many_answers_the_detector_agrees(answers, said):
    assert said == reveal(*answers).agreement


def test_days_are_told_apart_where_there_are_several():
    assert [False, False, True] == [each.has_days for each in (reveal(), reveal(YES, YES), reveal(YES, YES, days=2))]


@pytest.mark.parametrize(("form", "times"), [({"window": 7}, ["1 Nov 11:00:00", "2 Nov 11:00:00"]), ({}, ["11:00:00"])])
def test_a_picture_has_its_day_if_the_batch_is_of_several(house, form, times):
    for shade, day in enumerate(DAYS):
        house.analyse(uri(0, "yard", day), None, picture(shade))
    start(house, **form)
    batch = last_batch(house)
    answer_all(house)
    close_batch(last_batch(house), house.world.services)
    page = house.client("reviewer").get(f"/review/{batch.batch_id}/done").text
    assert times == sorted(each.partition("<")[0] for each in page.split('+00:00">')[1:])
