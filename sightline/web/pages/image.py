"""One image: the picture with its boxes, beside it what was found, and what is known of it."""

from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.errors import ImageMissing
from sightline.models.answers import Json
from sightline.models.images import Content, ImageRow
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.verdicts import Answer, Source
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.users.protocol import MarkKind, Role
from sightline.storage.verdicts.protocol import KeptVerdict
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.days import neighbours
from sightline.web.errors import InReview
from sightline.web.found import boxes_of, features_of
from sightline.web.masks import is_masked
from sightline.web.rendering import link, page
from sightline.web.visitors import Visitor

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

VIEWED_LASTS = timedelta(days=400)
"""How long it is remembered that somebody saw an image's answers: longer than any figure looks back."""

ImageId = Annotated[str, Query(max_length=4_096)]


@router.get("/image")
@for_roles(Role.OWNER)
def show_image(request: Request, id: ImageId, said: str = "") -> Response:
    """Show one image."""
    console, visitor = console_of(request), visitor_of(request)
    row = row_of(id, console)
    hidden = is_masked(row, visitor, console)
    features = [] if hidden else features_of(row, console)
    if features:
        console.services.users.mark(visitor.user, MarkKind.VIEWED, [row.image_id], VIEWED_LASTS)
    before, after = neighbours(row.image_id, row.capture, console) if row.capture else (None, None)
    content, signer = row.content, console.signer
    placed = list(boxes_of(features))
    return page(
        request,
        "image.html",
        row=row,
        hidden=hidden,
        features=features,
        boxes=placed,
        ranks={name: rank for rank, name in enumerate(dict.fromkeys(each.feature for each in placed))},
        thresholds={rule.label: rule.threshold_percent for rule in console.services.accuracy.rules},
        facts=list(facts_of(row)),
        verdicts=verdicts_of(row, visitor, console, hidden=hidden),
        picture=signer.picture(1280, content.sha256, row.image_id) if content else None,
        original=signer.original(content.sha256, row.image_id) if content else None,
        before=before,
        after=after,
        said=said if said in {*Answer} else "",
    )


def row_of(image_id: str, console: Console) -> ImageRow:
    """Return an image's row; raise InvalidUri, or ImageMissing if there is none."""
    row = console.services.images.get(str(ObjectUri.parse(image_id)))
    if row is None:
        raise ImageMissing(image_id, rule="the image must have been added", remedy="Add it with `sightline add`")
    return row


def facts_of(row: ImageRow) -> Iterator[tuple[str, Json]]:
    """Return what is known of an image besides what was found in it, in words."""
    yield "image", row.image_id
    yield "state", row.state.shown
    yield "lane", row.lane.shown
    if row.capture:
        yield "camera", row.capture.camera
        yield "time from", row.capture.source
        yield from ((name, value) for name, value in _doubts(row) if value)
    if row.content:
        yield from _of_content(row.content)
    yield "received at", row.received_at.isoformat(timespec="seconds")
    yield "version", f"{row.version}, the graph shows {row.merged_version}"
    if row.rejection:
        yield "refused", row.rejection.message


def _doubts(row: ImageRow) -> Iterator[tuple[str, str]]:
    if row.capture:
        yield "time doubted", row.capture.doubt
        yield "ignored", "; ".join(row.capture.ignored)


def _of_content(content: Content) -> Iterator[tuple[str, str]]:
    yield "pixels", f"{content.width_pixels} × {content.height_pixels}"
    yield "bytes", f"{content.size_bytes:,}"
    yield "sha256", content.sha256
    yield from (("version in S3", content.version),) if content.version else ()


def verdicts_of(row: ImageRow, visitor: Visitor, console: Console, *, hidden: bool) -> list[KeptVerdict]:
    """Return the verdicts that this visitor may see: their own, and those of others once theirs is given."""
    kept = console.services.verdicts.of_image(row.image_id)
    return [each for each in kept if not hidden or each.verdict.reviewer == visitor.user]


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


def volunteer(
    image_id: str, label: str, answer: Answer, content: str | None, visitor: Visitor, console: Console
) -> KeptVerdict:
    """Keep a volunteered verdict; raise InReview if the answers are hidden, VerdictStands if a blind one is there."""
    if is_masked(row_of(image_id, console), visitor, console):
        raise InReview(image_id)
    services = console.services
    said = Said(image_id, label, visitor.user, answer, console.now, content, Source.VOLUNTEERED)
    kept = verdict_of(said, judge_of(services))
    services.verdicts.write(kept)
    return kept
