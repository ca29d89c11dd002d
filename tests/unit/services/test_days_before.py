"""What was reviewed on the days before: by the roll-ups where they are current, else by the verdicts themselves."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from sightline.services.days_before import reviewed_before
from sightline.services.review import ask_next, read_cells, scope_of
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer
from sightline.stats.windows import days_of
from tests.unit.services.rollups.yard import LAST_DAY, Yard
from tests.unit.web.test_budgets import Counting

BEFORE = days_of(LAST_DAY, 3)[:-1]
BEYOND_CLOSING = timedelta(days=31)


@pytest.fixture
def yard() -> Yard:
    """Give a yard of three days. Of each stratum of the first two, two images are answered, and one is unsure."""
    yard = Yard()
    for day in (*BEFORE, LAST_DAY):
        yard.images_of_a_day(24, day)
    for day in BEFORE:
        answer_next(yard, day, [Answer.PRESENT, Answer.ABSENT, Answer.UNSURE])
    return yard


def answer_next(yard: Yard, day: str, answers: list[Answer]) -> None:
    (cell,) = read_cells(scope_of("Person", "yard", day, 1, yard.operations), yard.services)
    for stratum in (Stratum.A, Stratum.B, Stratum.C):
        for candidate, answer in zip(cell.waiting[stratum], answers, strict=False):
            yard.say(candidate.image_id, answer, stratum=stratum)


def before(yard: Yard, **others: Any) -> tuple[Mapping[tuple[str, Stratum], int], int]:
    """Return what was reviewed before the last day, and of how many days the verdicts are read for that.

    others: services that take the place of the yard's
    """
    counts: Counter[str] = Counter()
    verdicts = cast("Any", Counting("verdicts", yard.verdicts, counts))
    cells = read_cells(scope_of("Person", "yard", LAST_DAY, 1, yard.operations), yard.services)
    return reviewed_before(cells, replace(yard.services, verdicts=verdicts, **others)), counts["verdicts.of_day"]


def each(count: int) -> dict[tuple[str, Stratum], int]:
    return {("yard", stratum): count for stratum in (Stratum.A, Stratum.B, Stratum.C)}


WITHOUT_IMAGES = 4
"""Of the six days before the last one."""


def test_what_is_rolled_up_is_as_what_is_read(yard: Yard) -> None:
    assert (each(4), WITHOUT_IMAGES + 2) == before(yard)
    yard.roll_up()
    assert (each(4), WITHOUT_IMAGES) == before(yard)


def test_a_day_that_was_answered_since_is_read_until_it_is_rolled_up_again(yard: Yard) -> None:
    yard.roll_up()
    answer_next(yard, BEFORE[0], [Answer.PRESENT])
    assert (each(5), WITHOUT_IMAGES + 1) == before(yard)
    yard.roll_up()
    assert (each(5), WITHOUT_IMAGES) == before(yard)


def test_verdicts_that_came_too_late_for_a_roll_up_are_read(yard: Yard) -> None:
    yard.roll_up()
    yard.clock.move(BEYOND_CLOSING)
    answer_next(yard, BEFORE[0], [Answer.PRESENT])
    yard.roll_up()
    assert (each(5), WITHOUT_IMAGES + 1) == before(yard)


def test_a_roll_up_by_another_rule_says_nothing(yard: Yard) -> None:
    yard.roll_up()
    (rule,) = yard.services.accuracy.rules
    accuracy = replace(yard.services.accuracy, rules=(replace(rule, threshold_percent=60.0),))
    assert (each(4), WITHOUT_IMAGES + 2) == before(yard, accuracy=accuracy)


def test_what_is_asked_next_is_the_same_before_and_after_a_roll_up(yard: Yard) -> None:
    cells = read_cells(scope_of("Person", "yard", LAST_DAY, 1, yard.operations), yard.services)
    first = ask_next(cells, 9, yard.services)
    yard.roll_up()
    assert first == ask_next(cells, 9, yard.services)
