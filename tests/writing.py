"""Rows written as the steps write them, without the steps: for tests of what reads rows."""

from datetime import datetime

from stores.images.protocol import ImageStore
from stores.rows import Capture, Content, ImageRow, Lane, Part, PartStatus, Rejection, State
from vision.models import Finding

PERSON: Finding = (("Person", 97.5), ("Plant", 61.0))


def begun(images: ImageStore, image_id: str, taken_at: datetime, camera: str = "yard", asked: str = "1") -> ImageRow:
    """Bring an image to `analysing`, for the first time or again."""
    images.add(image_id, Lane.LIVE)
    seen = images.get(image_id)
    assert seen is not None
    content = Content(asked, f"etag of {asked}", 1000, 640, 480)
    row = images.begin(seen, content, Capture(camera, taken_at, "key"), {"labels": f"labels-{asked}"}, Lane.LIVE)
    assert row is not None
    return row


def analysed(
    images: ImageStore,
    image_id: str,
    taken_at: datetime,
    camera: str = "yard",
    found: Finding = PERSON,
    asked: str = "1",
) -> ImageRow:
    """Bring an image to `analysed`: the graph has yet to show it."""
    row = begun(images, image_id, taken_at, camera, asked)
    written = images.write_part(image_id, "labels", Part(row.wanted["labels"], PartStatus.ANSWERED, found))
    assert written is not None
    ready = images.mark_analysed(written)
    assert ready is not None
    return ready


def ended(images: ImageStore, image_id: str, state: State = State.GONE) -> ImageRow:
    """Give an image up."""
    seen = images.get(image_id)
    assert seen is not None
    row = images.end(seen, state, Rejection("ImageMissing", f"{image_id}: the object must exist. Upload it."))
    assert row is not None
    return row
