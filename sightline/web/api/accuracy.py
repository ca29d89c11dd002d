"""Accuracy: the figures that `sightline accuracy --json` prints."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request

from sightline.accuracy_report.data import report_to_json
from sightline.models.answers import Json
from sightline.services.rollups.report import read_report
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.console import console_of

router = APIRouter(route_class=GuardedRoute)


@router.get("/accuracy")
@for_roles(*Role)
def get_accuracy(
    request: Request,
    label: Annotated[str | None, Query(max_length=200, description="a watched label; the first, if left out")] = None,
    camera: Annotated[str | None, Query(max_length=2_048, description="one camera; all, if left out")] = None,
    window: Annotated[Literal["1", "7", "28"], Query(description="days")] = "7",
    day: Annotated[
        str | None, Query(pattern=r"^\d{4}-\d\d-\d\d$", description="the last day of the window; default: the newest")
    ] = None,
) -> dict[str, Json]:
    """Return precision, recall, F1 and missed images with their intervals, by camera and detector version."""
    services = console_of(request).services
    name = label or services.accuracy.rules[0].label
    report: dict[str, Json] = report_to_json(
        read_report(services.rollups, services.accuracy, name, camera, int(window), day)
    )
    return report
