"""Candidates for known people: what waits for a reviewer, and the reviewer's answer. Similarities come after it."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.models.people import Word
from sightline.services.people.reviewing import ANSWERS
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.api.images import BoxShape, Pictures
from sightline.web.candidates import ID_PATTERN, Answered, Asked, answer_candidate, note_asked, waiting_for
from sightline.web.console import Console, console_of

router = APIRouter(route_class=GuardedRoute)

YesOrNo = Literal["yes", "no"]
MOST = 100
NAMED: dict[Word, YesOrNo] = {Word.CONFIRMED: "yes", Word.DENIED: "no"}

Cursor = Annotated[str | None, Query(pattern=ID_PATTERN, description="of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Id = Annotated[str, InPath(pattern=ID_PATTERN)]


class CandidateEntry(BaseModel):
    """An image that may show somebody. How alike the faces are is told with the answer."""

    id: str
    name: str = Field(description="whose face it may be")
    image_id: str
    camera: str
    taken_at: datetime = Field(description="with the camera's UTC offset")
    sha256: str = Field(description="of the image's bytes")
    box: BoxShape = Field(description="of the face in question")
    kept_until: datetime = Field(description="when the candidate expires")
    pictures: Pictures


class CandidateList(BaseModel):
    """A page of the candidates that wait for this user."""

    candidates: list[CandidateEntry]
    cursor: str | None = Field(description="send it to go on; null at the end")


class GivenAnswer(BaseModel):
    """Whether the face is the person's."""

    answer: YesOrNo
    sha256: str | None = Field(
        default=None, max_length=64, description="of the bytes that you saw, so that no other ones are judged"
    )


class AnswerShape(BaseModel):
    """An answer that is kept."""

    id: str
    answer: YesOrNo
    similarity: float = Field(description="of the two faces, in percent")
    replaced: YesOrNo | None = Field(description="another reviewer's answer, in whose place this one stands now")
    is_in_graph: bool = Field(description="false: Neo4j was away, and a nightly task sees to it")


@router.get("/candidates")
@for_roles(Role.REVIEWER)
def list_candidates(request: Request, cursor: Cursor = None, limit: Limit = 50) -> CandidateList:
    """List the candidates that wait for this user, in an order that tells nothing.

    Images that the review asks this user about are left out until their batch is closed. 409: known people are off.
    """
    console, visitor = console_of(request), visitor_of(request)
    waiting = waiting_for(visitor, console, cursor, limit)
    note_asked(waiting.candidates, visitor, console)
    return CandidateList(candidates=[_entry(each, console) for each in waiting.candidates], cursor=waiting.cursor)


@router.post("/candidates/{candidate_id}")
@for_roles(Role.REVIEWER)
def answer(request: Request, candidate_id: Id, given: GivenAnswer) -> AnswerShape:
    """Say whether the face is the person's. The last answer stands, whoever gives it.

    404: the candidate has expired, the person was forgotten, or this user must not be asked. 409: known people are off,
    or the image has other bytes by now.
    """
    console, visitor = console_of(request), visitor_of(request)
    return _shape(answer_candidate(candidate_id, ANSWERS[given.answer], given.sha256, visitor, console))


def _entry(asked: Asked, console: Console) -> CandidateEntry:
    match, signer = asked.match, console.signer
    addresses = [signer.open_picture(width, match.content, match.image_id) for width in (320, 1280)]
    return CandidateEntry(
        id=match.candidate_id,
        name=match.name,
        image_id=match.image_id,
        camera=asked.capture.camera,
        taken_at=asked.capture.taken_at,
        sha256=match.content,
        box=BoxShape(**asdict(match.box)),
        kept_until=match.expires_at,
        pictures=Pictures(thumbnail=addresses[0], preview=addresses[1]),
    )


def _shape(answered: Answered) -> AnswerShape:
    match = answered.match
    return AnswerShape(
        id=match.candidate_id,
        answer=NAMED[match.word or Word.DENIED],
        similarity=match.similarity,
        replaced=NAMED.get(answered.replaced) if answered.replaced else None,
        is_in_graph=answered.is_in_graph,
    )
