"""The next questions of a long window: kept by `plan_review`, and asked when somebody reviews.

Each is checked against the verdicts of its day, and against its image's bytes, when it is asked. To leave out what was
answered keeps the order within each cell and stratum, so the sample stays one.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from sightline.models.answers import Json
from sightline.models.images import CameraDay, ImageRow, State
from sightline.services.collaborators import Services
from sightline.services.review import Progress, ToReview, ask
from sightline.services.rollups.figures import window_from_json
from sightline.services.rollups.plan import method_of
from sightline.stats.queue import Request
from sightline.stats.sampling import Candidate, Cell
from sightline.stats.strata import StrataRule, Stratum
from sightline.storage.images.protocol import ImageStore
from sightline.storage.rollups.protocol import Rollup, RollupKey
from sightline.storage.verdicts.protocol import VerdictStore

LONGEST_BYTES = 300_000
"""Of the questions as JSON: an item holds 400 KB. Of images with very long keys fewer are kept."""

REMEMBERED = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """The next questions about a window of all cameras, in the order in which they narrow recall.

    rollup: the window's figures that it goes with; seen: their hashes of population and verdicts when it was last
    compared with them; is_whole: nothing but these questions was left to ask
    """

    rollup: RollupKey
    seen: tuple[str, str]
    salt_hash: str
    is_whole: bool
    requests: Sequence[Request]


def read_plan(rule: StrataRule, window_days: int, services: Services) -> ReviewPlan | None:
    """Return the plan of a label and window; None if there is none, or if it is of another threshold or sample."""
    kept = services.operations.checkpoints.get(_name(rule.label, window_days))
    if kept is None:
        return None
    plan = _from_json(kept)
    is_same = plan.rollup.method == method_of(rule) and plan.salt_hash == salt_hash(services.accuracy.salt)
    return plan if is_same else None


def keep_plan(plan: ReviewPlan, services: Services) -> None:
    """Keep a plan in place of the one before."""
    name = _name(plan.rollup.label, plan.rollup.window_days)
    services.operations.checkpoints.keep(name, _to_json(plan), REMEMBERED)


def ask_planned(plan: ReviewPlan, count: int, services: Services) -> list[ToReview]:
    """Store and return the next `count` questions of a plan that nobody has answered."""
    return ask(unanswered(plan, count, services.images, services.verdicts), services)


def progress_of_plan(plan: ReviewPlan, services: Services) -> Progress | None:
    """Return how far the review of the plan's window had come at its last rollup; None if there is none any more."""
    key = plan.rollup
    found = services.rollups.between(key.camera, key.label, key.window_days, key.end_day, key.end_day)
    rollup = next((each for each in found if each.key == key), None)
    if rollup is None:
        return None
    window = window_from_json(rollup.figures["window"])
    return Progress(window.reviewed, window.figures.recall, window.advice, window.outside.held_back)


def unanswered(plan: ReviewPlan, count: int, images: ImageStore, verdicts: VerdictStore) -> list[Request]:
    """Return the first `count` questions that nobody has answered, about images that still show the same bytes."""
    return list(islice(all_unanswered(plan, count, images, verdicts), count))


def all_unanswered(plan: ReviewPlan, at_once: int, images: ImageStore, verdicts: VerdictStore) -> Iterator[Request]:
    """Yield all of them as they are taken. at_once: how many rows are read together, of questions without an answer."""
    waiting = _without_answer(plan, verdicts)
    while batch := list(islice(waiting, at_once)):
        rows = images.get_many({each.candidate.image_id for each in batch})
        yield from (each for each in batch if _is_as_planned(rows.get(each.candidate.image_id), each))


def _without_answer(plan: ReviewPlan, verdicts: VerdictStore) -> Iterator[Request]:
    answered: dict[CameraDay, set[tuple[str, str]]] = {}
    for each in plan.requests:
        camera_day = _day_of(each)
        if camera_day not in answered:
            answered[camera_day] = _answered(camera_day, plan.rollup.label, verdicts)
        if (each.candidate.image_id, each.candidate.content) not in answered[camera_day]:
            yield each


def _day_of(request: Request) -> CameraDay:
    return CameraDay(request.cell.camera, request.cell.day)


def _answered(camera_day: CameraDay, label: str, verdicts: VerdictStore) -> set[tuple[str, str]]:
    given = (kept.verdict for kept in verdicts.of_day(camera_day))
    return {(each.image_id, each.content) for each in given if each.label == label and each.counts_for(each.content)}


def _is_as_planned(row: ImageRow | None, request: Request) -> bool:
    if row is None or row.content is None or row.capture is None or row.state is State.GONE:
        return False
    return (row.content.sha256, row.capture.camera_day) == (request.candidate.content, _day_of(request))


def fitting(requests: Iterable[Request]) -> Iterator[Request]:
    """Yield the requests that fit into one item."""
    size = 0
    for each in requests:
        size += len(json.dumps(_request_to_json(each))) + len(", ")
        if size > LONGEST_BYTES:
            return
        yield each


def hashes_of(rollup: Rollup) -> tuple[str, str]:
    """Return what changes with a window's images, and what changes with its verdicts."""
    return (rollup.population_hash, rollup.verdicts_hash)


def salt_hash(salt: str) -> str:
    """Name the salt of a plan without telling it: who knows it knows which images will be asked for."""
    return hashlib.sha256(salt.encode()).hexdigest()[:16]


def _name(label: str, window_days: int) -> str:
    return f"review plan {window_days} {label}"


def _to_json(plan: ReviewPlan) -> dict[str, Json]:
    key = plan.rollup
    return {
        "rollup": [key.camera, key.label, key.window_days, key.end_day, key.model, key.method],
        "seen": list(plan.seen),
        "salt_hash": plan.salt_hash,
        "is_whole": plan.is_whole,
        "images": [_request_to_json(each) for each in plan.requests],
    }


def _request_to_json(request: Request) -> list[Json]:
    cell, image = request.cell, request.candidate
    percent = image.confidence_percent
    return [cell.camera, cell.day, image.image_id, image.content, image.stratum, percent, image.hour]


def _from_json(kept: Mapping[str, Json]) -> ReviewPlan:
    key = RollupKey(*kept["rollup"])
    population, verdicts = kept["seen"]
    requests = [
        Request(Cell(camera, key.label, day), Candidate(image_id, content, Stratum.read(stratum), percent, hour))
        for camera, day, image_id, content, stratum, percent, hour in kept["images"]
    ]
    return ReviewPlan(key, (population, verdicts), kept["salt_hash"], kept["is_whole"], requests)
