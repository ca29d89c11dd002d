"""Take the graph back to its rows where it is newer, as it is after the rows were restored from a backup.

Only `sightline sync --full` does this. It looks at every row, and at every image that the graph shows, since the backup
may be older than some images. A version goes down only after the row was read again, consistently, while the image's
lock in the graph was held: a merge that is under way waits, and then finds the lower version. A row that changes after
that read enters the feed, which the next sync reads.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import structlog

from sightline.errors import SightlineError
from sightline.graph.protocol import GraphImage, GraphStore, Merged
from sightline.models.images import CameraDay, ImageRow
from sightline.services.graph_merge import graph_image
from sightline.services.parity import expected
from sightline.services.sync import PAGE, is_due
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

log = structlog.get_logger()

MOST_PERCENT = 5.0
"""Of all images: if more would go back, the rows may be the wrong ones, and a person must say so."""


class WouldGoBack(SightlineError):
    """So many images are newer in the graph that the rows are perhaps not the ones that were meant."""

    rule = f"at most {MOST_PERCENT:g} % of the images go back to older rows unasked"
    remedy = "Check that the right backup was restored; then run `sightline sync --full --yes`"


@dataclass(frozen=True, slots=True)
class Newer:
    """An image that the graph shows newer than its row. row: None if there is none."""

    image_id: str
    shown: int
    row: ImageRow | None

    @property
    def should(self) -> GraphImage | None:
        """Return what the graph must show; None if the row is in flight, so that it is not known yet."""
        should = expected(self.image_id, self.row)
        if should is None and self.row and is_due(self.row, 0):
            should = graph_image(self.row)
        return replace(should, replaces=self.shown) if should else None


@dataclass(frozen=True, slots=True)
class Page:
    """Some images. day: whose they are, if the graph was asked for a day."""

    looked_at: int
    newer: Sequence[Newer]
    day: CameraDay | None = None


class GoingBack:
    """Finds the images that the graph shows newer than their rows, and takes them back."""

    def __init__(self, images: ImageStore, graph: GraphStore, operations: Operations) -> None:
        self._images = images
        self._graph = graph
        self._operations = operations

    def pages(self) -> Iterator[Page]:
        """Look at every row, then at the images of which there is no row."""
        rows = self._images.scan(None)
        while some := list(islice(rows, PAGE)):
            shown = self._graph.versions([row.image_id for row in some])
            yield Page(len(some), [Newer(id_, shown[id_], row) for id_, row in _ahead(some, shown)])
        for day in self._graph.days():
            yield from self._without_row(day)

    def _without_row(self, day: CameraDay) -> Iterator[Page]:
        shown = {name: version for name, version in self._graph.versions_of_day(day).items() if version is not None}
        names = iter(shown)
        while some := list(islice(names, PAGE)):
            rows = self._images.get_many(some)
            found = [Newer(name, shown[name], None) for name in some if name not in rows]
            yield Page(len(found), found, day)

    def take_back(self, page: Page) -> int:
        """Show the older rows; return how many images went back. One that changed meanwhile is left to the feed."""
        rows = {each.image_id: each.row for each in page.newer}
        due = [should for each in page.newer if (should := each.should)]
        if not due:
            return 0
        if page.day:  # its rows are gone, so no row marks the day
            self._operations.dirty_days.mark([page.day])
        outcomes = self._graph.lower(due, self._unchanged(rows))
        changed = [each.image_id for each in map(_raise_or_log, outcomes) if each and each.is_changed]
        for image_id in changed:
            row = rows[image_id]
            if row and row.merged_version < row.version:
                self._images.mark_merged(image_id, row.version)
        return len(changed)

    def _unchanged(self, rows: Mapping[str, ImageRow | None]) -> Callable[[Sequence[str]], set[str]]:
        def read_again(image_ids: Sequence[str]) -> set[str]:
            now = self._images.get_many(image_ids)
            return {image_id for image_id in image_ids if now.get(image_id) == rows[image_id]}

        return read_again


def _raise_or_log(outcome: Merged | Exception) -> Merged | None:
    """Return an outcome; log one that the graph refuses, which stays as it is and is reported as still newer."""
    if isinstance(outcome, Merged):
        return outcome
    if not isinstance(outcome, SightlineError):
        raise outcome
    log.warning("The graph refuses an older row", error=str(outcome))
    return None


def _ahead(rows: Sequence[ImageRow], shown: Mapping[str, int]) -> Iterator[tuple[str, ImageRow]]:
    return ((row.image_id, row) for row in rows if shown.get(row.image_id, 0) > row.version)


@dataclass(frozen=True, slots=True)
class Survey:
    """How many images were looked at; how many the graph shows newer, and how many of those are in flight."""

    looked_at: int
    newer: int
    in_flight: int

    def require_few(self) -> None:
        """Raise WouldGoBack if more than a few images would go back."""
        going = self.newer - self.in_flight
        if going * 100 > MOST_PERCENT * self.looked_at:
            raise WouldGoBack(f"{going:,} of {self.looked_at:,} images are newer in the graph than in the rows")


def survey(going_back: GoingBack, watch: Callable[[int], None]) -> Survey:
    """Count; change nothing."""
    looked_at = newer = in_flight = 0
    for page in going_back.pages():
        looked_at += page.looked_at
        newer += len(page.newer)
        in_flight += sum(each.should is None for each in page.newer)
        watch(page.looked_at)
    return Survey(looked_at, newer, in_flight)
