"""A camera of 25 images and six verdicts a day: the queue carries over what a stratum lacks."""

import random

import pytest

from sightline.services.days_before import reviewed_before
from sightline.services.review import ask_next, read_cells, scope_of
from sightline.stats.figures import Interval, estimate
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.stats.windows import days_of, evidence_of
from sightline.storage.verdicts.protocol import KeptVerdict
from tests.unit.services.rollups.yard import LAST_DAY, Yard

DAYS = days_of(LAST_DAY, 7)


def week(seed: int) -> Yard:
    """Review a week, six images a day. Two of three positives and one of ten others show a person."""
    yard, source = Yard(), random.Random(seed)  # noqa: S311 - a simulation
    for day in DAYS:
        for number in range(25):
            kind = source.choices([{"Person": 90.0}, {"Person": 35.0}, {"Plant": 70.0}], [8, 3, 14])[0]
            yard.image(number, kind, day)
        cells = read_cells(scope_of("Person", "yard", day, 1, yard.operations), yard.services)
        for asked in ask_next(cells, 6, yard.services):
            candidate = asked.request.candidate
            is_present = source.random() < (0.66 if candidate.stratum is Stratum.A else 0.1)
            say(yard, candidate.image_id, candidate.stratum, Answer.PRESENT if is_present else Answer.ABSENT)
    return yard


def say(yard: Yard, uri: str, stratum: Stratum, answer: Answer) -> None:
    row = yard.images.get(uri)
    said = Verdict(uri, "Person", "ann", answer, row.content.sha256, Source.SAMPLED, yard.clock(), stratum, 50.0)
    yard.verdicts.write(KeptVerdict(said, row.capture.camera_day))


@pytest.mark.parametrize("seed", range(12))
def test_each_stratum_is_asked_for_and_recall_of_the_week_is_estimable(seed):
    yard = week(seed)
    cells = read_cells(scope_of("Person", "yard", LAST_DAY, 7, yard.operations), yard.services)
    evidence = evidence_of([cell.counts() for cell in cells])
    assert all(evidence[stratum].effective >= 1 or not evidence[stratum].unseen for stratum in ESTIMATED)
    assert isinstance(estimate(evidence, "yard").recall, Interval)


def test_only_the_days_before_are_carried_over():
    yard = week(1)
    cells = read_cells(scope_of("Person", "yard", LAST_DAY, 1, yard.operations), yard.services)
    assert 36 == sum(reviewed_before(cells, yard.services).values())
    cells = read_cells(scope_of("Person", "yard", LAST_DAY, 7, yard.operations), yard.services)
    assert {} == reviewed_before(cells, yard.services)
