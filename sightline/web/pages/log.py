"""The audit log: who did what, the newest first."""

from collections.abc import Collection, Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from sightline.models.answers import Json
from sightline.spelling import cell
from sightline.storage.users.protocol import ACTS_LAST, Act, Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.acts import ACT, without_end
from sightline.web.console import console_of
from sightline.web.rendering import link, page
from sightline.web.times import utc_time

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

SHOWN = 100
NEWER = 20
"""So many entries of the page before are read again: the end of an act that was begun on this one may be among them."""

LONGEST_DETAILS = 300
"""A redrive names each of its letters; the log has them all, the page their beginning."""


@router.get("/log")
@for_roles(Role.OPERATOR)
def show_log(
    request: Request,
    before: Annotated[str | None, Query(pattern="^[0-9A-Z]{26}$")] = None,
    newer: Annotated[int, Query(ge=0, le=NEWER)] = 0,
) -> Response:
    """Show entries of the log; before: those that stand before this one; newer: so many of them were shown already."""
    acts = console_of(request).services.users.acts(before, newer + SHOWN + 1)
    tried, shown = without_end(acts), acts[newer : newer + SHOWN]
    rows = [
        (utc_time(each.at), cell(each.user), _what(each, tried), cell(each.on), _told(each.details)) for each in shown
    ]
    is_more = len(acts) > newer + SHOWN
    earlier = link("/log", before=shown[-1 - NEWER].act_id, newer=NEWER) if is_more else None
    return page(request, "log.html", rows=rows, earlier=earlier, days=ACTS_LAST.days)


def _what(act: Act, tried: Collection[str]) -> str:
    return cell(f"tried to {act.what}" if act.act_id in tried else act.what)


def _told(details: Mapping[str, Json]) -> str:
    told = {name: value for name, value in details.items() if name != ACT}
    text = cell(told) if told else ""
    return text if len(text) <= LONGEST_DETAILS else f"{text[:LONGEST_DETAILS]} …"
