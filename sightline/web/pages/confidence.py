"""How confident the detector is about a label, and, where enough is reviewed, how often it is right."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from sightline.accuracy_report.charts import reliability
from sightline.errors import Unavailable
from sightline.services.rollups.report import NoFigures
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.charts import drawn
from sightline.web.console import Console, console_of
from sightline.web.errors import problem_of
from sightline.web.figures import FiguresHidden, TooFewReviewed, asked_for, asked_from, read_calibration, read_figures
from sightline.web.pattern_charts import histogram
from sightline.web.pattern_pages import Asked, pattern_page, problem_page
from sightline.web.patterns import BAND, Counted, TooManyToCount, by_confidence, last_one
from sightline.web.rendering import link
from sightline.web.visitors import Visitor

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

CALIBRATED_DAYS = "28"
"""Over which a calibration is estimated: fewer days have too few reviewed pictures in a band."""


@router.get("/confidence")
@for_roles(Role.OWNER)
def show_confidence(request: Request, asked: Annotated[Asked, Depends()]) -> Response:
    """Show how many pictures have each confidence, and what the review says of it."""
    console, visitor = console_of(request), visitor_of(request)
    asked = asked.filled(console)
    counted = asked.counted(console, with_confidence=False)
    if counted is None:
        return pattern_page(request, "confidence.html", asked, counted=None)
    try:
        bands = by_confidence(counted, visitor, console)
        last = None if bands else last_one(counted, visitor, console)
    except (Unavailable, TooManyToCount) as error:
        return problem_page(request, "confidence.html", asked, error)
    threshold = console.services.accuracy.threshold_of(counted.label)
    lowest = min([int(asked_from(console) // BAND * BAND), *bands])
    title = f"Confidence of {counted.label}, {counted.days.first} to {counted.days.last}"
    return pattern_page(
        request,
        "confidence.html",
        asked,
        counted=counted,
        bands=bands,
        last=last,
        band=BAND,
        threshold=threshold,
        lowest=lowest,
        chart=drawn(histogram(bands, lowest, threshold, title, lambda begin: _address(counted, begin))),
        address=lambda begin: _address(counted, begin),
        **(_calibration(counted, visitor, console) if threshold is not None else {"calibration": None, "why": None}),
    )


def _address(counted: Counted, begin: int) -> str:
    below = begin + BAND if begin + BAND < 100 else None  # noqa: PLR2004 - percent; the last band holds 100 %
    days = {"since": counted.days.first, "until": counted.days.last}
    return link("/search", label=counted.label, camera=counted.camera, at_least=begin, below=below, **days)


def _calibration(counted: Counted, visitor: Visitor, console: Console) -> dict[str, Any]:
    """Return the curve of a watched label, or why there is none to be seen.

    Reviewers have it on the page of accuracy: it counts images that this page leaves out for them, and the difference
    of two numbers side by side would tell what was found in those.
    """
    if visitor.is_reviewer:
        return {"calibration": None, "why": None}
    try:
        report = read_figures(
            asked_for(counted.label, counted.camera, CALIBRATED_DAYS, None, console), visitor, console
        )
    except (FiguresHidden, TooFewReviewed, NoFigures) as error:
        return {"calibration": None, "why": problem_of(error)}
    chart = reliability(read_calibration(report, console), counted.label)
    return {"calibration": drawn(chart), "why": None}
