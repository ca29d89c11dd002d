"""Agreement: how alike reviewers answer, and how often the detector says the same."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.stats.agreement import Agreement
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.agreement import compare
from sightline.web.console import console_of

router = APIRouter(route_class=GuardedRoute)


class AgreementShape(BaseModel):
    """Answers of two reviewers about the same bytes."""

    pairs: int
    observed: float = Field(description="the share of them that are equal")
    kappa: float | None = Field(description="Cohen's; null if chance alone explains all")
    low: float | None
    high: float | None


class PairShape(AgreementShape):
    """Two reviewers and one label."""

    label: str
    reviewers: list[str] = Field(description="the two")


class DetectorShape(BaseModel):
    """One reviewer's answers to the review beside the detector's. equal: of those that are present or absent."""

    label: str
    reviewer: str
    decided: int
    equal: int
    unsure: int
    low: float | None = Field(description="the range that holds the share of equal ones with 95 % certainty")
    high: float | None


class AgreementAnswer(BaseModel):
    """What was compared, as of a time: verdicts are read every five minutes."""

    as_of: datetime
    together: AgreementShape | None
    pairs: list[PairShape]
    with_detector: list[DetectorShape] = Field(description="a reviewer sees their own alone")
    differing: int = Field(description="images about which reviewers differ")
    to_decide: int = Field(description="of these, how many a third look may decide")
    doubted: int = Field(description="answers of which a reviewer is not sure since the detector's was shown")


@router.get("/agreement")
@for_roles(*Role)
def get_agreement(request: Request) -> AgreementAnswer:
    """Return how far reviewers agree, with one another and with the detector."""
    compared = compare(visitor_of(request), console_of(request))
    return AgreementAnswer(
        as_of=compared.as_of,
        together=AgreementShape(**_values(compared.together)) if compared.together else None,
        pairs=[
            PairShape(label=each.pair.label, reviewers=[each.pair.first, each.pair.second], **_values(each.agreement))
            for each in compared.pairs
        ],
        with_detector=[
            DetectorShape(**{name: getattr(each, name) for name in DetectorShape.model_fields})
            for each in compared.with_detector
        ],
        differing=len(compared.differing),
        to_decide=compared.to_decide,
        doubted=len(compared.doubted),
    )


def _values(agreement: Agreement) -> dict[str, float | None]:
    return {name: getattr(agreement, name) for name in AgreementShape.model_fields}
