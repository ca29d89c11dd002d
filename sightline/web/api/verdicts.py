"""Verdicts: what people said about an image, and one's own word on it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.stats.verdicts import Answer
from sightline.storage.users.protocol import Role
from sightline.storage.verdicts.protocol import KeptVerdict
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import console_of
from sightline.web.looking import row_of, verdicts_of, volunteer
from sightline.web.masks import is_masked

router = APIRouter(route_class=GuardedRoute)


class VerdictShape(BaseModel):
    """A person's word on one image and label."""

    label: str
    reviewer: str
    answer: str = Field(description="present, absent or unsure")
    source: str = Field(description="sampled: the review asked; volunteered: it changes no figure")
    at: datetime
    sha256: str = Field(description="of the bytes that the person saw")


class Verdicts(BaseModel):
    """An image's verdicts."""

    image_id: str
    verdicts: list[VerdictShape]


class Given(BaseModel):
    """A volunteered verdict."""

    image_id: str = Field(max_length=4_096)
    label: str = Field(max_length=200, description="a watched label")
    answer: Answer
    sha256: str | None = Field(default=None, description="of the bytes that you saw, so that no other ones are judged")


@router.get("/verdicts")
@for_roles(Role.OWNER)
def list_verdicts(
    request: Request, id: Annotated[str, Query(max_length=4_096, description="the image: s3://bucket/key")]
) -> Verdicts:
    """List an image's verdicts; while the review asks this user about it, their own alone."""
    console, visitor = console_of(request), visitor_of(request)
    row = row_of(id, console)
    kept = verdicts_of(row, visitor, console, hidden=is_masked(row, visitor, console))
    return Verdicts(image_id=row.image_id, verdicts=[_shape(each) for each in kept])


@router.post("/verdicts", status_code=201)
@for_roles(Role.OWNER)
def add_verdict(request: Request, given: Given) -> VerdictShape:
    """Say what you see in an image. It is kept as volunteered and changes no figure."""
    visitor, console = visitor_of(request), console_of(request)
    return _shape(volunteer(given.image_id, given.label, given.answer, given.sha256, visitor, console))


def _shape(kept: KeptVerdict) -> VerdictShape:
    verdict = kept.verdict
    return VerdictShape(
        label=verdict.label,
        reviewer=verdict.reviewer,
        answer=verdict.answer.shown,
        source=verdict.source.shown,
        at=verdict.at,
        sha256=verdict.content,
    )
