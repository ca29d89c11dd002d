"""Merge: show the image, whole, in the graph; then note on its row which version the graph shows.

Images that are merged at the same moment share the read of their rows, the transaction, and the note.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sightline.errors import SightlineError
from sightline.graph.group_commit import GroupCommit
from sightline.graph.protocol import GraphImage, Merged
from sightline.models.images import ImageRow, ImageSummary, State
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.images.protocol import ImageStore

Merges: TypeAlias = GroupCommit[str, bool]
"""Merges images by id; the outcome of each is whether the graph was behind."""


def merge(image_id: str, *, merges: Merges) -> bool:
    """Merge the row as it is then, if the graph is behind it; return whether it was.

    The row is read and not sent: a late message merges the newest version, and a second one finds nothing to do.
    """
    with merges.in_hand():
        return merges.merge(image_id)


@dataclass(frozen=True, slots=True)
class RowMerger:
    """Merges the rows of many images, for a group commit. merge_all: the graph's merge, one outcome for each image."""

    images: ImageStore
    merge_all: Callable[[Sequence[GraphImage]], list[Merged | Exception]]

    def __call__(self, image_ids: Sequence[str]) -> list[bool | Exception]:
        """Return for each image, in order, whether the graph was behind its row, or its own error.

        Raise what concerns all of them: DynamoDB or Neo4j is away.
        """
        outcomes: dict[str, bool | Exception] = {}
        due: dict[str, GraphImage] = {}
        for image_id, row in self._read(dict.fromkeys(image_ids)).items():
            try:
                shown = _shown(row)
            except Exception as error:  # noqa: BLE001 - one row that cannot be shown must not fail the others
                outcomes[image_id] = error
                continue
            outcomes[image_id] = shown is not None
            if shown is not None:
                due[image_id] = shown
        if due:
            outcomes |= self._merge(due)
        return [outcomes[image_id] for image_id in image_ids]

    def _read(self, image_ids: Iterable[str]) -> "dict[str, ImageRow | Exception | None]":
        """Read the rows, consistently. If one of them cannot be decoded, each is read by itself."""
        wanted = list(image_ids)
        try:
            found = self.images.get_many(wanted)
        except SightlineError:
            raise
        except Exception:  # noqa: BLE001 - it concerns one row, and nobody knows which
            return {image_id: self._read_one(image_id) for image_id in wanted}
        return {image_id: found.get(image_id) for image_id in wanted}

    def _read_one(self, image_id: str) -> "ImageRow | Exception | None":
        try:
            return self.images.get(image_id)
        except Exception as error:  # noqa: BLE001 - it is this image's outcome
            return error

    def _merge(self, due: dict[str, GraphImage]) -> dict[str, bool | Exception]:
        merged = dict(zip(due, self.merge_all(list(due.values())), strict=True))
        versions = {image_id: due[image_id].version for image_id, each in merged.items() if isinstance(each, Merged)}
        unnoted = self.images.mark_many_merged(versions) if versions else {}
        refused = {image_id: each for image_id, each in merged.items() if isinstance(each, Exception)}
        return dict.fromkeys(due, True) | refused | unnoted


def _shown(row: "ImageRow | Exception | None") -> GraphImage | None:
    """Return what the graph is to show of a row; None if it is not behind. Raise what reading the row met."""
    if isinstance(row, Exception):
        raise row
    if row is None:
        return None
    row.require_known()
    return graph_image(row) if row.is_merge_due else None


def graph_image(row: ImageRow | ImageSummary) -> GraphImage:
    """Return the image as the graph shows it. A rejected one has no findings; a gone one is a bare node."""
    if row.capture is None:
        message = f"{row.image_id} has no capture, so it was never analysed and has no place in the graph"
        raise ValueError(message)
    stand_in = None if row.state is State.REJECTED else row.capture.shown_with
    return GraphImage(
        image_id=row.image_id,
        object_key=ObjectUri.parse(row.image_id).key,
        version=row.version,
        camera=row.capture.camera,
        taken_at=row.capture.taken_at,
        findings={name: part.finding for name, part in row.parts.items()},
        is_gone=row.state is State.GONE,
        video=row.capture.video,
        offset_ms=row.capture.offset_ms,
        looks_like=stand_in.image_id if stand_in else "",
        distance=stand_in.distance if stand_in else 0,
    )
