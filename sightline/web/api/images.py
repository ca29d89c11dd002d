"""Images by day, camera, label, text and confidence; and one with everything that was found in it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request

from sightline.models.answers import Finding, Json
from sightline.models.images import ImageSummary
from sightline.services.seen_there import SeenThere
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.chosen import Chosen
from sightline.web.console import Console, console_of
from sightline.web.days import Placed, known_days, pictures_of
from sightline.web.errors import InvalidRequest
from sightline.web.found import FeatureShown, Shown
from sightline.web.inputs import day_of
from sightline.web.looking import LookedAt, look_at, note_viewed
from sightline.web.masks import contents_of, masked
from sightline.web.searching import cursor_of, place_of, search
from sightline.web.sought import Sought, require_sense
from sightline.web.visitors import Visitor

router = APIRouter(route_class=GuardedRoute)

READ_AT_ONCE = 100
MOST_LOOKED_AT = 5_000
"""Pictures of a day that one call looks at for those that are asked for; its cursor goes on from there."""


class Pictures(BaseModel):
    """Where a picture is to be had. The addresses need no token, and expire within two hours."""

    thumbnail: str = Field(description="at most 320 pixels wide and high")
    preview: str = Field(description="at most 1,280 pixels")


class Found(BaseModel):
    """One name with its confidence."""

    name: str
    confidence: float = Field(description="percent")


class ImageEntry(BaseModel):
    """An image in a list."""

    image_id: str
    camera: str
    taken_at: datetime = Field(description="with the camera's UTC offset")
    state: str
    sha256: str = Field(description="of its bytes")
    in_review: bool = Field(description="what was found is hidden from this user until they have answered")
    found: dict[str, list[Found]] = Field(description="by feature, the short form: names alone")
    looks_like: str | None = Field(description="not null: not paid for, and shown with this image's answer")
    pictures: Pictures


class ImageList(BaseModel):
    """A page of a list."""

    images: list[ImageEntry]
    cursor: str | None = Field(description="send it to go on; null at the end")


class BoxShape(BaseModel):
    """A rectangle in fractions of the upright picture, from its top left."""

    left: float
    top: float
    width: float
    height: float


class Detection(BaseModel):
    """One thing that was found."""

    name: str
    confidence: float = Field(description="percent")
    boxes: list[BoxShape]
    attributes: dict[str, Json] = Field(description="what only this feature knows, such as a label's parents")


class FeatureAnswer(BaseModel):
    """The answer of one feature."""

    status: str = Field(description="waiting, answered or rejected")
    because: str = Field(description="why it was rejected")
    detections: list[Detection]
    cut_percent: float | None = Field(description="nothing below this confidence can be in the answer")
    model_version: str
    analysis_id: str


class StandInFacts(BaseModel):
    """The image whose answer another one is shown with."""

    image_id: str
    distance: int = Field(description="bits, of 256, in which the two pictures' fingerprints differ")
    is_as_it_was: bool = Field(description="it still has the bytes that look alike")
    seen_there: dict[str, list[Found]] = Field(description="by feature; empty while the review hides it from this user")


class ImageFacts(BaseModel):
    """One image with everything that is known of it."""

    image_id: str
    state: str
    lane: str
    camera: str | None
    taken_at: datetime | None
    capture_source: str | None = Field(description="where the time comes from")
    width_pixels: int | None = Field(description="as stored: a JPEG may be turned by its EXIF orientation")
    height_pixels: int | None
    size_bytes: int | None
    sha256: str | None
    received_at: datetime
    version: int
    merged_version: int
    rejection: str | None = Field(description="why the image was refused")
    in_review: bool = Field(description="what was found is hidden from this user until they have answered")
    features: dict[str, FeatureAnswer]
    stand_in: StandInFacts | None = Field(description="not null: not paid for, and shown with this image's answer")
    pictures: Pictures | None


@dataclass
class Asked:
    """The parameters of a list of images."""

    day: Annotated[
        Annotated[str, AfterValidator(day_of)] | None,
        Query(
            json_schema_extra={"format": "date"},
            description="capture day, in the camera's time zone; without it all days, and a label or a text is needed",
        ),
    ] = None
    camera: Annotated[str | None, Query(max_length=2_048, description="one camera; all, if left out")] = None
    label: Annotated[str | None, Query(max_length=200, description="images that show this label")] = None
    text: Annotated[str | None, Query(max_length=200, description="images with this in a line of text")] = None
    since: Annotated[date | None, Query(description="without a day: the first capture day")] = None
    until: Annotated[date | None, Query(description="without a day: the last capture day")] = None
    at_least: Annotated[
        float, Query(ge=0, le=100, description="confidence of label and text, in percent; needs one of them")
    ] = 0
    below: Annotated[float | None, Query(ge=0, le=100, description="without a day: confidence below this")] = None
    limit: Annotated[int, Query(ge=1, le=100, description="how many at most")] = 50
    cursor: Annotated[str | None, Query(max_length=4_096, description="of the page before")] = None

    @property
    def chosen(self) -> Chosen:
        """Return which images are wanted."""
        return Chosen(self.label, self.text, self.at_least)

    @property
    def sought(self) -> Sought:
        """Return the same of all days."""
        return Sought(
            self.label or None, self.text or None, self.camera, self.since, self.until, self.at_least, self.below
        )


@router.get("/images")
@for_roles(Role.OWNER)
def list_images(request: Request, asked: Annotated[Asked, Depends()]) -> ImageList:
    """List images, the newest first: a day's, or by label or text those of all days.

    A page may hold fewer than `limit`, even none, while there is a cursor: it goes on from there. Asked for by label or
    text, images that the review asks this user about are left out. Of a day, names are found in capitals and small
    letters alike, and rows are asked; of all days as they are written, a text in capitals as well, and the graph is.
    """
    console, visitor = console_of(request), visitor_of(request)
    if asked.day is None:
        return _of_all_days(asked, visitor, console)
    if asked.since or asked.until or asked.below is not None:
        raise InvalidRequest("A day's images", rule="since, until and below are for lists without a day")
    if asked.at_least and asked.label is None and asked.text is None:
        rule = "a confidence filters only together with a label or a text"
        raise InvalidRequest("The input at_least", rule=rule, remedy="Name a label or a text, or leave it out")
    return _of_day(asked.day, asked, visitor, console)


def _of_all_days(asked: Asked, visitor: Visitor, console: Console) -> ImageList:
    if not asked.sought.is_complete:
        raise InvalidRequest(
            "Images of all days", rule="they are listed by a label or a text", remedy="Name one, or a day"
        )
    require_sense(asked.sought)
    found = search(asked.sought, visitor, console, place_of(asked.cursor), asked.limit)
    images = [_entry(hit.image, console, is_hidden=False) for hit in found.hits]
    return ImageList(images=images, cursor=cursor_of(found.more))


def _of_day(day: str, asked: Asked, visitor: Visitor, console: Console) -> ImageList:
    cameras = [*known_days(console)] if asked.camera is None else [asked.camera]
    found = pictures_of(day, cameras, console, _position(asked.cursor))
    images: list[ImageEntry] = []
    looked_at, last = 0, ""
    while len(images) < asked.limit and looked_at < MOST_LOOKED_AT:
        batch = list(islice(found, READ_AT_ONCE))
        if not batch:
            return _told(images, None, visitor, console)
        for place, entry in _entries(batch, asked.chosen, visitor, console):
            looked_at, last = looked_at + 1, place.position
            images += [entry] if entry else []
            if len(images) == asked.limit:
                break
    return _told(images, urlsafe_b64encode(last.encode()).decode(), visitor, console)


def _told(images: list[ImageEntry], cursor: str | None, visitor: Visitor, console: Console) -> ImageList:
    """Return a page of a day, and note whose answers a person who reviews has then seen."""
    note_viewed([each.image_id for each in images if "labels" in each.found], visitor, console)
    return ImageList(images=images, cursor=cursor)


def _entries(
    batch: list[Placed], wanted: Chosen, visitor: Visitor, console: Console
) -> Iterator[tuple[Placed, ImageEntry | None]]:
    """Return each image of a batch with its entry; None if it is not wanted, or must not be listed."""
    chosen = [each.image for each in batch if wanted.takes(each.image)]
    hidden = masked(contents_of(chosen), visitor, console)
    taken = {each.image_id for each in chosen} - (hidden if wanted.asks_what_was_found else frozenset())
    for each in batch:
        is_hidden = each.image.image_id in hidden
        yield each, _entry(each.image, console, is_hidden=is_hidden) if each.image.image_id in taken else None


def _entry(image: ImageSummary, console: Console, *, is_hidden: bool) -> ImageEntry:
    parts = {} if is_hidden else image.parts
    return ImageEntry(
        image_id=image.image_id,
        camera=image.capture.camera,
        taken_at=image.capture.taken_at,
        state=image.state.shown,
        sha256=image.content_sha256,
        in_review=is_hidden,
        found={feature: _found(part.finding) for feature, part in parts.items()},
        looks_like=image.capture.shown_with.image_id if image.capture.shown_with else None,
        pictures=_pictures(image.content_sha256, image.image_id, console),
    )


@router.get("/image")
@for_roles(Role.OWNER)
def get_image(
    request: Request, id: Annotated[str, Query(max_length=4_096, description="its URI: s3://bucket/key")]
) -> ImageFacts:
    """Return one image with its labels, faces, text and boxes, as far as they are there."""
    console, visitor = console_of(request), visitor_of(request)
    return _facts(look_at(id, visitor, console), console)


def _facts(looked_at: LookedAt, console: Console) -> ImageFacts:
    row = looked_at.row
    content, capture = row.content, row.capture
    return ImageFacts(
        image_id=row.image_id,
        state=row.state.shown,
        lane=row.lane.shown,
        camera=capture.camera if capture else None,
        taken_at=capture.taken_at if capture else None,
        capture_source=capture.source if capture else None,
        width_pixels=content.width_pixels if content else None,
        height_pixels=content.height_pixels if content else None,
        size_bytes=content.size_bytes if content else None,
        sha256=content.sha256 if content else None,
        received_at=row.received_at,
        version=row.version,
        merged_version=row.merged_version,
        rejection=row.rejection.message if row.rejection else None,
        in_review=looked_at.is_hidden,
        features={each.feature: _answer(each) for each in looked_at.features},
        stand_in=_stand_in(looked_at.seen_there) if looked_at.seen_there else None,
        pictures=_pictures(content.sha256, row.image_id, console) if content else None,
    )


def _stand_in(there: SeenThere) -> StandInFacts:
    return StandInFacts(
        image_id=there.stand_in.image_id,
        distance=there.stand_in.distance,
        is_as_it_was=there.is_as_it_was,
        seen_there={feature: _found(finding) for feature, finding in there.found.items()},
    )


def _found(finding: Finding) -> list[Found]:
    return [Found(name=name, confidence=confidence) for name, confidence in finding]


def _answer(feature: FeatureShown) -> FeatureAnswer:
    return FeatureAnswer(
        status=feature.status,
        because=feature.because,
        detections=[_detection(each) for each in feature.found],
        cut_percent=feature.cut_percent,
        model_version=feature.model_version,
        analysis_id=feature.analysis_id,
    )


def _detection(each: Shown) -> Detection:
    places = [BoxShape(left=box.left, top=box.top, width=box.width, height=box.height) for box in each.boxes]
    return Detection(name=each.name, confidence=each.confidence, boxes=places, attributes=dict(each.attributes))


def _pictures(sha256: str, image_id: str, console: Console) -> Pictures:
    thumbnail, preview = (console.signer.open_picture(width, sha256, image_id) for width in (320, 1280))
    return Pictures(thumbnail=thumbnail, preview=preview)


def _position(cursor: str | None) -> str | None:
    """Read a cursor; raise InvalidRequest if we never gave it out."""
    if not cursor:
        return None
    try:
        return urlsafe_b64decode(cursor).decode()
    except (NotBase64, ValueError) as error:
        raise InvalidRequest("The input cursor", rule="it must be one that a list has returned") from error
