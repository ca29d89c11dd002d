"""Dead letters by error, with rule and remedy; redriven or closed once a page has said what that does."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from ulid import ULID

from sightline.storage.dead_letters import DeadLetter
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.dead_letters import (
    LOOKED_AT,
    MOST_AT_ONCE,
    SHOWN,
    Asked,
    chosen,
    close_once,
    digest_of,
    groups_of,
    quote,
    read_page,
    redrive_once,
)
from sightline.web.errors import InvalidRequest, NoSuchPage
from sightline.web.inputs import day_or_empty
from sightline.web.rendering import link, page
from sightline.web.visitors import Visitor

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

LONGEST_REASON = 300
ALL_CAMERAS = "*"
"""An empty name is no camera."""

Day = Annotated[str, AfterValidator(day_or_empty)]
Count = Annotated[int | None, Field(ge=0)]


class Filters(BaseModel):
    """Which letters are wanted."""

    error: str = Field(default="", max_length=200)
    camera: str = Field(default=ALL_CAMERAS, max_length=2_048)
    since: Day = ""
    until: Day = ""
    after: str = Field(default="", max_length=4_096)
    closed: bool = False

    def asked(self, *, from_the_start: bool = False) -> Asked:
        """Return what is asked for."""
        return Asked(
            error=self.error,
            camera=None if self.camera == ALL_CAMERAS else self.camera,
            since=_day(self.since),
            until=_day(self.until),
            closed=self.closed,
            after=None if from_the_start else self.after or None,
        )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


class Shown(Filters):
    """A page; and what came of a redrive or of closing that led to it."""

    sent: Count = None
    done: Count = None
    refused: Count = None

    def result(self) -> dict[str, int] | None:
        """Return the counts, if there are any."""
        if self.sent is None and self.done is None:
            return None
        return {"sent": self.sent or 0, "closed": self.done or 0, "refused": self.refused or 0}


class Confirmed(Filters):
    """What is asked to be confirmed. whole: the whole group instead of what is picked."""

    act: Literal["redrive", "close"]
    pick: list[str] = Field(default=[], max_length=SHOWN)
    whole: bool = False


class Done(Filters):
    """A form that was confirmed. once: its own number, with which it is done once."""

    once: str = Field(pattern="^[0-9A-Z]{26}$")
    pick: list[str] = Field(min_length=1, max_length=MOST_AT_ONCE)
    reason: str = Field(default="", max_length=LONGEST_REASON)


@router.get("/dead")
@for_roles(Role.OPERATOR)
def show_dead_letters(request: Request, shown: Annotated[Shown, Query()]) -> Response:
    """Show the groups, or a page of one."""
    console, visitor = console_of(request), visitor_of(request)
    groups = groups_of(console)
    if not shown.error:
        return page(request, "dead.html", groups=groups, result=shown.result())
    asked = shown.asked()
    read = read_page(asked, console)
    return page(
        request,
        "dead_group.html",
        asked=asked,
        group=groups.get(shown.error),
        letters=read.letters,
        thumbs=_thumbs(read.letters, visitor, console),
        digest_of=digest_of,
        all_cameras=ALL_CAMERAS,
        next=link("/dead", **asked.query(after=read.after)) if read.after else None,
        most=MOST_AT_ONCE,
        result=shown.result(),
    )


def _thumbs(letters: Sequence[DeadLetter], visitor: Visitor, console: Console) -> dict[str, str]:
    """Return the addresses of small pictures for those who may see pictures, of images whose bytes are known."""
    ids = {each.image_id for each in letters if each.image_id is not None}
    if not visitor.is_any(Role.OWNER) or not ids:
        return {}
    rows = console.services.images.get_many(ids)
    return {
        image_id: console.signer.picture(320, row.content.sha256, image_id)
        for image_id, row in rows.items()
        if row.content is not None
    }


@router.get("/dead-letters")
@for_roles(Role.OPERATOR)
def lead_to_dead_letters() -> Response:
    """Lead to what the menu calls Dead letters."""
    return RedirectResponse("/dead", HTTPStatus.SEE_OTHER)


@router.get("/dead/confirm")
@for_roles(Role.OPERATOR)
def ask_to_confirm(request: Request, wanted: Annotated[Confirmed, Query()]) -> Response:
    """Say how many letters are meant, and what a redrive costs at most."""
    console, asked = console_of(request), wanted.asked(from_the_start=wanted.whole)
    if not wanted.whole and not wanted.pick:
        raise InvalidRequest("Nothing is chosen", rule="some must be chosen, or all", remedy="Go back and choose some")
    meant = chosen(asked, () if wanted.whole else wanted.pick, console)
    return page(
        request,
        "dead_confirm.html",
        act=wanted.act,
        asked=asked,
        camera=wanted.camera,
        letters=meant.letters,
        digest_of=digest_of,
        quote=quote(meant.letters, console),
        back=link("/dead", **wanted.asked().query()),
        is_cut=wanted.whole and meant.after is not None,
        once=str(ULID()),
        longest=LONGEST_REASON,
        looked_at=LOOKED_AT,
    )


@router.post("/dead/redrive")
@for_roles(Role.OPERATOR)
def redrive_letters(request: Request, done: Annotated[Done, Form()]) -> Response:
    """Send the images again; what is settled is not paid again."""
    console = console_of(request)
    counts = redrive_once(_meant(done, console), done.once, visitor_of(request), console)
    return _back(done, sent=counts["sent"], done=counts["closed"], refused=counts["refused"])


@router.post("/dead/close")
@for_roles(Role.OPERATOR)
def close_letters(request: Request, done: Annotated[Done, Form()]) -> Response:
    """Close letters that need no redrive, for a reason that the log keeps."""
    console, reason = console_of(request), done.reason.strip()
    if not reason:
        raise InvalidRequest("The reason", rule="what is closed needs a reason", remedy="Go back and give one")
    closed = close_once(_meant(done, console), reason, done.once, visitor_of(request), console)
    return _back(done, done=closed)


def _meant(done: Done, console: Console) -> Sequence[DeadLetter]:
    letters = chosen(done.asked(), done.pick, console).letters
    if not letters:
        raise NoSuchPage("These letters", rule="they are open no more", remedy="See what is left at /dead")
    return letters


def _back(form: Done, **told: int) -> Response:
    address = link("/dead", **(form.asked(from_the_start=True).query() | told))
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
