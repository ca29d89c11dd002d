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
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations.days import Purpose
from sightline.storage.operations.protocol import OperationStore

PAGE = 500

BELOW_ANY_ROW = 1
"""A row is at version 2 before the graph first shows it: a bare node of version 1 gives way to whoever comes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One image that is shown wrongly. should: what the graph must show; shown: the version that it shows instead."""

    image_id: str
    differences: tuple[Difference, ...]
    should: GraphImage
    shown: int | None


class Comparison:
    """Rows against graph."""

    def __init__(self, images: ImageStore, graph: GraphStore) -> None:
        self._images = images
        self._graph = graph

    def of_day(self, day: CameraDay) -> Iterator[tuple[int, list[Finding]]]:
        """Compare a day page by page; give how many images were looked at, and those that are shown wrongly."""
        shown = self._graph.versions_of_day(day)
        strangers = dict.fromkeys(shown)
        entries = self._images.by_day(day.camera, day.day)
        while page := list(islice(entries, PAGE)):
            for entry in page:
                strangers.pop(entry.image_id, None)
            yield len(page), self._confirmed(self._suspects(page, shown))
        # The index by day may be late, so that a stranger is none: his own row decides.
        waiting = iter(strangers)
        while some := list(islice(waiting, PAGE)):
            yield len(some), self._confirmed(some)

    def _suspects(self, page: Sequence[ImageSummary], shown: Mapping[str, int | None]) -> list[str]:
        """Give what the graph may show wrongly, by the index: the cheap first look."""
        resting = [graph_image(entry) for entry in page if entry.state in {State.COMPLETE, State.STUCK}]
        refused = [entry.image_id for entry in page if entry.state is State.REJECTED]
        gone = [entry.image_id for entry in page if entry.state is State.GONE and entry.image_id in shown]
        return [*self._graph.differences(resting), *refused, *gone]

    def _confirmed(self, suspects: Sequence[str]) -> list[Finding]:
        """Look again: at the rows, at the graph, and at the rows once more. What moved meanwhile is no finding."""
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

    def mend(self, findings: Sequence[Finding]) -> int:
        """Show images as they must be, where the graph still shows what was found; give how many were changed.

        What the graph refuses stays a finding: the step that could not merge it has left a dead letter.
        """
        outcomes = self._graph.merge([replace(each.should, replaces=each.shown) for each in findings])
        return sum(isinstance(outcome, Merged) and outcome.is_changed for outcome in outcomes)


def expected(image_id: str, row: ImageRow | None) -> GraphImage | None:
    """Say what the graph must show; None for an image of which nothing can be said.

    Such a one is on its way, or got stuck on its way: nobody knows any more what of it was shown before.
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
    """Say that an image must not be shown, other than as the bare node of a gone one."""
    key = ObjectUri.parse(image_id).key
    return GraphImage(image_id, key, version, "", datetime.fromtimestamp(0, UTC), {}, is_gone=True)


log = structlog.get_logger()

CHOOSE, CHECK = "choose_parity_days", "check_parity"

NIGHTS = 30
"""Every day is looked at once in so many nights, also if nothing says that it changed."""

EXAMPLES = 10
"""How many findings a run's note keeps."""


class Audit:
    """One run over days. tell: called with each finding, as it is found."""

    def __init__(
        self, comparison: Comparison, *, repairs: bool, tell: Callable[[CameraDay, Finding], None] | None = None
    ) -> None:
        self._comparison = comparison
        self._repairs = repairs
        self._tell = tell or _log
        self._examples: list[str] = []
        self._counts = Counter(days=0, images=0, wrong=0, missing=0, extra=0, different=0, repaired=0)

    def check(self, day: CameraDay) -> None:
        """Compare one day; mend it, where that is wanted."""
        self._counts["days"] += 1
        for looked_at, findings in self._comparison.of_day(day):
            self._counts.update(images=looked_at, wrong=len(findings))
            for finding in findings:
                self._counts.update(str(each.kind) for each in finding.differences)
                self._examples.extend([finding.image_id] * (len(self._examples) < EXAMPLES))
                self._tell(day, finding)
            if findings and self._repairs:
                self._counts["repaired"] += self._comparison.mend(findings)

    @property
    def outcome(self) -> dict[str, Json]:
        """Give the counts, and some of the images that were shown wrongly."""
        return {**self._counts, "examples": self._examples}


def _log(day: CameraDay, finding: Finding) -> None:
    differences = [f"{each.kind}: {each.what}" for each in finding.differences[:EXAMPLES]]
    log.warning("The graph shows an image wrongly", image_id=finding.image_id, day=str(day), differences=differences)


def check_dirty(operations: OperationStore, audit: Audit, goes_on: Callable[[], bool]) -> None:
    """Work off the marks. A day stays marked until it was checked to its end; one marked meanwhile stays so."""
    for dirty in operations.dirty_days(Purpose.PARITY):
        if not goes_on():
            return
        audit.check(dirty.camera_day)
        operations.clean_day(dirty)


def run_check(run: LeasedRun, services: Services) -> Mapping[str, Json]:
    """Check and repair what is marked; where nothing is, the last result stands."""
    s = services
    audit = Audit(Comparison(s.images, s.graph), repairs=True)
    check_dirty(s.operations, audit, run.goes_on)
    before = s.operations.last_runs().get(CHECK)
    return audit.outcome if audit.outcome["days"] or before is None else before.outcome


def all_days(operations: OperationStore, graph: GraphStore) -> list[CameraDay]:
    """Give every day that rows or graph know of."""
    return sorted({*operations.known_days(), *graph.days()})


def days_of_night(days: Iterable[CameraDay], night: datetime) -> Iterator[CameraDay]:
    """Choose a thirtieth: another one each night, the same whoever asks."""
    run = night.date().toordinal() % NIGHTS
    return (day for day in days if int(hashlib.sha256(str(day).encode()).hexdigest(), 16) % NIGHTS == run)


def run_choose(services: Services) -> Mapping[str, Json]:
    """Mark tonight's days, beside those that are dirty."""
    s = services
    chosen, days = days_of_night(all_days(s.operations, s.graph), s.clock()), 0
    while some := list(islice(chosen, 500)):
        s.operations.mark_days(some, [Purpose.PARITY])
        days += len(some)
    return {"days": days}
