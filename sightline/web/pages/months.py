"""One month against another: which labels are seen more often, of each thousand pictures, and which less."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response

from sightline.errors import Unavailable
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.charts import drawn
from sightline.web.console import console_of
from sightline.web.inputs import month_of
from sightline.web.pattern_charts import pairs
from sightline.web.pattern_pages import pattern_page, problem_page
from sightline.web.patterns import (
    USUAL_LEAST,
    ComparedMonths,
    TooManyToCount,
    compare_months,
    months_with_pictures,
)
from sightline.web.sought import Empty, Name, Percent
from sightline.web.times import month_name

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Month = Annotated[Annotated[str, AfterValidator(month_of)] | None, Empty, Query()]

DRAWN = 12
LISTED = 100
"""Labels in the table: those that changed most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of the page."""

    before: Month = None
    after: Month = None
    camera: Name = None
    at_least: Percent = None


@router.get("/months")
@for_roles(Role.OWNER)
def show_months(request: Request, asked: Annotated[Asked, Depends()]) -> Response:
    """Compare two months; the newest that has pictures with the one before it, if none is named."""
    console = console_of(request)
    known = months_with_pictures(asked.camera, console)
    after = asked.after or next(iter(known), None)
    before = asked.before or next((month for month in known if after and month < after), after)
    at_least = USUAL_LEAST if asked.at_least is None else asked.at_least
    fields = Asked(before, after, asked.camera, at_least)
    if before is None or after is None:
        return pattern_page(request, "months.html", fields, months=None, known=known)
    try:
        compared = ComparedMonths(before, after, asked.camera, at_least)
        months = compare_months(compared, visitor_of(request), console)
    except (Unavailable, TooManyToCount) as error:
        return problem_page(request, "months.html", fields, error, months=None, known=known)
    names = month_name(before), month_name(after)
    return pattern_page(
        request,
        "months.html",
        fields,
        months=months,
        known=known,
        names=names,
        listed=LISTED,
        chart=drawn(pairs(months.labels[:DRAWN], *names, "How many of 1,000 pictures show each label")),
    )
