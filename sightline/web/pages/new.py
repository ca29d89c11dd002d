"""What is new since the user last looked, in visits; nothing is marked as seen by looking alone."""

from collections import Counter
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.models.images import ImageRow, ImageSummary
from sightline.services.new_images import (
    DAYS_BACK,
    MOST_AT_ONCE,
    NewImages,
    Shown,
    is_late,
    mark_seen,
    new_images,
    undo_seen,
)
from sightline.storage.images.positions import position_at
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.errors import InvalidRequest
from sightline.web.masks import contents_of, masked
from sightline.web.rendering import link, page
from sightline.web.visits import Card, cards

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

ULID_PATTERN = "[0-7][0-9A-HJKMNP-TV-Z]{25}"

Number = Annotated[int, Form(ge=0)]


@router.get("/")
@for_roles(*Role)
def show_first_page(request: Request) -> Response:
    """Show owners what is new; the others get what they may open."""
    return show_new(request) if visitor_of(request).is_any(Role.OWNER) else page(request, "welcome.html")


@router.get("/new")
@for_roles(Role.OWNER)
def show_new(request: Request, seen: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """Show what arrived since the user last looked. seen: the mark that an undo would take back."""
    console, visitor = console_of(request), visitor_of(request)
    look = console.services.users.look(visitor.user)
    found = new_images(look, console.services.images, console.now)
    rows = console.services.images.get_many([each.image_id for each in found.entries])
    images = [image for row in rows.values() if (image := _shown_of(row))]
    pictured = {each.image_id for each in images}
    hidden = masked(contents_of(images), visitor, console)
    prompt, late = _parted(cards(images, hidden, visitor, console), found)
    return page(
        request,
        "new.html",
        prompt=prompt,
        late=late,
        pictures=len(images),
        by_camera=Counter(each.capture.camera for each in images).most_common(),
        others=[row for row in rows.values() if row.image_id not in pictured],
        address=console.signer.picture,
        found=found,
        days_back=DAYS_BACK,
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


def _parted(made: list[Card], found: NewImages) -> tuple[list[Card], list[Card]]:
    """Part the visits of which some picture arrived soon after it was taken from those that came late."""
    entries = {each.image_id: each for each in found.entries}
    late = [card for card in made if all(is_late(entries[each.image_id], each.capture) for each in card.pictures)]
    return [card for card in made if card not in late], late


def _shown_of(row: ImageRow) -> ImageSummary | None:
    """Return an image as lists show it; None if it was refused, or was never read."""
    return row.summary() if row.rejection is None else None
