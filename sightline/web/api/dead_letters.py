"""Dead letters: each with the rule that its input broke and a remedy; and redrives, once the cause is mended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from ulid import ULID

from sightline.models.answers import Json
from sightline.storage.dead_letters import DeadLetter
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.dead_letters import MOST_AT_ONCE, Asked, close_once, read_page, redrive_once

router = APIRouter(route_class=GuardedRoute)


class DeadLetterShape(BaseModel):
    """An input that cannot succeed."""

    id: str
    error: str
    subject: str
    rule: str
    remedy: str
    step: str
    message: dict[str, Json]
    image_id: str | None
    first_at: datetime
    last_at: datetime
    attempts: int


class DeadLetterList(BaseModel):
    """A page of a list."""

    dead_letters: list[DeadLetterShape]
    cursor: str | None = Field(description="send it to go on; null at the end")


class Close(BaseModel):
    """Which dead letters are closed, and why: the log keeps it."""

    ids: list[str] = Field(min_length=1, max_length=MOST_AT_ONCE)
    reason: str = Field(min_length=1, max_length=300)


class Closed(BaseModel):
    """What came of it."""

    closed: int
    unknown: int = Field(description="ids that no open dead letter has")


class Redrive(BaseModel):
    """Which dead letters are sent again."""

    ids: list[str] = Field(min_length=1, max_length=MOST_AT_ONCE)


class Redriven(BaseModel):
    """What came of a redrive."""

    sent: int = Field(description="images that are looked at again; what is settled is not paid again")
    closed: int = Field(description="dead letters of images that are complete")
    refused: int = Field(description="dead letters that name no image")
    unknown: int = Field(description="ids that no open dead letter has")


@router.get("/dead-letters")
@for_roles(Role.OPERATOR)
def list_dead_letters(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE, description="how many at most")] = 50,
    cursor: Annotated[str | None, Query(max_length=4_096, description="of the page before")] = None,
    error: Annotated[str | None, Query(max_length=200, description="only this error, such as TruncatedImage")] = None,
    closed: Annotated[bool, Query(description="those closed in the last 90 days instead")] = False,  # noqa: FBT002
) -> DeadLetterList:
    """List the open dead letters, by error.

    A page may hold fewer than `limit`, even none, while there is a cursor: it goes on from there.
    """
    found = read_page(Asked(error=error, closed=closed, after=cursor), console_of(request), limit)
    return DeadLetterList(dead_letters=[_shape(each) for each in found.letters], cursor=found.after)


@router.post("/dead-letters/redrive")
@for_roles(Role.OPERATOR)
def redrive_dead_letters(request: Request, chosen: Redrive) -> Redriven:
    """Send the images of dead letters through the pipeline again; what is settled is not paid again."""
    console, (letters, unknown) = console_of(request), _open(chosen.ids, console_of(request))
    counts = redrive_once(letters, str(ULID()), visitor_of(request), console)
    return Redriven(sent=counts["sent"], closed=counts["closed"], refused=counts["refused"], unknown=unknown)


@router.post("/dead-letters/close")
@for_roles(Role.OPERATOR)
def close_dead_letters(request: Request, chosen: Close) -> Closed:
    """Close dead letters that need no redrive."""
    console, (letters, unknown) = console_of(request), _open(chosen.ids, console_of(request))
    closed = close_once(letters, chosen.reason, str(ULID()), visitor_of(request), console)
    return Closed(closed=closed, unknown=unknown)


def _open(ids: Sequence[str], console: Console) -> tuple[list[DeadLetter], int]:
    """Return the open dead letters of these ids, and how many ids have none."""
    distinct = dict.fromkeys(ids)
    found = map(console.services.operations.dead_letters.get, distinct)
    letters = [letter for letter in found if letter is not None and letter.closed_at is None]
    return letters, len(distinct) - len(letters)


def _shape(letter: DeadLetter) -> DeadLetterShape:
    texts = ("error", "subject", "rule", "remedy", "step", "image_id", "first_at", "last_at", "attempts")
    facts = {name: getattr(letter, name) for name in texts} | {"message": dict(letter.message)}
    return DeadLetterShape(**readable(facts | {"id": letter.dead_letter_id}))


def readable(value: Any) -> Any:
    """Return JSON that UTF-8 can say: of what was sent anything is kept, also half a surrogate pair."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {readable(name): readable(each) for name, each in value.items()}
        case list():
            return [readable(each) for each in value]
    return value
