"""One camera's capture day, compared and mended."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from sightline.graph.protocol import Difference, GraphImage, GraphStore, Merged
from sightline.models.images import CameraDay, ImageRow, ImageSummary, State
from sightline.services.graph_merge import graph_image
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.images.protocol import ImageStore

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
