"""Parity: do rows and graph show the same, image for image and relationship for relationship?

Rows say what must be shown, the graph shows what it shows. A difference counts only if a second, consistent read of the
rows, before and after one of the graph, finds the image at rest: an image in flight is no difference.

By night, the days that changed are compared, and one thirtieth of the rest; `sightline parity` compares any day.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

import structlog

from sightline.graph.protocol import Difference, GraphImage, GraphStore, Merged
from sightline.models.answers import Json
from sightline.models.images import CameraDay, ImageRow, ImageSummary, State
from sightline.services.collaborators import Services
from sightline.services.graph_merge import graph_image
from sightline.services.leased_runs import LeasedRun
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dirty_days import Purpose
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

log = structlog.get_logger()

CHOOSE, CHECK = "choose_parity_days", "check_parity"

NIGHTS = 30
"""Every day is compared once in this many nights, even if it is not marked as changed."""

EXAMPLES = 10
"""How many findings the outcome of a run lists."""

PAGE = 500

BELOW_ANY_ROW = 1
"""The graph first shows a row at version 2 or later, so a bare node of version 1 gives way to any row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One image that is shown wrongly. should: what the graph must show; shown: the version that it shows instead."""

    image_id: str
    differences: tuple[Difference, ...]
    should: GraphImage
    shown: int | None


class Comparison:
    """Compares rows with the graph, and repairs the graph."""

    def __init__(self, images: ImageStore, graph: GraphStore) -> None:
        self._images = images
        self._graph = graph

    def of_day(self, day: CameraDay) -> Iterator[tuple[int, list[Finding]]]:
        """Compare a day page by page; yield the number of images compared, and the findings."""
        shown = self._graph.versions_of_day(day)
        unlisted = dict.fromkeys(shown)
        entries = self._images.by_day(day.camera, day.day)
        while page := list(islice(entries, PAGE)):
            for entry in page:
                unlisted.pop(entry.image_id, None)
            yield len(page), self._confirmed(self._suspects(page, shown))
        # The index by day lags, so an image that it does not list may still be right: its own row decides.
        waiting = iter(unlisted)
        while some := list(islice(waiting, PAGE)):
            yield len(some), self._confirmed(some)

    def _suspects(self, page: Sequence[ImageSummary], shown: Mapping[str, int | None]) -> list[str]:
        """Return the images that the graph may show wrongly, judging by the index: a cheap first comparison."""
        resting = [graph_image(entry) for entry in page if entry.state in {State.COMPLETE, State.STUCK}]
        refused = [entry.image_id for entry in page if entry.state is State.REJECTED]
        gone = [entry.image_id for entry in page if entry.state is State.GONE and entry.image_id in shown]
        return [*self._graph.differences(resting), *refused, *gone]

    def _confirmed(self, suspects: Sequence[str]) -> list[Finding]:
        """Read again: rows, graph, and rows once more. An image that changed meanwhile is not a finding."""
        if not suspects:
            return []
        before = self._images.get_many(suspects)
        should = {image_id: expected(image_id, before.get(image_id)) for image_id in suspects}
        asked = [image for image in should.values() if image]
        shown = self._graph.versions([image.image_id for image in asked])
        wrong = self._graph.differences(asked)
        after = self._images.get_many(wrong)
        return [
            Finding(image.image_id, tuple(wrong[image.image_id]), image, shown.get(image.image_id))
            for image in asked
            if image.image_id in wrong and before.get(image.image_id) == after.get(image.image_id)
        ]

    def repair(self, findings: Sequence[Finding]) -> int:
        """Make the graph show what it should, if it still shows what was found; return the number of images changed.

        An image that the graph refuses stays a finding: the step that could not merge it has left a dead letter.
        """
        outcomes = self._graph.merge([replace(each.should, replaces=each.shown) for each in findings])
        return sum(isinstance(outcome, Merged) and outcome.is_changed for outcome in outcomes)


def expected(image_id: str, row: ImageRow | None) -> GraphImage | None:
    """Return what the graph must show for an image; None if that is unknown.

    It is unknown for an image in flight, and for one stuck in flight: what was shown of it before is not recorded.
    """
    if row is None:
        return _nothing(image_id, BELOW_ANY_ROW)
    is_at_rest = row.state in {State.COMPLETE, State.REJECTED, State.GONE} or row.is_stuck_as_shown
    if row.is_merge_due or not is_at_rest:
        return None
    if row.capture is None or row.merged_version == 0:
        return _nothing(image_id, max(row.version, BELOW_ANY_ROW))
    return graph_image(row)


def _nothing(image_id: str, version: int) -> GraphImage:
    """Return an image that must not be shown, except as the bare node of a deleted one."""
    key = ObjectUri.parse(image_id).key
    return GraphImage(image_id, key, version, "", datetime.fromtimestamp(0, UTC), {}, is_gone=True)


class Audit:
    """One run over days. tell: called with each finding."""

    def __init__(
        self, comparison: Comparison, *, repairs: bool, tell: Callable[[CameraDay, Finding], None] | None = None
    ) -> None:
        self._comparison = comparison
        self._repairs = repairs
        self._tell = tell or _log
        self._examples: list[str] = []
        self._counts = Counter(days=0, images=0, wrong=0, missing=0, extra=0, different=0, repaired=0)

    def check(self, day: CameraDay) -> None:
        """Compare one day; repair it if this run repairs."""
        self._counts["days"] += 1
        for looked_at, findings in self._comparison.of_day(day):
            self._counts.update(images=looked_at, wrong=len(findings))
            for finding in findings:
                self._counts.update(str(each.kind) for each in finding.differences)
                self._examples.extend([finding.image_id] * (len(self._examples) < EXAMPLES))
                self._tell(day, finding)
            if findings and self._repairs:
                self._counts["repaired"] += self._comparison.repair(findings)

    @property
    def outcome(self) -> dict[str, Json]:
        """Return the counts, and some of the images that were shown wrongly."""
        return {**self._counts, "examples": self._examples}


def _log(day: CameraDay, finding: Finding) -> None:
    differences = [f"{each.kind}: {each.what}" for each in finding.differences[:EXAMPLES]]
    log.warning("The graph shows an image wrongly", image_id=finding.image_id, day=str(day), differences=differences)


def check_dirty(operations: Operations, audit: Audit, goes_on: Callable[[], bool]) -> None:
    """Check the marked days. A day keeps its mark until it is checked to its end, or if it is marked again."""
    for dirty in operations.dirty_days.dirty(Purpose.PARITY):
        if not goes_on():
            return
        audit.check(dirty.camera_day)
        operations.dirty_days.clean(dirty)


def run_check(run: LeasedRun, services: Services) -> Mapping[str, Json]:
    """Check and repair the marked days; if none is marked, return the last result."""
    audit = Audit(Comparison(services.images, services.graph), repairs=True)
    check_dirty(services.operations, audit, run.goes_on)
    before = services.operations.runs.last().get(CHECK)
    return audit.outcome if audit.outcome["days"] or before is None else before.outcome


def all_days(operations: Operations, graph: GraphStore) -> list[CameraDay]:
    """Return every day that the rows or the graph know."""
    return sorted({*operations.dirty_days.known(), *graph.days()})


def days_of_night(days: Iterable[CameraDay], night: datetime) -> Iterator[CameraDay]:
    """Yield one thirtieth of the days: a different one each night, the same on every call."""
    run = night.date().toordinal() % NIGHTS
    return (day for day in days if int(hashlib.sha256(str(day).encode()).hexdigest(), 16) % NIGHTS == run)


def run_choose(services: Services) -> Mapping[str, Json]:
    """Mark tonight's days, in addition to those that are dirty."""
    operations, days = services.operations, 0
    chosen = days_of_night(all_days(operations, services.graph), services.clock())
    while some := list(islice(chosen, PAGE)):
        operations.dirty_days.mark(some, [Purpose.PARITY])
        days += len(some)
    return {"days": days}
