"""The demonstration's reviewer leaves pictures of each kind to whoever looks after it."""

from collections import Counter

from dev.demo.verdicts import review_sample
from sightline.models.images import CameraDay
from sightline.services.review import progress_of, read_cells, scope_of
from sightline.stats.strata import Stratum
from sightline.stats.windows import days_of
from tests.unit.services.rollups.yard import LAST_DAY, Yard

IMAGES = {"yard": 20, "garden": 9, "gate": 4}
"""Of one day, as in the demo; the yard's first ones show people."""
PEOPLE, DAYS = 16, 2


def test_of_each_kind_of_picture_some_are_left_and_what_was_answered_is_a_sample() -> None:
    yard, truth = Yard(), dict[str, bool | None]()
    for day in days_of(LAST_DAY, DAYS):
        for camera, count in IMAGES.items():
            for number in range(count):
                is_there = camera == "yard" and number < PEOPLE
                yard.image(number, {"Person": 90.0} if is_there else {"Plant": 70.0}, day, camera)
                truth |= {uri: is_there for uri in yard.uris() if uri not in truth}
    days = {CameraDay(camera, day) for camera in IMAGES for day in days_of(LAST_DAY, DAYS)}
    assert 40 == review_sample(days, truth, yard.services, is_some_spared=True)
    cells = read_cells(scope_of("Person", None, LAST_DAY, 1, yard.operations), yard.services)
    left = Counter(each.stratum for cell in cells for waiting in cell.waiting.values() for each in waiting)
    assert {Stratum.A, Stratum.C} == set(left), left
    assert 0 == progress_of(cells, 5.0).held_back
