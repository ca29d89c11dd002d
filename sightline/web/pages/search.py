"""Search: pictures of all days by label, text and confidence."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.errors import Unavailable
from sightline.names import nearest
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.days import known_days
from sightline.web.errors import WebError, problem_of
from sightline.web.rendering import link, page
from sightline.web.search_line import line_of, read_line
from sightline.web.searching import Hits, cursor_of, label_names, place_of, search
from sightline.web.sought import WALK, Sought, require_sense
from sightline.web.times import WEEKDAYS

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

NOTHING = Hits((), None)


@router.get("/search")
@for_roles(Role.OWNER)
def show_search(
    request: Request,
    sought: Annotated[Sought, Depends()],
    q: Annotated[str | None, Query(max_length=2_048)] = None,
    after: Annotated[str | None, Query(max_length=8_192)] = None,
) -> Response:
    """Show a page of what is sought. q: all of it in one line, which becomes the form's fields; or an image's URI."""
    console, visitor = console_of(request), visitor_of(request)
    line = (q or "").strip()
    if line.startswith("s3://"):
        return RedirectResponse(link("/image", id=line), 303)
    try:
        if line:
            fields = read_line(line).with_labels(label_names(visitor, console))
            return RedirectResponse(link("/search", **fields), 303)
        require_sense(sought)
        place = place_of(after, "after", "Search again")
        found = search(sought, visitor, console, place) if sought.is_complete else NOTHING
        labels = label_names(visitor, console) if sought.label and not found.hits else ()
    except (Unavailable, WebError) as error:
        problem = problem_of(error)
        answer = _page(request, sought, problem.status, line=line or line_of(sought), problem=problem)
        answer.headers.update({"retry-after": str(problem.retry_after)} if problem.retry_after is not None else {})
        return answer
    return _page(
        request,
        sought,
        found=found,
        after=after,
        more=cursor_of(found.more),
        instead=_instead(sought, labels, console) if not found.hits else None,
    )


def _page(request: Request, sought: Sought, status: int = 200, **values: Any) -> Response:
    console = console_of(request)
    usual = {
        "line": line_of(sought),
        "problem": None,
        "found": NOTHING,
        "after": None,
        "more": None,
        "instead": None,
        "sought": sought,
        "walk": WALK,
        "cameras": [*known_days(console)],
        "weekdays": WEEKDAYS,
        "watched": [rule.label for rule in console.services.accuracy.rules],
        "address": console.signer.picture,
    }
    return page(request, "search.html", status, **(usual | values))


def _instead(sought: Sought, labels: Sequence[str], console: Console) -> dict[str, str]:
    """Return the names that are most likely meant, where there is none of those that were asked for."""
    names: dict[str, str] = {}
    if sought.label is not None and sought.label not in labels:
        by_small_letters = {name.casefold(): name for name in labels}
        near = get_close_matches(sought.label.casefold(), by_small_letters, n=1)
        names |= {"label": by_small_letters[near[0]]} if near else {}
    cameras = known_days(console)
    if sought.camera is not None and sought.camera not in cameras and (camera := nearest(sought.camera, cameras)):
        names |= {"camera": camera}
    return names
