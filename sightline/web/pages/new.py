"""What is new since the user last looked, in visits; nothing is marked as seen by looking alone."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from pydantic import AwareDatetime, StringConstraints
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
    until_chosen,
)
from sightline.storage.images.positions import position_at
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.chosen import Chosen
from sightline.web.console import Console, console_of
from sightline.web.days import known_days, newest_day, pictures_of
from sightline.web.errors import InvalidRequest
from sightline.web.figures import near_from
from sightline.web.filters import Filters, Only
from sightline.web.masks import contents_of, masked
from sightline.web.rendering import link, page
from sightline.web.sought import WholePercent
from sightline.web.visits import Card, cards

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

ULID_PATTERN = "[0-7][0-9A-HJKMNP-TV-Z]{25}"

Number = Annotated[int, Form(ge=0)]
Positions = Annotated[str, StringConstraints(pattern=f"^({ULID_PATTERN} ?)*$")]
Text = Annotated[str | None, Query(max_length=2_048)]
Label = Annotated[str | None, Query(max_length=200)]

FILTERS = ("camera", "label", "at_least", "only")


@router.get("/")
@for_roles(*Role)
def show_first_page(request: Request) -> Response:
    """Show owners what is new; the others get what they may open."""
    return show_new(request) if visitor_of(request).is_any(Role.OWNER) else page(request, "welcome.html")


@router.get("/new")
@for_roles(Role.OWNER)
def show_new(
    request: Request,
    camera: Text = None,
    label: Label = None,
    at_least: WholePercent = 0,
    only: Only = "found",
    seen: Annotated[int | None, Query(ge=1)] = None,
    marked: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Show what arrived since the user last looked. seen, marked: the mark that an undo takes back, and its size."""
    console, visitor = console_of(request), visitor_of(request)
    look = console.services.users.look(visitor.user)
    found = new_images(look, console.services.images, console.now, read_each=console.reads.map)
    rows = console.services.images.get_many([each.image_id for each in found.entries])
    images = [image for row in rows.values() if (image := _shown_of(row))]
    hidden = masked(contents_of(images), visitor, console)
    filters = Filters(camera or None, label or None, at_least, only)
    rule, chosen = filters.near_rule(console.services.accuracy), filters.chosen(console.services.accuracy)
    listed = [each for each in images if _is_listed(each, filters, chosen, hidden)]
    prompt, late = _parted(cards(listed, hidden, visitor, console, chosen), found)
    places = {each.image_id: each.position for each in found.entries}
    shown = {places[each.image_id] for each in listed} if filters.is_any else {*places.values()}
    pictured = {each.image_id for each in images}
    return page(
        request,
        "new.html",
        last=None if found.entries else _last_picture(console),
        prompt=prompt,
        late=late,
        pictures=len(listed),
        of=len(images),
        by_camera=Counter(each.capture.camera for each in listed).most_common(),
        near=_near_misses(images, hidden, console),
        cameras=sorted({each.capture.camera for each in images} | ({camera} if camera else set())),
        filters=filters,
        chosen=chosen,
        unknown=filters.unknown(console.services.accuracy),
        near_from=near_from(rule, console) if rule else None,
        others=[] if filters.is_any else [row for row in rows.values() if row.image_id not in pictured],
        address=console.signer.picture,
        found=found,
        days_back=DAYS_BACK,
        places=places,
        positions=" ".join(sorted(shown)),
        until=until_chosen(sorted(places.values()), shown, found.until),
        number=look.number if look else 0,
        most=MOST_AT_ONCE,
        undo=seen if look and look.number == seen and look.before else None,
        marked=marked,
    )


@router.post("/new/seen")
@for_roles(Role.OWNER, by_session=True)
def mark_as_seen(
    request: Request,
    until: Annotated[str, Form(pattern=f"^{ULID_PATTERN}$")],
    read_at: Annotated[AwareDatetime, Form()],
    number: Number,
    positions: Annotated[str, Form(pattern=f"^({ULID_PATTERN} ?)*$")] = "",
    what: Annotated[Literal["all", "chosen"], Form()] = "all",
    chosen: Annotated[list[Positions], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Mark as seen what the page has shown, or what was chosen of it, and nothing that came since."""
    console = console_of(request)
    of_page = frozenset(positions.split())
    marked = of_page if what == "all" else of_page & {each for visit in chosen for each in visit.split()}
    if what == "chosen" and not marked:
        raise InvalidRequest("The mark", rule="at least one visit must be chosen", remedy="Choose it by its box")
    shown = _shown(until_chosen(sorted(of_page), marked, until), read_at, number, marked, console)
    look = mark_seen(visitor_of(request).user, shown, console.services.users)
    return RedirectResponse(_back(request, seen=look.number, marked=len(marked)), HTTPStatus.SEE_OTHER)


@router.post("/new/undo")
@for_roles(Role.OWNER, by_session=True)
def take_back(request: Request, number: Number) -> Response:
    """Take the last mark back."""
    undo_seen(visitor_of(request).user, number, console_of(request).services.users)
    return RedirectResponse(_back(request), HTTPStatus.SEE_OTHER)


def _back(request: Request, **query: int) -> str:
    """Return the address of the page, limited as it was."""
    kept = {name: value for name, value in request.query_params.items() if name in FILTERS}
    return link("/new", **kept, **query)


def _last_picture(console: Console) -> ImageSummary | None:
    """Return the picture that was taken last."""
    days = known_days(console)
    day = newest_day(days, None)
    if day is None:
        return None
    newest = next(pictures_of(day, [camera for camera in days if day in days[camera]], console), None)
    return newest.image if newest else None


def _is_listed(image: ImageSummary, filters: Filters, chosen: Chosen, hidden: Collection[str]) -> bool:
    """Return whether an image is listed. What the review hides is not, where a list says what was found."""
    is_hidden = chosen.asks_what_was_found and image.image_id in hidden
    return filters.camera in {None, image.capture.camera} and chosen.takes(image) and not is_hidden


def _near_misses(images: Iterable[ImageSummary], hidden: Collection[str], console: Console) -> int:
    """Return how many of the images that may be told of nearly show the first watched label."""
    if not console.services.accuracy.rules:
        return 0
    near = Filters(only="near").chosen(console.services.accuracy)
    return sum(near.takes(each) for each in images if each.image_id not in hidden)


def _shown(until: str, read_at: datetime, number: int, positions: frozenset[str], console: Console) -> Shown:
    if read_at > console.now or until > position_at(console.now):
        raise InvalidRequest("The mark", rule="a page cannot have shown what is still to come")
    return Shown(until, positions, read_at, number)


def _parted(made: list[Card], found: NewImages) -> tuple[list[Card], list[Card]]:
    """Part the visits of which some picture arrived soon after it was taken from those that came late."""
    entries = {each.image_id: each for each in found.entries}
    late = [card for card in made if all(is_late(entries[each.image_id], each.capture) for each in card.pictures)]
    return [card for card in made if card not in late], late


def _shown_of(row: ImageRow) -> ImageSummary | None:
    """Return an image as lists show it; None if it was refused, or was never read."""
    return row.summary() if row.rejection is None else None
