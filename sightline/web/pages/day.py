"""A day's visits, the newest first."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response

from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.chosen import NO_IMAGES
from sightline.web.console import console_of
from sightline.web.days import BEGUN, BEGUN_AMONG, known_days, newest_day, pictures_of
from sightline.web.errors import NoSuchPage
from sightline.web.figures import near_from
from sightline.web.filters import Filters, Only
from sightline.web.inputs import day_of
from sightline.web.rendering import page
from sightline.web.sought import Empty, WholePercent
from sightline.web.strip import strip
from sightline.web.visits import cards, listed

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Day = Annotated[Annotated[str, AfterValidator(day_of)] | None, Empty, Query()]
Text = Annotated[str | None, Query(max_length=2_048)]
Label = Annotated[str | None, Query(max_length=200)]


@router.get("/day")
@for_roles(Role.OWNER)
def show_day(
    request: Request,
    camera: Text = None,
    day: Day = None,
    label: Label = None,
    at_least: WholePercent = 0,
    only: Only = "found",
    before: Text = None,
) -> Response:
    """Show the visits of a camera's day, or of all cameras'; or those that show a label, or nearly do."""
    console, visitor, camera = console_of(request), visitor_of(request), camera or None
    days = known_days(console)
    if camera is not None and camera not in days:
        raise NoSuchPage(camera, rule="no camera of this name has taken a picture", remedy="Choose one of the list")
    shown_day = day or newest_day(days, camera)
    cameras = [name for name in days if camera in {None, name}] if shown_day else []
    filters = Filters(camera, label or None, at_least, only)
    rule, chosen = filters.near_rule(console.services.accuracy), filters.chosen(console.services.accuracy)
    begun = BEGUN_AMONG if chosen.asks_what_was_found else BEGUN
    with console.day_turns.take():
        pictures = pictures_of(
            shown_day or "", cameras if chosen != NO_IMAGES else (), console, before, begun, chosen.features
        )
        found = listed(pictures, chosen, visitor, console)
        made = cards(found.images, found.hidden, visitor, console, chosen)
    of_cameras = sorted({each for name in days if camera in {None, name} for each in days[name]}, reverse=True)
    return page(
        request,
        "day.html",
        cards=made,
        strip=strip(made),
        hidden=found.hidden,
        pictures=len(found.images),
        address=console.signer.picture,
        cameras=[*days],
        day=shown_day,
        days=of_cameras,
        earlier=max((each for each in of_cameras if each < (shown_day or "")), default=None),
        later=min((each for each in of_cameras if each > (shown_day or "")), default=None),
        filters=filters,
        chosen=chosen,
        unknown=filters.unknown(console.services.accuracy),
        near_from=near_from(rule, console) if rule else None,
        watched=[rule.label for rule in console.services.accuracy.rules],
        before=before,
        more=found.more,
    )
