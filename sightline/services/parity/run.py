"""Parity of many days: by night those that changed and a thirtieth of the rest; by hand whatever is asked for."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice

import structlog

from sightline.graph.protocol import GraphStore
from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun
from sightline.services.parity.compare import Comparison, Finding
from sightline.storage.dirty_days import Purpose
from sightline.storage.operations import Operations

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


def check_dirty(operations: Operations, audit: Audit, goes_on: Callable[[], bool]) -> None:
    """Work off the marks. A day stays marked until it was checked to its end; one marked meanwhile stays so."""
    for dirty in operations.dirty_days.dirty(Purpose.PARITY):
        if not goes_on():
            return
        audit.check(dirty.camera_day)
        operations.dirty_days.clean(dirty)


def run_check(run: LeasedRun, services: Services) -> Mapping[str, Json]:
    """Check and repair what is marked; where nothing is, the last result stands."""
    s = services
    audit = Audit(Comparison(s.images, s.graph), repairs=True)
    check_dirty(s.operations, audit, run.goes_on)
    before = s.operations.runs.last().get(CHECK)
    return audit.outcome if audit.outcome["days"] or before is None else before.outcome


def all_days(operations: Operations, graph: GraphStore) -> list[CameraDay]:
    """Give every day that rows or graph know of."""
    return sorted({*operations.dirty_days.known(), *graph.days()})


def days_of_night(days: Iterable[CameraDay], night: datetime) -> Iterator[CameraDay]:
    """Choose a thirtieth: another one each night, the same whoever asks."""
    run = night.date().toordinal() % NIGHTS
    return (day for day in days if int(hashlib.sha256(str(day).encode()).hexdigest(), 16) % NIGHTS == run)


def run_choose(services: Services) -> Mapping[str, Json]:
    """Mark tonight's days, beside those that are dirty."""
    s = services
    chosen, days = days_of_night(all_days(s.operations, s.graph), s.clock()), 0
    while some := list(islice(chosen, 500)):
        s.operations.dirty_days.mark(some, [Purpose.PARITY])
        days += len(some)
    return {"days": days}
