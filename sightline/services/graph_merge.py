"""Merge: show the image, whole, in the graph; then note on its row which version the graph shows."""

from sightline.graph.group_commit import GroupCommit
from sightline.graph.protocol import GraphImage
from sightline.models.images import ImageRow, ImageSummary, State
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.images.protocol import ImageStore


def merge(image_id: str, *, images: ImageStore, merges: GroupCommit) -> bool:
    """Merge the row as it is now, if the graph is behind it; return whether it was.

    The row is read here and not sent: a late message merges the newest version, and a second one finds nothing to do.
    """
    with merges.in_hand():
        row = images.get(image_id)
        if row:
            row.require_known()
        if row is None or not row.is_merge_due:
            return False
        merges.merge(graph_image(row))
    images.mark_merged(image_id, row.version)
    return True


def graph_image(row: ImageRow | ImageSummary) -> GraphImage:
    """Return the image as the graph shows it. A rejected one has no findings; a gone one is a bare node."""
    if row.capture is None:
        message = f"{row.image_id} has no capture, so it was never analysed and has no place in the graph"
        raise ValueError(message)
    return GraphImage(
        image_id=row.image_id,
        object_key=ObjectUri.parse(row.image_id).key,
        version=row.version,
        camera=row.capture.camera,
        taken_at=row.capture.taken_at,
        findings={name: part.finding for name, part in row.parts.items()},
        is_gone=row.state is State.GONE,
    )
