"""The figures of accuracy as a visitor may see them: for the page, its downloads and the API.

While a batch of theirs is open, a reviewer sees no figures of its label: each answer is counted by what the detector
had said of the picture, so the figures before and after would tell. At other times a reviewer sees sums alone (no
hours, no strata, no advice by stratum), and only where some images of both kinds are reviewed: where the detector
found nothing at all, or found it in each image, a sum tells its answer about every one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from sightline.accuracy_report.data import report_to_json
from sightline.models.answers import Json
from sightline.services.rollups.figures import WindowFigures
from sightline.services.rollups.plan import FEATURE
from sightline.services.rollups.report import THRESHOLDS_PERCENT, Report, Row, read_report
from sightline.stats.curves import CalibrationBin
from sightline.stats.operating_points import OperatingPoint
from sightline.stats.strata import NEGATIVES, StrataRule, Stratum
from sightline.storage.rollups.protocol import RollupKey
from sightline.web.console import Console
from sightline.web.errors import WebError
from sightline.web.strata_words import is_all_reviewed
from sightline.web.visitors import Visitor

LEAST = 5
"""So many images that the label was found in, and so many others, are reviewed before a reviewer sees a sum."""


class FiguresHidden(WebError):
    """Figures that would tell a reviewer what the detector found in pictures that they are asked about."""

    status = HTTPStatus.CONFLICT
    rule = "a batch of yours about it is open, and figures count each answer by what the detector said"
    remedy = "Close the batch first"


class TooFewReviewed(WebError):
    """A sum that might tell a reviewer what was found in each of its images."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    rule = f"reviewers see a sum once {LEAST} images that the detector found it in and {LEAST} others are reviewed"

    def __init__(self, subject: str, *, is_of_all: bool = False, is_all_reviewed: bool = False) -> None:
        more = "choose more days" if is_of_all else "choose more days or all cameras"
        done, going_on = f"Every picture of these days is reviewed: {more}", f"C{more[1:]}, or go on with the review"
        super().__init__(subject, remedy=done if is_all_reviewed else going_on)
        self.is_all_reviewed = is_all_reviewed


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figures are wanted. camera, day: None for all cameras, and for the newest day."""

    label: str
    camera: str | None
    window_days: int
    day: str | None


def asked_for(label: str | None, camera: str | None, window: str, day: str | None, console: Console) -> Asked:
    """Return what is wanted; without a label the first that is watched."""
    return Asked(label or console.services.accuracy.rules[0].label, camera or None, int(window), day or None)


def read_figures(asked: Asked, visitor: Visitor, console: Console) -> Report:
    """Return the figures as this visitor may see them. They change once an hour, and are kept for a minute.

    Each caller gets a copy: what it works out of the window's days goes with it. Kept, the days of forty windows would
    be a million objects, and each full collection of garbage would walk through them for a second.
    Raise FiguresHidden, TooFewReviewed, NotWatched, or NoFigures if there are none.
    """
    if visitor.is_reviewer:
        _require_no_open_batch(asked.label, visitor, console)
    report = console.reports.of(asked, lambda: _read(asked, console))
    return _for_reviewers(report, asked) if visitor.is_reviewer else replace(report)


def _read(asked: Asked, console: Console) -> Report:
    services, wanted = console.services, (asked.label, asked.camera, asked.window_days, asked.day)
    return read_report(services.rollups, services.accuracy, *wanted, console.reads.map)


def _require_no_open_batch(label: str, visitor: Visitor, console: Console) -> None:
    if label in {batch.label for batch in console.services.users.batches.open_of(visitor.user)}:
        raise FiguresHidden(f"Figures of {label}")


def _for_reviewers(report: Report, asked: Asked) -> Report:
    """Leave out what tells of single images."""
    rows = [replace(row, window=replace(row.window, hours=())) for row in report.rows if _is_mixed(row.window)]
    if not rows:
        days = f"{report.window_days} day{'' if report.window_days == 1 else 's'} up to {report.end_day}"
        is_done = all(is_all_reviewed(row.window) for row in report.rows)
        subject = f"{report.rule.label}, {days}"
        raise TooFewReviewed(subject, is_of_all=asked.camera is None, is_all_reviewed=is_done)
    return replace(report, rows=rows)


def all_reviewed(asked: Asked, console: Console) -> frozenset[str]:
    """Return the cameras whose every picture is reviewed. It tells of no picture, so reviewers are told it as well.

    It asks nothing: figures that were read a moment ago are looked at.
    """
    report = console.reports.get(asked)
    rows = report.rows if report else ()
    left = {row.rollup.key.camera for row in rows if not is_all_reviewed(row.window)}
    return frozenset(row.rollup.key.camera for row in rows) - left


def _is_mixed(window: WindowFigures) -> bool:
    """Return whether images of both kinds are reviewed. The message must not tell which kind is missing."""
    found = window.tallies[Stratum.A].decided
    others = sum(window.tallies[stratum].decided for stratum in NEGATIVES)
    return min(found, others) >= LEAST


def figures_to_json(report: Report, visitor: Visitor) -> dict[str, Json]:
    """Return what `sightline accuracy --json` prints; for a reviewer without strata."""
    json: dict[str, Json] = report_to_json(report)
    if visitor.is_reviewer:
        for row, each in zip(report.rows, json["rows"], strict=True):
            each |= {"strata": {}, "advice": left_for_reviewers(row.window)}
    return json


def left_for_reviewers(window: WindowFigures) -> str:
    """Return whether anything is left to review. More would tell what to expect.

    How many and to which width follows from the strata, and that none of it can be had, from which has run out.
    """
    return "Nothing is left to review." if is_all_reviewed(window) else "Pictures are left to review."


@dataclass(frozen=True, slots=True)
class Curves:
    """What is drawn of a window. line: the window as it was on each of the last days."""

    points: Sequence[OperatingPoint]
    bins: Sequence[CalibrationBin]
    line: Sequence[Row]


def read_curves(report: Report, visitor: Visitor, console: Console) -> Curves:
    """Return the curves of a window. They cost most of a page, and change with its rollup."""
    curves = console.curves.of(_revision(report), lambda: _computed(report, console))
    line = [each for each in curves.line if not visitor.is_reviewer or _is_mixed(each.window)]
    return replace(curves, line=line)


def _revision(report: Report) -> tuple[RollupKey, int]:
    """Return what curves are kept by: another revision of the window has others."""
    rollup = report.main.rollup
    return rollup.key, rollup.revision


def _computed(report: Report, console: Console) -> Curves:
    """Compute curves, those of a few visitors at a time; what they are made of is read before, by all at once.

    Most of it is drawing, for which numpy lets other threads go on.
    """
    line, _ = report.line(), report.days
    with console.curves_turn:
        bins = console.calibrations.get(_revision(report))
        return Curves(
            report.operating_points(asked_from(console)), report.calibration() if bins is None else bins, line
        )


def read_calibration(report: Report, console: Console) -> Sequence[CalibrationBin]:
    """Return how often each confidence was right, for a page without the others, which cost five times as much."""
    key = _revision(report)
    curves = console.curves.get(key)
    if curves is not None:
        return curves.bins
    return console.calibrations.of(key, report.calibration)


def asked_from(console: Console) -> float:
    """Return the confidence below which the detector was asked for nothing."""
    request = console.services.plan.features.get(FEATURE, {})
    return float(request.get("MinConfidence", min(THRESHOLDS_PERCENT)))


def near_from(rule: StrataRule, console: Console) -> float:
    """Return the confidence from which on an answer holds near misses; the threshold if it cannot hold any."""
    return min(rule.threshold_percent, max(rule.low_percent, asked_from(console)))
