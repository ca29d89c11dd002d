"""When a label is seen: a heat map of weekday and hour, whose cells lead to their pictures."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.accuracy_report.drawing import Chart
from sightline.errors import Unavailable
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.charts import drawn, png_of
from sightline.web.console import Console, console_of
from sightline.web.errors import NoSuchPage
from sightline.web.pattern_charts import TALL, WIDE, heat_map
from sightline.web.pattern_pages import Asked, pattern_page, problem_page
from sightline.web.patterns import Cell, Counted, TooManyToCount, by_time, last_one
from sightline.web.rendering import link
from sightline.web.times import WEEKDAYS
from sightline.web.visitors import Visitor

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Fields = Annotated[Asked, Depends()]


@router.get("/patterns")
@for_roles(Role.OWNER)
def lead_to_patterns() -> Response:
    """Lead to the first page of what the menu calls Patterns: people write that name as an address."""
    return RedirectResponse("/heat", HTTPStatus.SEE_OTHER)


@router.get("/heat")
@for_roles(Role.OWNER)
def show_heat(request: Request, asked: Fields) -> Response:
    """Show the heat map of a label over some weeks, and the same as a table."""
    console = console_of(request)
    asked = asked.filled(console)
    counted = asked.counted(console)
    if counted is None:
        return pattern_page(request, "heat.html", asked, counted=None)
    try:
        cells = by_time(counted, visitor_of(request), console)
        last = None if cells else last_one(counted, visitor_of(request), console)
        title = title_of(counted)
    except (Unavailable, TooManyToCount) as error:
        return problem_page(request, "heat.html", asked, error)
    return pattern_page(
        request,
        "heat.html",
        asked,
        counted=counted,
        cells=cells,
        last=last,
        charts=[drawn(heat_map(cells, title, partial(address_of, counted), each)) for each in (WIDE, TALL)],
        weekdays=WEEKDAYS,
        address=lambda *cell: address_of(counted, cell),
        picture=link("/heat.png", **fields_of(asked)),
    )


@router.get("/heat.png")
@for_roles(Role.OWNER)
def show_picture(request: Request, asked: Fields) -> Response:
    """Return the heat map as a picture."""
    console = console_of(request)
    chart = _chart(asked.filled(console).counted(console), visitor_of(request), console)
    return Response(png_of(chart), media_type="image/png")


def _chart(counted: Counted | None, visitor: Visitor, console: Console) -> Chart:
    if counted is None:
        raise NoSuchPage(
            "This picture", rule="no picture has been taken that could be counted", remedy="Name another camera"
        )
    return heat_map(by_time(counted, visitor, console), title_of(counted), lambda cell: address_of(counted, cell))


def title_of(counted: Counted) -> str:
    """Return what a chart shows."""
    days, camera = counted.days, counted.camera or "all cameras"
    return f"{counted.label} from {counted.at_least:g} % up, {camera}, {days.first} to {days.last}"


def address_of(counted: Counted, cell: Cell) -> str:
    """Return where a cell leads: to its pictures."""
    weekday, hour = cell
    days = {"since": counted.days.first, "until": counted.days.last}
    found = {"label": counted.label, "camera": counted.camera, "at_least": f"{counted.at_least:g}"}
    return link("/search", **found, **days, weekday=weekday, hour=hour)


def fields_of(asked: Asked) -> dict[str, object]:
    """Return the fields as an address has them."""
    return {
        "label": asked.label,
        "camera": asked.camera,
        "weeks": asked.weeks,
        "day": asked.day,
        "at_least": None if asked.at_least is None else f"{asked.at_least:g}",
    }
