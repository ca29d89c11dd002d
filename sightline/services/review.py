"""The review queue: which images a person should look at next, and how far the review has come.

Each question is stored before its image is shown. Only an answer to a question counts in an estimate: images that
people pick because they catch the eye are not a random sample.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sightline.errors import SightlineError
from sightline.models.images import CameraDay
from sightline.services.collaborators import Services
from sightline.services.days_before import reviewed_before
from sightline.services.rollups.cells import ModelCell, cells_of, read_day
from sightline.stats.advice import Advice, Measure, advise
from sightline.stats.counts import ReviewedCell
from sightline.stats.figures import Figure, estimate
from sightline.stats.queue import Request, next_images
from sightline.stats.strata import StrataRule
from sightline.stats.windows import days_of, evidence_of
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.operations import Operations
from sightline.storage.verdicts.protocol import Asked

LINK_LASTS = timedelta(hours=12)
"""A day's work; S3 allows at most a week."""


class NothingToReview(SightlineError):
    """There is no analysed image in these days."""

    rule = "there must be analysed images to review"
    remedy = "Name another --day or --camera, or run `sightline sync`, which records new days"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is reviewed: a watched label on some camera days."""

    label: str
    camera_days: Sequence[CameraDay]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the review of a scope has come.

    recall: the current estimate; advice: what to review to reach the target
    held_back: reviewed images that count once those earlier in the order are reviewed
    """

    reviewed: int
    recall: Figure
    advice: Advice
    held_back: int


@dataclass(frozen=True, slots=True)
class ToReview:
    """An image to look at. link: a temporary URL that needs no credentials."""

    request: Request
    link: str


def scope_of(label: str, camera: str | None, end_day: str, window_days: int, operations: Operations) -> Scope:
    """Return the camera days with images in the window that ends on a day; raise NothingToReview if there are none."""
    known = list(operations.dirty_days.known(camera, days_of(end_day, window_days)[0], end_day))
    if not known:
        raise NothingToReview(f"{camera or 'all cameras'}, {window_days} days up to {end_day}")
    return Scope(label, known)


def newest_day(camera: str | None, operations: Operations) -> str:
    """Return the newest capture day that has images; raise NothingToReview if there is none."""
    days = operations.dirty_days
    newest = max((each.day for each in days.known()), default=None) if camera is None else days.newest(camera)
    if newest is None:
        raise NothingToReview(camera or "all cameras")
    return newest


def read_cells(scope: Scope, services: Services) -> list[ReviewedCell]:
    """Return the scope's images as the newest detector version saw them, with their verdicts."""
    rule = services.accuracy.rule_of(scope.label)
    found = [cell for camera_day in scope.camera_days for cell in _cells(camera_day, rule, services)]
    if not found:
        raise NothingToReview(f"{scope.label}, {len(scope.camera_days)} camera days")
    newest = max(found, key=lambda cell: (cell.reviewed.cell.day, len(cell.reviewed.candidates))).model
    return [cell.reviewed for cell in found if cell.model == newest]


def _cells(camera_day: CameraDay, rule: StrataRule, services: Services) -> list[ModelCell]:
    return cells_of(read_day(camera_day, services.images, services.verdicts), rule, services.accuracy)


def ask_next(cells: Sequence[ReviewedCell], count: int, services: Services) -> list[ToReview]:
    """Choose the images whose verdicts narrow recall most, store the questions, and return them with links."""
    requests = next_images(cells, count, Measure.RECALL, reviewed_before(cells, services))
    return ask(requests, services)


def ask(requests: Sequence[Request], services: Services) -> list[ToReview]:
    """Store questions, and return them with links."""
    remember(requests, services)
    return [ToReview(request, _link(request, services.buckets)) for request in requests]


def remember(requests: Sequence[Request], services: Services) -> None:
    """Store questions, before anybody sees their images."""
    services.verdicts.ask(_asked(requests, services))


def in_blind_order(asked: Sequence[ToReview], salt: str) -> list[ToReview]:
    """Shuffle what was asked, by a hash: the queue's own order goes by stratum, which would tell what to expect."""
    return sorted(asked, key=lambda each: blind_key(salt, each.request.candidate.image_id))


def blind_key(salt: str, image_id: str) -> str:
    """Return the place of an image in a list that is shown to a reviewer."""
    return hashlib.sha256(f"shown\n{salt}\n{image_id}".encode()).hexdigest()


def _asked(requests: Iterable[Request], services: Services) -> list[Asked]:
    now = services.clock()
    rules = {rule.label: rule for rule in services.accuracy.rules}
    return [
        Asked(
            each.candidate.image_id,
            each.cell.label,
            each.candidate.content,
            each.candidate.stratum,
            rules[each.cell.label].threshold_percent,
            now,
        )
        for each in requests
    ]


def _link(request: Request, buckets: Buckets) -> str:
    return buckets.link(ObjectUri.parse(request.candidate.image_id), LINK_LASTS)


def progress_of(cells: Sequence[ReviewedCell], target_points: float) -> Progress:
    """Return how far the review has come."""
    evidence = evidence_of([cell.counts() for cell in cells])
    reviewed = sum(len(prefix) for cell in cells for prefix in cell.prefixes.values())
    answered = sum(len(cell.candidates) - sum(map(len, cell.waiting.values())) for cell in cells)
    return Progress(
        reviewed,
        estimate(evidence, "review").recall,
        advise(evidence, Measure.RECALL, target_points / 100),
        answered - reviewed,
    )
