"""Accuracy: the figures, what another threshold would do, and both to take away."""

import io
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response

from sightline.accuracy_report.charts import (
    recall_by_camera,
    recall_over_days,
    reliability,
    sweep_curve,
    write_picture,
)
from sightline.accuracy_report.data import write_csv
from sightline.accuracy_report.page import page_of
from sightline.accuracy_report.threshold_chart import precision_and_recall
from sightline.accuracy_report.words import notes
from sightline.errors import SightlineError
from sightline.services.rollups.report import NoFigures, Report
from sightline.stats.curves import SweepPoint
from sightline.stats.windows import WINDOW_DAYS
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.charts import drawn
from sightline.web.console import console_of
from sightline.web.days import known_days
from sightline.web.errors import NoSuchPage, NotAllowed, problem_of
from sightline.web.figures import (
    Curves,
    FiguresHidden,
    TooFewReviewed,
    all_reviewed,
    asked_for,
    near_from,
    read_curves,
    read_figures,
)
from sightline.web.inputs import day_or_empty
from sightline.web.rendering import page
from sightline.web.shown_figures import nearest, next_step, shown, shown_rows, what_if, without_estimate

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Label = Annotated[str | None, Query(max_length=200)]
Camera = Annotated[str | None, Query(max_length=2_048)]
Window = Annotated[Literal["1", "7", "28"], Query()]
LastDay = Annotated[Annotated[str, AfterValidator(day_or_empty)] | None, Query()]


@router.get("/accuracy")
@for_roles(*Role)
def show_accuracy(
    request: Request,
    label: Label = None,
    camera: Camera = None,
    window: Window = "7",
    day: LastDay = None,
    threshold: Annotated[float | None, Query(ge=0, le=100)] = None,
) -> Response:
    """Show the figures of a window, and what a threshold would do; or why there are none to be seen."""
    console, visitor = console_of(request), visitor_of(request)
    asked = asked_for(label, camera, window, day, console)
    choices: dict[str, Any] = {
        "asked": asked,
        "labels": [rule.label for rule in console.services.accuracy.rules],
        "cameras": [*known_days(console)],
        "windows": WINDOW_DAYS,
    }
    try:
        report = read_figures(asked, visitor, console)
    except (FiguresHidden, TooFewReviewed, NoFigures) as error:
        return _without_figures(error, request, choices)
    curves = read_curves(report, visitor, console)
    rows, cameras = shown_rows(report), choices["cameras"] if asked.camera is None else ()
    done = all_reviewed(asked, console)
    return page(
        request,
        "accuracy.html",
        **choices,
        problem=None,
        report=report,
        near_from=near_from(report.rule, console),
        rows=rows,
        without_estimate=without_estimate(report, rows, cameras, done, is_reviewer=visitor.is_reviewer)
        if cameras
        else [],
        next_step=next_step(report.main.window, is_reviewer=visitor.is_reviewer),
        notes=notes(report, with_advice=False, again="who runs sightline can have them analysed again"),
        hours=[_hour(each) for each in report.main.window.hours],
        downloads=[name for name, form in FORMS.items() if not (form.is_open and visitor.is_reviewer)],
        is_asked_threshold=threshold is not None,
        **_thresholds(report, curves, threshold),
        **_charts(report, curves),
    )


def _without_figures(error: SightlineError, request: Request, choices: Mapping[str, Any]) -> Response:
    """Say why there are no figures to be seen; raise NoSuchPage if there is no such camera."""
    camera = choices["asked"].camera
    if isinstance(error, NoFigures) and camera not in {None, *choices["cameras"]}:
        rule = "no camera of this name has taken a picture"
        raise NoSuchPage(camera, rule=rule, remedy="Choose one of the list") from error
    is_done = isinstance(error, TooFewReviewed) and error.is_all_reviewed
    return page(request, "accuracy.html", **choices, problem=problem_of(error), report=None, is_done=is_done)


def _thresholds(report: Report, curves: Curves, threshold: float | None) -> dict[str, Any]:
    in_use = report.rule.threshold_percent
    point = nearest(curves.points, in_use if threshold is None else threshold)
    table = [what_if(each, report) for each in curves.points]
    points = [SweepPoint(each.threshold_percent, each.images, each.missed) for each in curves.points]
    label = report.rule.label
    return {
        "what_if": what_if(point, report),
        "thresholds": table,
        "curve": drawn(precision_and_recall(curves.points, in_use, point.threshold_percent, label)),
        "trade": drawn(sweep_curve(points, point.threshold_percent, label, "per day", report.main.window.days)),
    }


def _charts(report: Report, curves: Curves) -> dict[str, Any]:
    charts = (
        recall_by_camera(report),
        recall_over_days(curves.line, report.window_days),
        reliability(curves.bins, report.rule.label),
    )
    return {"charts": [(chart.title, drawn(chart)) for chart in charts]}


def _hour(figures: Any) -> dict[str, Any]:
    of = figures.figures
    return {
        "hour": figures.hour,
        "images": figures.images,
        "reviewed": figures.decided,
        "figures": [
            shown("Precision", of.precision, of.precision),
            shown("Recall", of.recall, of.recall),
            shown("Missed", of.missed, of.missed, is_share=False),
        ],
    }


class Form:
    """A form in which the figures can be taken away. is_open: it tells of hours, which reviewers do not see."""

    def __init__(self, media_type: str, write: Callable[[Report], bytes], *, is_open: bool = False) -> None:
        self.media_type, self.write, self.is_open = media_type, write, is_open


def _csv(report: Report) -> bytes:
    file = io.StringIO(newline="")
    write_csv(report, file)
    return file.getvalue().encode()


def _png(report: Report) -> bytes:
    file = io.BytesIO()
    write_picture(report, file)
    return file.getvalue()


FORMS: Mapping[str, Form] = {
    "accuracy.csv": Form("text/csv; charset=utf-8", _csv),
    "accuracy.png": Form("image/png", _png),
    "accuracy.html": Form("text/html; charset=utf-8", lambda report: page_of(report).encode(), is_open=True),
}


@router.get("/accuracy/{name}")
@for_roles(*Role)
def take_away(
    request: Request,
    name: str,
    label: Label = None,
    camera: Camera = None,
    window: Window = "7",
    day: LastDay = None,
) -> Response:
    """Return the figures as a file, byte by byte what `sightline accuracy` writes."""
    console, visitor = console_of(request), visitor_of(request)
    form = FORMS.get(name)
    if form is None:
        raise NoSuchPage("This file", rule=f"the figures are to be had as {', '.join(FORMS)}")
    if form.is_open and visitor.is_reviewer:
        raise NotAllowed(name, rule="it tells of single hours, which reviewers do not see")
    report = read_figures(asked_for(label, camera, window, day, console), visitor, console)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(form.write(report), headers=headers, media_type=form.media_type)
