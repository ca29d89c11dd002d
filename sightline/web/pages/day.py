"""A day's pictures, the newest first."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from sightline.models.images import ImageSummary
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import console_of
from sightline.web.days import known_days, newest_day, pictures_of, take
from sightline.web.errors import NoSuchPage
from sightline.web.masks import contents_of, masked
from sightline.web.rendering import page

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

PICTURES_ON_A_PAGE = 60
LABELS_SHOWN = 3

Day = Annotated[str | None, Query(pattern=r"^\d{4}-\d\d-\d\d$")]
Text = Annotated[str | None, Query(max_length=2_048)]


@router.get("/")
@for_roles(*Role)
def show_first_page(request: Request, camera: Text = None, day: Day = None, before: Text = None) -> Response:
    """Show the newest day's pictures to owners; the others get what they may open."""
    if not visitor_of(request).is_any(Role.OWNER):
        return page(request, "welcome.html")
    return show_day(request, camera, day, before)


@router.get("/day")
@for_roles(Role.OWNER)
def show_day(request: Request, camera: Text = None, day: Day = None, before: Text = None) -> Response:
    """Show the pictures of a camera's day, or of all cameras'."""
    console, camera = console_of(request), camera or None
    days = known_days(console)
    if camera is not None and camera not in days:
        raise NoSuchPage(camera, rule="no camera of this name has taken a picture", remedy="Choose one of the list")
    shown_day = day or newest_day(days, camera)
    cameras = [name for name in days if camera in {None, name}] if shown_day else []
    pictures, more = take(pictures_of(shown_day or "", cameras, console, before), PICTURES_ON_A_PAGE)
    images = [each.image for each in pictures]
    hidden = masked(contents_of(images), visitor_of(request), console)
    return page(
        request,
        "day.html",
        images=images,
        labels={each.image_id: [] if each.image_id in hidden else labels_of(each) for each in images},
        hidden=hidden,
        address=console.signer.picture,
        cameras=[*days],
        camera=camera,
        day=shown_day,
        days=days[camera] if camera else sorted({each for name in days for each in days[name]}, reverse=True),
        more=more,
    )


def labels_of(image: ImageSummary) -> list[tuple[str, float]]:
    """Return the labels that are most certain."""
    part = image.parts.get("labels")
    found = part.finding if part else ()
    return sorted(found, key=lambda each: -each[1])[:LABELS_SHOWN]
