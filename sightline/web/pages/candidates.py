"""Known people: is this somebody? A face in its box and a name, and how alike they are only once the reviewer stops.

As in the review, the answer stands in the address that the form is sent to, and no address holds a key or a name.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.errors import ImageMissing, RejectedError, RetryableError, Unavailable
from sightline.services.people.reviewing import ANSWERS
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.candidates import (
    ID_PATTERN,
    Answered,
    Asked,
    answer_candidate,
    asked_about,
    may_be_asked,
    note_asked,
    waiting_for,
)
from sightline.web.console import Console, console_of
from sightline.web.errors import InvalidRequest, NoSuchCandidate, NoSuchPage, Overwritten
from sightline.web.pages.review import AHEAD, PAGE_WIDTH, PICTURE_KEPT, Told
from sightline.web.rendering import link, page
from sightline.web.thumbnails import WIDTHS

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

SAID_SHOWN = 20

TOLD = {
    "gone": (
        "That candidate waits for you no more: it expired, the person was forgotten, the image has changed, or the"
        " review asks you about it. Nothing was kept."
    ),
    "answered": "Another reviewer has answered that one meanwhile.",
    "replaced": "Another reviewer had given the other answer; yours stands now.",
    "graph": "The graph is away, and shows your answer from tonight on.",
}

Id = Annotated[str, InPath(pattern=ID_PATTERN)]
Place = Annotated[str | None, Query(pattern=ID_PATTERN)]


@router.get("/review/people")
@for_roles(Role.REVIEWER, by_session=True)
def show_next(request: Request, after: Place = None) -> Response:
    """Lead to the next candidate."""
    return _onward(request, after)


@router.get("/review/people/said")
@for_roles(Role.REVIEWER, by_session=True)
def show_said(request: Request, told: Told = "", after: Place = None, *, end: bool = False) -> Response:
    """Show what the visitor said last, beside how alike the faces are.

    after: where the look for what waits goes on; end: nothing does
    """
    console, visitor = console_of(request), visitor_of(request)
    said = console.services.operations.people.said_by(visitor.user)
    newest = sorted(said, key=lambda each: each.said_at or each.at, reverse=True)[:SAID_SHOWN]
    shown = may_be_asked(newest, visitor, console)
    return page(request, "candidates_said.html", said=shown, told=TOLD.get(told, ""), after=after, end=end)


@router.get("/review/people/{candidate_id}")
@for_roles(Role.REVIEWER, by_session=True)
def show_candidate(
    request: Request,
    candidate_id: Id,
    before: Place = None,
    said: Annotated[str, Query(max_length=8)] = "",
    told: Told = "",
) -> Response:
    """Ask about one candidate. One that the visitor has answered shows the answer, and changes by another one alone."""
    console, visitor = console_of(request), visitor_of(request)
    try:
        asked = asked_about(candidate_id, visitor, console)
        _require_picture(asked, console)
    except NoSuchCandidate:
        return _onward(request, candidate_id, told="gone")
    match = asked.match
    if match.word is not None and match.by != visitor.user:
        return _onward(request, candidate_id, told="answered")
    note_asked([asked], visitor, console)
    return page(
        request,
        "candidate.html",
        asked=asked,
        former=next((name for name, word in ANSWERS.items() if word is match.word), None),
        before=before,
        ahead=waiting_for(visitor, console, candidate_id, AHEAD).candidates,
        said=said if said in ANSWERS else "",
        told=TOLD.get(told, ""),
    )


@router.post("/review/people/{candidate_id}")
@for_roles(Role.REVIEWER, by_session=True)
def answer(
    request: Request,
    candidate_id: Id,
    answer: Annotated[str, Query(max_length=8)],
    content: Annotated[str, Query(max_length=64)],
) -> Response:
    """Keep an answer about the bytes that the page showed, and go on to the next candidate."""
    console, visitor = console_of(request), visitor_of(request)
    if answer not in ANSWERS:
        raise InvalidRequest("The answer", rule="an answer is yes or no")
    try:
        kept = answer_candidate(candidate_id, ANSWERS[answer], content, visitor, console)
    except (NoSuchCandidate, Overwritten):
        return _onward(request, candidate_id, told="gone")
    return _onward(request, candidate_id, told=_told(kept), said=answer, before=candidate_id)


@router.get("/look/people/{candidate_id}/face")
@for_roles(Role.REVIEWER, by_session=True)
def show_face(request: Request, candidate_id: Id) -> Response:
    """Return the face in question and what is around it, as large as it is in the picture."""
    console = console_of(request)
    match = asked_about(candidate_id, visitor_of(request), console).match
    return Response(console.thumbnails.face(match.image_id, match.content, match.box), media_type="image/jpeg")


@router.get("/look/people/{candidate_id}/{width}")
@for_roles(Role.REVIEWER, by_session=True)
def show_look(request: Request, candidate_id: Id, width: int) -> Response:
    """Return a candidate's picture. Neither its key nor its bytes' name is in the address."""
    if width not in WIDTHS:
        raise NoSuchPage("This picture")
    console = console_of(request)
    match = asked_about(candidate_id, visitor_of(request), console).match
    data = console.thumbnails.get(match.image_id, match.content, width)
    return Response(data, headers={"cache-control": PICTURE_KEPT}, media_type="image/jpeg")


def _told(kept: Answered) -> str | None:
    if not kept.is_in_graph:
        return "graph"
    return "replaced" if kept.replaced else None


def _require_picture(asked: Asked, console: Console) -> None:
    """Raise NoSuchCandidate unless these very bytes can be shown; no error that names the object leaves the page."""
    try:
        console.thumbnails.get(asked.match.image_id, asked.match.content, PAGE_WIDTH)
    except (Overwritten, ImageMissing, RejectedError) as error:
        raise NoSuchCandidate("This candidate") from error
    except RetryableError as error:
        raise Unavailable("the bucket of the pictures") from error


def _onward(request: Request, after: str | None, **query: str | None) -> Response:
    """Lead to the next candidate after one, then to those that were put off; if none waits, to what was said."""
    console, visitor = console_of(request), visitor_of(request)
    found = waiting_for(visitor, console, after, 1)
    is_at_end = not found.candidates and found.cursor is None
    if is_at_end and query.get("told") == "gone":  # another one that is gone may stand first: no round has an end then
        return RedirectResponse(link("/review/people/said", told="gone"), HTTPStatus.SEE_OTHER)
    if is_at_end and after is not None:
        found = waiting_for(visitor, console, None, 1)
    if found.candidates:
        where = f"/review/people/{found.candidates[0].match.candidate_id}"
        return RedirectResponse(link(where, **query), HTTPStatus.SEE_OTHER)
    end = None if found.cursor else 1
    where = link("/review/people/said", told=query.get("told"), after=found.cursor, end=end)
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)
