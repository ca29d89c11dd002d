"""Accuracy: the figures that `sightline accuracy --json` prints, and those of other thresholds."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request

from sightline.models.answers import Json
from sightline.services.rollups.figures import figure_to_json
from sightline.stats.operating_points import OperatingPoint
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import console_of
from sightline.web.figures import asked_for, figures_to_json, read_curves, read_figures
from sightline.web.inputs import day_of

router = APIRouter(route_class=GuardedRoute)

Label = Annotated[str | None, Query(max_length=200, description="a watched label; the first, if left out")]
Camera = Annotated[str | None, Query(max_length=2_048, description="one camera; all, if left out")]
Window = Annotated[Literal["1", "7", "28"], Query(description="days")]
LastDay = Annotated[
    Annotated[str, AfterValidator(day_of)] | None,
    Query(json_schema_extra={"format": "date"}, description="the last day of the window; default: the newest"),
]


class PointShape(BaseModel):
    """The detector at one threshold. Figures: low, median and high, or `not_estimable` with the reason."""

    threshold_percent: float
    images: int = Field(description="at or above it, which a person would look at; in the window's days together")
    precision: dict[str, Json]
    recall: dict[str, Json]
    missed: dict[str, Json]


class Thresholds(BaseModel):
    """The detector at other thresholds, from the lowest that it was asked for."""

    label: str
    threshold_percent: float = Field(description="the one in use")
    window_days: int
    day: str
    camera: str | None
    thresholds: list[PointShape]


@router.get("/accuracy")
@for_roles(*Role)
def get_accuracy(
    request: Request, label: Label = None, camera: Camera = None, window: Window = "7", day: LastDay = None
) -> dict[str, Json]:
    """Return precision, recall, F1 and missed images with their intervals, by camera and detector version.

    Reviewers see sums alone, once images of both kinds are reviewed, and nothing while a batch of theirs is open.
    """
    console, visitor = console_of(request), visitor_of(request)
    return figures_to_json(read_figures(asked_for(label, camera, window, day, console), visitor, console), visitor)


@router.get("/accuracy/thresholds")
@for_roles(*Role)
def list_thresholds(
    request: Request, label: Label = None, camera: Camera = None, window: Window = "7", day: LastDay = None
) -> Thresholds:
    """Return what other thresholds would find, miss, and have a person look at."""
    console, visitor = console_of(request), visitor_of(request)
    asked = asked_for(label, camera, window, day, console)
    report = read_figures(asked, visitor, console)
    return Thresholds(
        label=asked.label,
        threshold_percent=report.rule.threshold_percent,
        window_days=report.window_days,
        day=report.end_day,
        camera=asked.camera,
        thresholds=[_shape(point) for point in read_curves(report, visitor, console).points],
    )


def _shape(point: OperatingPoint) -> PointShape:
    return PointShape(
        threshold_percent=point.threshold_percent,
        images=point.images,
        precision=figure_to_json(point.precision),
        recall=figure_to_json(point.recall),
        missed=figure_to_json(point.missed),
    )
