"""What is new since the user last looked, in visits; nothing is marked as seen by looking alone."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.models.images import Capture, Content, ImageRow
from sightline.services.new_images import MOST_AT_ONCE, Shown, mark_seen, new_images, undo_seen
from sightline.stats.visits import Glimpse, visits
from sightline.storage.images.positions import position_at
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.errors import InvalidRequest
from sightline.web.masks import masked
from sightline.web.rendering import link, page

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

ULID_PATTERN = "[0-7][0-9A-HJKMNP-TV-Z]{25}"

LABELS_SHOWN = 3

Number = Annotated[int, Form(ge=0)]


@router.get("/new")
@for_roles(Role.OWNER)
def show_new(request: Request, seen: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """Show what arrived since the user last looked. seen: the mark that an undo would take back."""
    console, visitor = console_of(request), visitor_of(request)
    look = console.services.users.look(visitor.user)
    found = new_images(look, console.services.images, console.now)
    rows = console.services.images.get_many([each.image_id for each in found.entries])
    shown = dict(_with_picture(rows.values()))
    hidden = masked({row.image_id: content.sha256 for row, content, _ in shown.values()}, visitor, console)
    glimpses = [
        Glimpse(image_id, capture, 0.0 if image_id in hidden else max((c for _, c in _labels(row)), default=0.0))
        for image_id, (row, _, capture) in shown.items()
    ]
    return page(
        request,
        "new.html",
        visits=visits(glimpses, console.options.visit_gap),
        labels={image_id: _labels(row) for image_id, (row, _, _) in shown.items() if image_id not in hidden},
        contents={image_id: content.sha256 for image_id, (_, content, _) in shown.items()},
        hidden=hidden,
        others=[row for row in rows.values() if row.image_id not in shown],
        address=console.signer.picture,
        found=found,
        positions=" ".join(sorted(found.shown)),
        number=look.number if look else 0,
        most=MOST_AT_ONCE,
        undo=seen if look and look.number == seen and look.before else None,
    )


@router.post("/new/seen")
@for_roles(Role.OWNER, by_session=True)
def mark_as_seen(
    request: Request,
    until: Annotated[str, Form(pattern=f"^{ULID_PATTERN}$")],
    read_at: Annotated[AwareDatetime, Form()],
    number: Number,
    positions: Annotated[str, Form(pattern=f"^({ULID_PATTERN} ?)*$")] = "",
) -> Response:
    """Mark as seen what the page has shown, and nothing that came since."""
    console = console_of(request)
    shown = _shown(until, read_at, number, positions, console)
    look = mark_seen(visitor_of(request).user, shown, console.services.users)
    return RedirectResponse(link("/new", seen=look.number), HTTPStatus.SEE_OTHER)


@router.post("/new/undo")
@for_roles(Role.OWNER, by_session=True)
def take_back(request: Request, number: Number) -> Response:
    """Take the last mark back."""
    undo_seen(visitor_of(request).user, number, console_of(request).services.users)
    return RedirectResponse("/new", HTTPStatus.SEE_OTHER)


def _shown(until: str, read_at: datetime, number: int, positions: str, console: Console) -> Shown:
    if read_at > console.now or until > position_at(console.now):
        raise InvalidRequest("the mark", rule="a page cannot have shown what is still to come")
    return Shown(until, frozenset(positions.split()), read_at, number)


def _with_picture(rows: Iterable[ImageRow]) -> Iterator[tuple[str, tuple[ImageRow, Content, Capture]]]:
    for row in rows:
        if row.content is not None and row.capture is not None and row.rejection is None:
            yield row.image_id, (row, row.content, row.capture)


def _labels(row: ImageRow) -> list[tuple[str, float]]:
    """Return the labels that are most certain."""
    part = row.parts.get("labels")
    return sorted(part.finding if part else (), key=lambda each: -each[1])[:LABELS_SHOWN]
