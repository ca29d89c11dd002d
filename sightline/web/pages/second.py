"""Second looks: which of them wait for the visitor, and a batch of them."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.services.review import NothingToReview
from sightline.services.second_looks import SECOND_LOOKS, begin_second_looks, waiting_looks
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import console_of
from sightline.web.pages.review import OPEN, onward
from sightline.web.rendering import link, page
from sightline.web.words import read_words

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/review/second")
@for_roles(Role.REVIEWER, by_session=True)
def show_second_looks(request: Request) -> Response:
    """Show how many images of each label wait for a second look by the visitor, and as of when."""
    console, user = console_of(request), visitor_of(request).user
    services, words = console.services, read_words(console)
    waiting = {
        rule.label: len(waiting_looks(user, rule.label, words.verdicts, services)) for rule in services.accuracy.rules
    }
    return page(request, "review_second.html", waiting=waiting, as_of=words.as_of)


@router.post("/review/second")
@for_roles(Role.REVIEWER, by_session=True)
def start_second_looks(request: Request, label: Annotated[str, Form(max_length=256)]) -> Response:
    """Ask for second looks, or go on with what is open. The page's number may be old: that none is left is no error."""
    console, user = console_of(request), visitor_of(request).user
    try:
        batch = begin_second_looks(user, label, read_words(console).verdicts, console.services)
    except NothingToReview:
        return RedirectResponse(link("/review/left", why="second", label=label), HTTPStatus.SEE_OTHER)
    return onward(batch, told=None if batch.chosen_from == SECOND_LOOKS else OPEN)
