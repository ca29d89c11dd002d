"""A month's days: how many pictures each has, with a link to them."""

from calendar import Calendar, monthrange
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response

from sightline.services.new_images import DaysWithNew, days_with_new
from sightline.services.rollups.day_counts import DayCount, day_counts
from sightline.stats.strata import StrataRule
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.days import known_days, newest_day
from sightline.web.inputs import month_of
from sightline.web.rendering import page
from sightline.web.sought import Empty
from sightline.web.times import month_name

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/calendar")
@for_roles(Role.OWNER)
def show_calendar(
    request: Request,
    month: Annotated[Annotated[str, AfterValidator(month_of)] | None, Empty, Query()] = None,
    label: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Show a month; the newest that has pictures, if none is named. label: one that is watched; the first of them.

    To a reviewer, no day says in how many pictures the label was found: those that the review asks about are among
    them.
    """
    console = console_of(request)
    days = known_days(console)
    shown = month or (newest_day(days, None) or f"{console.now:%Y-%m-%d}")[:7]
    rules = console.services.accuracy.rules
    rule = console.services.accuracy.rule_of(label) if label else next(iter(rules), None)
    cameras = Counter(day for of_camera in days.values() for day in of_camera)
    months = sorted({day[:7] for day in cameras})
    return page(
        request,
        "calendar.html",
        unseen=_unseen(visitor_of(request).user, console),
        month=shown,
        title=month_name(shown),
        weeks=_weeks(shown),
        cameras=cameras,
        counts=_counts(shown, rule, console) if rule else {},
        watched=[each.label for each in rules],
        asked_label=label,
        label=rule.label if rule and not visitor_of(request).is_reviewer else None,
        earlier=max((each for each in months if each < shown), default=None),
        later=min((each for each in months if each > shown), default=None),
    )


def _unseen(user: str, console: Console) -> frozenset[str]:
    """Return the days that have something new to a user. What has arrived is read once, and then what came since.

    Users with the same look, such as all who have not looked yet, share what was read. A mark makes another look. A day
    whose only new image has moved to another one keeps its dot while this is kept.
    """
    look = console.services.users.look(user)
    key = (look.position, look.shown) if look else None

    def since(known: DaysWithNew | None) -> DaysWithNew:
        return days_with_new(look, console.services.images, console.now, known, console.reads.map)

    known = console.unseen_days.get(key)
    found = since(known) if known else console.unseen_days.of(key, lambda: since(None))
    return found.days


def _weeks(month: str) -> list[list[date | None]]:
    first = date.fromisoformat(f"{month}-01")
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    return [[day if day.month == first.month else None for day in week] for week in weeks]


def _counts(month: str, rule: StrataRule, console: Console) -> Mapping[str, DayCount]:
    last = monthrange(int(month[:4]), int(month[5:]))[1]
    return day_counts(console.services.rollups, rule, f"{month}-01", f"{month}-{last}")
