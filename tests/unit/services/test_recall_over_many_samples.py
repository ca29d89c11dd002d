"""Does the interval of recall hold the truth? Twenty samples of the same images; pixels: `bench/accuracy_pixels.py`."""

from dataclasses import replace

import pytest

from dev.demo.verdicts import review_sample, true_recall
from sightline.models.images import CameraDay
from sightline.services.review import Scope, progress_of, read_cells
from sightline.stats.figures import Figure, Interval
from sightline.stats.verdicts import Answer
from sightline.testing.operations import in_memory_operations
from sightline.testing.verdicts import InMemoryVerdictStore
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth

IMAGES = 120
DAY = CameraDay("yard", LAST_DAY)


@pytest.fixture(scope="module")
def yard() -> Yard:
    yard = Yard()
    yard.images_of_a_day(IMAGES)
    return yard


def true_share(yard: Yard) -> float:
    rows = list(yard.images.scan())
    found, present = true_recall(rows, shows_person(yard), 50.0)
    return found / present


def shows_person(yard: Yard) -> dict[str, bool | None]:
    return {uri: truth(uri) is Answer.PRESENT for uri in yard.uris()}


def recall(yard: Yard, salt: str, reviews: int) -> Figure:
    """Estimate from what the queue asks for under a salt, with nothing reviewed before."""
    operations = in_memory_operations(yard.clock)
    plan = replace(yard.services.accuracy, salt=salt)
    services = replace(
        yard.services, operations=operations, verdicts=InMemoryVerdictStore(operations.dirty_days), accuracy=plan
    )
    assert reviews == review_sample({DAY}, shows_person(yard), services, reviews)
    return progress_of(read_cells(Scope("Person", [DAY]), services), plan.target_points).recall


def test_the_interval_holds_the_true_recall_in_at_least_17_of_20_samples(yard):
    intervals = [recall(yard, f"salt {number}", 40) for number in range(20)]
    assert all(isinstance(each, Interval) and 0 < each.width < 1 for each in intervals)
    assert 17 <= sum(each.low <= true_share(yard) <= each.high for each in intervals)
    assert len(set(intervals)) > 10  # they are samples, not one


def test_when_every_image_is_reviewed_the_interval_is_the_truth(yard):
    exact = true_share(yard)
    assert Interval(exact, exact, exact) == recall(yard, "any", IMAGES)
