"""Rows written as the steps would write them, for tests of what reads rows."""

from datetime import datetime

from sightline.models.answers import Finding
from sightline.models.images import (
    Capture,
    Content,
    FeatureResult,
    ImageRow,
    Lane,
    Rejection,
    ResultStatus,
    StandIn,
    State,
)
from sightline.storage.images.protocol import ImageStore

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
    """Bring an image to `analysed`: the graph does not show it yet."""
    row = begun(images, image_id, taken_at, camera, asked)
    written = images.write_result(image_id, "labels", FeatureResult(row.wanted["labels"], ResultStatus.ANSWERED, found))
    assert written is not None
    ready = images.mark_analysed(written)
    assert ready is not None
    return ready


def spared(images: ImageStore, image_id: str, taken_at: datetime, like: ImageRow) -> ImageRow:
    """Bring an image to `analysed` that is not paid for: another one stands in for it."""
    images.add(image_id, Lane.LIVE)
    seen = images.get(image_id)
    assert seen is not None
    assert like.content is not None
    stand_in = StandIn(like.image_id, like.content.sha256, 3)
    content = Content(image_id, f"etag of {image_id}", 1000, 640, 480)
    row = images.begin(seen, content, Capture("yard", taken_at, "key", stand_in=stand_in), {}, Lane.LIVE)
    assert row is not None
    ready = images.mark_analysed(row)
    assert ready is not None
    return ready


def ended(images: ImageStore, image_id: str, state: State = State.GONE) -> ImageRow:
    """Give an image up."""
    seen = images.get(image_id)
    assert seen is not None
    row = images.end(seen, state, Rejection("ImageMissing", f"{image_id}: the object must exist. Upload it."))
    assert row is not None
    return row
