"""The audit log: who did what, the newest first."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from sightline.models.answers import Json
from sightline.spelling import cell
from sightline.storage.users.protocol import ACTS_LAST, Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.console import console_of
from sightline.web.rendering import link, page
from sightline.web.times import utc_time

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

SHOWN = 100
LONGEST_DETAILS = 300
"""A redrive names each of its letters; the log has them all, the page their beginning."""


@router.get("/log")
@for_roles(Role.OPERATOR)
def show_log(request: Request, before: Annotated[str | None, Query(pattern="^[0-9A-Z]{26}$")] = None) -> Response:
    """Show entries of the log; before: those that stand before this one."""
    acts = console_of(request).services.users.acts(before, SHOWN + 1)
    shown = acts[:SHOWN]
    rows = [(utc_time(each.at), cell(each.user), cell(each.what), cell(each.on), _told(each.details)) for each in shown]
    earlier = link("/log", before=shown[-1].act_id) if len(acts) > SHOWN else None
    return page(request, "log.html", rows=rows, earlier=earlier, days=ACTS_LAST.days)


def _told(details: Mapping[str, Json]) -> str:
    text = cell(details) if details else ""
    return text if len(text) <= LONGEST_DETAILS else f"{text[:LONGEST_DETAILS]} …"
