"""Comparisons of faces: an operator asks, a worker answers, and the policy on people says for how long it is kept."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.models.comparisons import ComparedFace
from sightline.rekognition.comparing import DEFAULT_LEAST_PERCENT
from sightline.storage.comparisons import Comparison
from sightline.storage.comparisons import Request as Asked
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.comparisons import ask_for_comparison, read_comparison
from sightline.web.console import Console, console_of

router = APIRouter(route_class=GuardedRoute)

AtLeast = Annotated[float, Query(ge=0, le=100, description="from which similarity on faces are alike, in percent")]
Id = Annotated[str, InPath(pattern=r"^[0-9a-f]{64}$")]


class Wanted(BaseModel):
    """Two images to compare."""

    source: str = Field(max_length=4_096, description="an image: s3://bucket/key; its largest face is compared")
    target: str = Field(max_length=4_096, description="another one, or the same; its 100 largest faces are compared")


class BoxShape(BaseModel):
    """A rectangle in fractions of the image's width and height."""

    left: float
    top: float
    width: float
    height: float


class FaceShape(BaseModel):
    """A face."""

    box: BoxShape
    confidence: float = Field(description="that it is a face, in percent")
    similarity: float | None = Field(description="to the source's, in percent; null for the source's own")
    is_alike: bool | None = Field(description="whether that is at least `at_least`")


class ComparisonShape(BaseModel):
    """A comparison."""

    id: str
    state: Literal["waiting", "answered", "failed"]
    failure: str | None = Field(description="why it cannot be answered; ask again once that is mended")
    waits_for: str | None = Field(description="which cap leaves no money for it, and when it goes on by itself")
    no_face_in: Literal["source", "target"] | None = Field(description="the picture that shows no face")
    source_face: FaceShape | None
    faces: list[FaceShape] = Field(description="of the target, the most alike first")
    kept_until: datetime = Field(description="when the policy has it removed")


@router.post("/comparisons", status_code=202)
@for_roles(Role.OPERATOR)
def ask_comparison(request: Request, wanted: Wanted) -> ComparisonShape:
    """Have a worker compare two images; the log keeps who asked. What is known already is not paid for again.

    It is refused without a policy on people, or if that does not name the camera of both images.
    """
    visitor, console = visitor_of(request), console_of(request)
    found = ask_for_comparison(wanted.source, wanted.target, visitor, console)
    return _shape(found, DEFAULT_LEAST_PERCENT, console)


@router.get("/comparisons/{comparison_id}")
@for_roles(Role.OPERATOR)
def get_comparison(request: Request, comparison_id: Id, at_least: AtLeast = DEFAULT_LEAST_PERCENT) -> ComparisonShape:
    """Return what came of a comparison."""
    console = console_of(request)
    return _shape(read_comparison(comparison_id, console), at_least, console)


def _shape(found: Comparison | Asked, at_least: float, console: Console) -> ComparisonShape:
    compared = found.compared if isinstance(found, Comparison) else None
    failure = found.failure if isinstance(found, Asked) else None
    waits_for = None if compared or failure else console.services.comparing.why_no_money()
    return ComparisonShape(
        id=found.pair.comparison_id,
        state="answered" if compared else "failed" if failure else "waiting",
        failure=failure,
        waits_for=str(waits_for) if waits_for else None,
        no_face_in=compared and compared.no_face_in and compared.no_face_in.value,
        source_face=_face(compared.source, None) if compared and compared.source else None,
        faces=[_face(each, (each.similarity or 0.0) >= at_least) for each in compared.faces] if compared else [],
        kept_until=found.pair.expires_at,
    )


def _face(face: ComparedFace, is_alike: bool | None) -> FaceShape:  # noqa: FBT001 - a member of the shape
    box = BoxShape(**asdict(face.box))
    return FaceShape(box=box, confidence=face.confidence, similarity=face.similarity, is_alike=is_alike)
