"""Dead letters: each with the rule that its input broke and a remedy; and redrives, once that is done."""

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.models.answers import Json
from sightline.services.redrive import redrive
from sightline.services.users import note_act
from sightline.storage.dead_letters import DeadLetter
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import console_of

router = APIRouter(route_class=GuardedRoute)

MOST_AT_ONCE = 200


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
) -> DeadLetterList:
    """List the open dead letters, by error."""
    dead_letters = console_of(request).services.operations.dead_letters
    found = list(dead_letters.read(after=cursor, limit=limit + 1))
    shown = found[:limit]
    return DeadLetterList(
        dead_letters=[_shape(each) for each in shown],
        cursor=shown[-1].dead_letter_id if len(found) > limit else None,
    )


@router.post("/dead-letters/redrive")
@for_roles(Role.OPERATOR)
def redrive_dead_letters(request: Request, chosen: Redrive) -> Redriven:
    """Send the images of dead letters through the pipeline again; what is settled is not paid again."""
    console, visitor = console_of(request), visitor_of(request)
    services = console.services
    ids = dict.fromkeys(chosen.ids)
    found = map(services.operations.dead_letters.get, ids)
    letters = [letter for letter in found if letter is not None and letter.closed_at is None]
    note = partial(note_act, visitor.user, users=services.users, clock=services.clock)
    note("redrive", f"{len(letters)} dead letters", {"ids": [each.dead_letter_id for each in letters]})
    counts = sum(redrive(letters, services.images, services.operations, console.send), Counter[str]())
    note("redriven", f"{len(letters)} dead letters", dict(counts))
    return Redriven(
        sent=counts["sent"], closed=counts["closed"], refused=counts["refused"], unknown=len(ids) - len(letters)
    )


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
