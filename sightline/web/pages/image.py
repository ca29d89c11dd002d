"""One image: the picture with its boxes, beside it what was found, and what is known of it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.models.answers import Json
from sightline.models.images import MOVED, OF_A_VIDEO, UPLOAD_TIME, Capture, Content, ImageRow
from sightline.stats.verdicts import Answer
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import console_of
from sightline.web.days import beside
from sightline.web.found import boxes_of
from sightline.web.looking import look_at, row_of, verdicts_of, volunteer
from sightline.web.rendering import link, page

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

ImageId = Annotated[str, Query(max_length=4_096)]
Side = Literal["before", "next"]

TIME_FROM = {
    "key": "the file's name",
    "metadata": "the object's metadata",
    "exif": "the picture's EXIF",
    UPLOAD_TIME: "the upload, as nothing else tells it",
    OF_A_VIDEO: "when the video begins, and the frame's place in it",
}
"""Where a capture time comes from, in words, by its source."""


@router.get("/image")
@for_roles(Role.OWNER)
def show_image(request: Request, id: ImageId, said: str = "", end: Side | None = None) -> Response:
    """Show one image. end: on which side of it there is none."""
    console, visitor = console_of(request), visitor_of(request)
    looked_at = look_at(id, visitor, console)
    row, hidden, features = looked_at.row, looked_at.is_hidden, looked_at.features
    content, signer = row.content, console.signer
    placed = list(boxes_of(features))
    return page(
        request,
        "image.html",
        row=row,
        hidden=hidden,
        features=features,
        seen_there=looked_at.seen_there,
        boxes=placed,
        ranks={name: rank for rank, name in enumerate(dict.fromkeys(each.feature for each in placed))},
        thresholds={rule.label: rule.threshold_percent for rule in console.services.accuracy.rules},
        facts=list(facts_of(row)),
        verdicts=verdicts_of(row, visitor, console, hidden=hidden),
        picture=signer.picture(1280, content.sha256, row.image_id) if content else None,
        original=signer.original(content.sha256, row.image_id) if content else None,
        end=end,
        said=said if said in {*Answer} else "",
    )


@router.get("/image/beside")
@for_roles(Role.OWNER)
def show_beside(request: Request, id: ImageId, side: Side) -> Response:
    """Lead to the camera's picture before or after one, on its day.

    It is looked for when somebody goes there: each side asks whether the day is spread, and its shards.
    """
    console = console_of(request)
    row = row_of(id, console)
    found = beside(row.image_id, row.capture, console, is_later=side == "next") if row.capture else None
    place = link("/image", id=found) if found else link("/image", id=row.image_id, end=side)
    return RedirectResponse(place, HTTPStatus.SEE_OTHER)


def facts_of(row: ImageRow) -> Iterator[tuple[str, Json]]:
    """Return what is known of an image besides what was found in it, in words."""
    yield "image", row.image_id
    yield "state", row.state.shown
    yield "added as", row.lane.shown
    if row.capture:
        yield "camera", row.capture.camera
        yield "time from", _time_from(row.capture)
        if row.capture.video:
            yield "frame of", f"{row.capture.video}, {row.capture.offset_ms / 1000:g} s after its beginning"
        yield from ((name, value) for name, value in _doubts(row) if value)
    if row.content:
        yield from _of_content(row.content)
    yield "received at", row.received_at.isoformat(timespec="seconds")
    yield "version", f"{row.version}, the graph shows {row.merged_version}"
    if row.rejection:
        yield "refused", row.rejection.message


def _time_from(capture: Capture) -> str:
    if capture.source != MOVED:
        return TIME_FROM.get(capture.source, capture.source)
    return f"a correction of the camera's clock; first read from {TIME_FROM.get(capture.read_source, 'elsewhere')}"


def _doubts(row: ImageRow) -> Iterator[tuple[str, str]]:
    if row.capture:
        yield "time doubted", row.capture.doubt
        yield "ignored", "; ".join(row.capture.ignored)


def _of_content(content: Content) -> Iterator[tuple[str, str]]:
    yield "pixels", f"{content.width_pixels} × {content.height_pixels}"
    yield "bytes", f"{content.size_bytes:,}"
    yield "sha256", content.sha256
    yield from (("version in S3", content.version),) if content.version else ()


@router.post("/image/verdict")
@for_roles(Role.OWNER)
def give_verdict(
    request: Request,
    id: Annotated[str, Form()],
    label: Annotated[str, Form()],
    answer: Annotated[Answer, Form()],
    content: Annotated[str, Form()],
) -> Response:
    """Keep what a person says who has seen the answer: it changes no figure."""
    volunteer(id, label, answer, content, visitor_of(request), console_of(request))
    return RedirectResponse(link("/image", id=id, said=str(answer)), HTTPStatus.SEE_OTHER)
