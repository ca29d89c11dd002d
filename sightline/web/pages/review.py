"""The review: is it in this picture? Nothing of the detector's answer is here before the batch is closed.

What is answered stands in the address that the form is sent to, so that a page about a store that is away, or about a
session that has ended, can lead back to the very picture.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.errors import ImageMissing, RejectedError, RetryableError, Unavailable
from sightline.services.review import NothingToReview
from sightline.services.review_batches import (
    AnswerStands,
    BatchClosed,
    NotPlanned,
    Unjudgeable,
    Wanted,
    answer_picture,
    begin_batch,
    close_batch,
    doubt_answer,
    with_day,
)
from sightline.stats.verdicts import Answer
from sightline.stats.windows import LONGEST_WINDOW_DAYS, WINDOW_DAYS
from sightline.storage.users.batches import Batch, Picture
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.days import known_days
from sightline.web.errors import InvalidRequest, NoSuchPage, Overwritten
from sightline.web.inputs import day_or_empty
from sightline.web.nothing_left import Why, nothing_left, place_of
from sightline.web.rendering import link, page
from sightline.web.reveal import Reveal
from sightline.web.scopes import batch_scope, next_form, other_choice
from sightline.web.thumbnails import WIDTHS

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

PAGE_WIDTH = 1280
AHEAD = 3
"""How many of the next pictures the browser loads meanwhile."""

BATCHES_SHOWN = 20
LATER = "later"
OPEN = "open"
"""Told where an open batch goes on although something else was chosen."""

PICTURE_KEPT = "private, max-age=3600"

TOLD = {
    "lost": "That picture was overwritten or removed, so it is asked about no more.",
    "stands": "You have answered this picture meanwhile. Nothing was changed; answer again if that was a slip.",
}

Tried = Annotated[int, Query(ge=0, le=LONGEST_WINDOW_DAYS)]
BatchId = Annotated[str, Query(max_length=64)]
Name = Annotated[str, Query(max_length=2_048)]
Told = Annotated[str, Query(max_length=16)]


@router.get("/review")
@for_roles(Role.REVIEWER, by_session=True)
def show_start(
    request: Request, label: Name = "", camera: Name = "", day: Name = "", window: Annotated[int, Query()] = 1
) -> Response:
    """Show what can be reviewed, and the batches to go on with. Other pages may say what is chosen at first."""
    console, visitor = console_of(request), visitor_of(request)
    return page(
        request,
        "review_start.html",
        open_batches=[(each, batch_scope(each)) for each in console.services.users.batches.open_of(visitor.user)],
        labels=[rule.label for rule in console.services.accuracy.rules],
        cameras=[*known_days(console)],
        windows=WINDOW_DAYS,
        people_on=console.services.known_people is not None,
        chosen={"label": label, "camera": camera, "day": day, "window": window},
    )


@router.post("/review")
@for_roles(Role.REVIEWER, by_session=True)
def start(
    request: Request,
    label: Annotated[str, Form(max_length=256)],
    camera: Annotated[str, Form(max_length=2_048)] = "",
    day: Annotated[str, AfterValidator(day_or_empty), Form()] = "",
    window: Annotated[int, Form()] = 1,
    tried: Annotated[int, Form(ge=0, le=LONGEST_WINDOW_DAYS)] = 0,
) -> Response:
    """Ask about the next images, or go on with what is open. That none is left is no error, but the end of the work."""
    console, visitor = console_of(request), visitor_of(request)
    wanted = with_day(_wanted(label, camera, day, window), console.services)
    try:
        batch = begin_batch(visitor.user, wanted, console.services)
    except (NothingToReview, NotPlanned) as error:
        return RedirectResponse(place_of(wanted, error, tried), HTTPStatus.SEE_OTHER)
    return onward(batch, told=None if batch.chosen_from == wanted.chosen_from else OPEN)


@router.get("/review/left")
@for_roles(Role.REVIEWER, by_session=True)
def show_nothing_left(
    request: Request,
    why: Why,
    label: Annotated[str, Query(max_length=256)],
    camera: Name = "",
    day: Annotated[str, AfterValidator(day_or_empty), Query()] = "",
    window: Annotated[int, Query()] = 1,
    tried: Tried = 0,
) -> Response:
    """Say why nothing is asked about, and where to go on."""
    wanted = _wanted(label, camera, day, window)
    left = nothing_left(why, wanted, tried, console_of(request))
    return page(request, "review_nothing.html", label=label, left=left)


@router.get("/review/mine")
@for_roles(Role.REVIEWER, by_session=True)
def show_mine(request: Request) -> Response:
    """Show the visitor's last batches."""
    console, visitor = console_of(request), visitor_of(request)
    batches = console.services.users.batches.newest(visitor.user, BATCHES_SHOWN)
    return page(request, "review_mine.html", batches=batches)


@router.get("/review/{batch_id}/done")
@for_roles(Role.REVIEWER, by_session=True)
def show_done(request: Request, batch_id: str, told: Told = "") -> Response:
    """Show the answers; once the batch is closed, beside what the detector found."""
    batch = _batch(request, batch_id)
    place, form = next_form(batch)
    return page(
        request,
        "review_done.html",
        batch=batch,
        reveal=Reveal.of(batch) if batch.closed_at else None,
        onward=batch.next_open(),
        told=_told(told, batch) if told == OPEN else "",
        next_batch={"place": place, "form": form},
        other=other_choice(batch),
    )


@router.post("/review/{batch_id}/done")
@for_roles(Role.REVIEWER, by_session=True)
def close(request: Request, batch_id: str) -> Response:
    """Close a batch: the answers are final from here on."""
    close_batch(_batch(request, batch_id), console_of(request).services)
    return RedirectResponse(f"/review/{batch_id}/done", HTTPStatus.SEE_OTHER)


@router.post("/review/{batch_id}/{number}/doubt")
@for_roles(Role.REVIEWER, by_session=True)
def doubt(request: Request, batch_id: str, number: int) -> Response:
    """Keep that the visitor is not sure of an answer, and ask another reviewer. The answer stays."""
    console, batch = console_of(request), _batch(request, batch_id)
    doubt_answer(batch, number, console.services)
    console.doubts.forget(batch.label)
    return RedirectResponse(f"/review/{batch_id}/done#picture-{number}", HTTPStatus.SEE_OTHER)


@router.get("/review/{batch_id}/{number}")
@for_roles(Role.REVIEWER, by_session=True)
def show_picture(request: Request, batch_id: str, number: int, told: Told = "", said: Told = "") -> Response:
    """Ask about one picture. One that was answered shows that answer, and changes by another one alone."""
    console, batch = console_of(request), _batch(request, batch_id)
    if batch.closed_at:
        return RedirectResponse(f"/review/{batch_id}/done", HTTPStatus.SEE_OTHER)
    picture = _picture(batch, number)
    if number in batch.lost or not _is_there(picture, console):
        console.services.users.batches.lose(batch, number)
        return onward(_batch(request, batch_id), told=OPEN if told == OPEN else "lost")
    ahead = [each for each in batch.waiting() if each != number][:AHEAD]
    return page(
        request,
        "review_picture.html",
        batch=batch,
        number=number,
        picture=picture,
        former=batch.answers.get(number),
        before=batch.before(number),
        ahead=ahead,
        answers=[*Answer],
        told=_told(told, batch),
        said=said if said in {*Answer} else "",
    )


@router.post("/review/{batch_id}/{number}")
@for_roles(Role.REVIEWER, by_session=True)
def answer(
    request: Request,
    batch_id: str,
    number: int,
    answer: Annotated[str, Query(max_length=16)],
    content: Annotated[str, Query(max_length=64)],
    former: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """Keep an answer about the bytes that the page showed, and go on to the next picture."""
    console, batch = console_of(request), _batch(request, batch_id)
    if _picture(batch, number).content != content:
        raise InvalidRequest("The answer", rule="it must be about the picture that the page showed")
    if answer == LATER:
        console.services.users.batches.put_off(batch, number)
        return onward(_batch(request, batch_id))
    try:
        after = answer_picture(batch, number, _answer(answer), _answer(former) if former else None, console.services)
    except BatchClosed:
        return RedirectResponse(f"/review/{batch_id}/done", HTTPStatus.SEE_OTHER)
    except AnswerStands:
        return RedirectResponse(link(f"/review/{batch_id}/{number}", told="stands"), HTTPStatus.SEE_OTHER)
    except Unjudgeable:
        return onward(_batch(request, batch_id), told="lost")
    return onward(after, said=answer)


@router.get("/look/{batch_id}/{number}/{width}")
@for_roles(Role.REVIEWER, by_session=True)
def show_look(request: Request, batch_id: str, number: int, width: int) -> Response:
    """Return a picture of a batch. Neither its key nor its bytes' name is in the address."""
    if width not in WIDTHS:
        raise NoSuchPage("This picture")
    picture = _picture(_batch(request, batch_id), number)
    data = console_of(request).thumbnails.get(picture.image_id, picture.content, width)
    return Response(data, headers={"cache-control": PICTURE_KEPT}, media_type="image/jpeg")


def _wanted(label: str, camera: str, day: str, window: int) -> Wanted:
    """Raise InvalidRequest if there is no such window."""
    if window not in WINDOW_DAYS:
        raise InvalidRequest(f"{window} days", rule=f"a window has one of {WINDOW_DAYS} days")
    return Wanted(label, camera or None, day or None, window)


def _batch(request: Request, batch_id: str) -> Batch:
    """Return a batch of the visitor's own."""
    batches = console_of(request).services.users.batches
    batch = batches.get(visitor_of(request).user, batch_id[:64])
    if batch is None:
        raise NoSuchPage("This batch", rule="you have no such batch", remedy="Begin one on the page Review")
    return batch


def _picture(batch: Batch, number: int) -> Picture:
    picture = batch.picture(number)
    if picture is None:
        raise NoSuchPage("This picture", rule="the batch has no picture of this number", remedy="Go on with the batch")
    return picture


def _is_there(picture: Picture, console: Console) -> bool:
    """Return whether these very bytes can be shown; no error that names the object leaves this page."""
    try:
        console.thumbnails.get(picture.image_id, picture.content, PAGE_WIDTH)
    except (Overwritten, ImageMissing, RejectedError):
        return False
    except RetryableError as error:
        raise Unavailable("the bucket of the pictures") from error
    return True


def _told(told: str, batch: Batch) -> str:
    if told == OPEN:
        of = f" ({scope})" if (scope := batch_scope(batch)) else ""
        return f"You have an open batch about {batch.label}{of}, and this is it. To choose others, stop and close it."
    return TOLD.get(told, "")


def _answer(written: str) -> Answer:
    found = next((each for each in Answer if each == written), None)
    if found is None:
        raise InvalidRequest("The answer", rule="an answer is present, absent or unsure")
    return found


def onward(batch: Batch, told: str | None = None, said: str | None = None) -> Response:
    """Lead to the next picture; after the last one, to the end of the batch."""
    number = batch.next_open()
    where = f"/review/{batch.batch_id}/done" if number is None else f"/review/{batch.batch_id}/{number}"
    query = {"told": told if told == OPEN else None} if number is None else {"told": told, "said": said}
    return RedirectResponse(link(where, **query), HTTPStatus.SEE_OTHER)
