"""Days of images that are analysed already, and their review, for pages that show figures."""

from collections.abc import Mapping
from datetime import timedelta

from sightline.services.review import ask_next, read_cells, scope_of
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.verdicts import Answer, Source
from sightline.stats.windows import days_of
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth

COUNT = 40
"""Images of a day and camera: a third of them is found, a sixth nearly."""


def fill(yard: Yard, days: int = 2, cameras: tuple[str, ...] = ("yard", "gate")) -> None:
    """Write some days of images with confidences of every band."""
    for day in days_of(LAST_DAY, days):
        for camera in cameras:
            for number in range(COUNT):
                yard.image(number, found_in(number), day, camera)


def found_in(number: int) -> Mapping[str, float]:
    """Return what the detector found. Of ten images that show a person (see `truth`) it finds six, and two nearly."""
    if truth(f"/{number}.jpg") is Answer.PRESENT:
        kind = number // 4 % 5
        return {"Plant": 70.0} if kind == 0 else {"Person": 42.0 if kind == 1 else 60.0 + number}
    return {1: {"Person": 51.0 + number / 3}, 3: {"Person": 34.0}}.get(number % 10, {"Plant": 70.0})


def review(yard: Yard, count: int, reviewer: str = "ann", days: int = 2, last_day: str = LAST_DAY) -> list[str]:
    """Answer the truth about the next images, as the review asks for them; return which those were."""
    scope = scope_of("Person", None, last_day, days, yard.operations)
    asked = [
        each.request.candidate.image_id for each in ask_next(read_cells(scope, yard.services), count, yard.services)
    ]
    for uri in asked:
        answer(yard, uri, reviewer, truth(uri))
    return asked


def answer(yard: Yard, uri: str, reviewer: str, said: Answer) -> None:
    """Answer the review about one image."""
    yard.clock.move(timedelta(seconds=1))
    spoken = Said(uri, "Person", reviewer, said, yard.clock.now, source=Source.SAMPLED)
    yard.verdicts.write(verdict_of(spoken, judge_of(yard.services)))
