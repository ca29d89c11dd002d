"""A month's days, with links to those that have pictures."""

from calendar import Calendar
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.console import console_of
from sightline.web.days import known_days, newest_day
from sightline.web.rendering import page

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/calendar")
@for_roles(Role.OWNER)
def show_calendar(
    request: Request, month: Annotated[str | None, Query(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$")] = None
) -> Response:
    """Show a month; the newest that has pictures, if none is named."""
    console = console_of(request)
    days = known_days(console)
    newest = newest_day(days, None) or f"{console.now:%Y-%m-%d}"
    shown = month or newest[:7]
    cameras: dict[str, int] = {}
    for of_camera in days.values():
        for day in of_camera:
            cameras[day] = cameras.get(day, 0) + 1
    months = sorted({day[:7] for day in cameras})
    first = date.fromisoformat(f"{shown}-01")
    weeks = [
        [day if day.month == first.month else None for day in week]
        for week in Calendar().monthdatescalendar(first.year, first.month)
    ]
    return page(
        request,
        "calendar.html",
        month=shown,
        weeks=weeks,
        cameras=cameras,
        earlier=max((each for each in months if each < shown), default=None),
        later=min((each for each in months if each > shown), default=None),
    )
