"""Figures as the page of accuracy shows them: in words, each with its reason where there is none."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sightline.accuracy_report.words import camera_of, said, too_few
from sightline.services.rollups.figures import WindowFigures
from sightline.services.rollups.report import Report, Row
from sightline.stats.figures import Figure, NotEstimable
from sightline.stats.operating_points import OperatingPoint
from sightline.stats.strata import Stratum
from sightline.storage.rollups.protocol import ALL_CAMERAS
from sightline.web.figures import TooFewReviewed, left_for_reviewers
from sightline.web.strata_words import (
    LACKING,
    Named,
    lacking_above,
    lacking_below,
    lacking_for_recall,
    left_to_review,
    plain,
    plain_advice,
)

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure. median: or `not estimable`; ends: of its 95 % interval; why: there is none, and what is known."""

    name: str
    median: str
    ends: str
    why: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A camera's window."""

    camera: str
    model: str
    end_day: str
    images: int
    reviewed: int
    figures: Sequence[ShownFigure]
    revision: int


def shown_rows(report: Report) -> list[ShownRow]:
    """Return the rows of the table."""
    return [_row(row) for row in report.rows]


def _row(row: Row) -> ShownRow:
    window, key = row.window, row.rollup.key
    best, worst, few = window.bracket.at_best, window.bracket.at_worst, too_few(window)
    figures = (
        shown("Precision", best.precision, best.precision),
        shown("Recall", best.recall, worst.recall, few=few),
        shown("F1", best.f1, worst.f1),
        shown("Missed images", best.missed, worst.missed, is_share=False),
    )
    return ShownRow(
        camera_of(row), key.model, key.end_day, window.analysed, window.reviewed, figures, row.rollup.revision
    )


def shown(
    name: str, one: Figure, other: Figure, *, few: str = "", is_share: bool = True, lacking: Named = LACKING
) -> ShownFigure:
    """Return a figure; of `one` and `other` it takes both ends, which differ if images are unknown.

    lacking: what the pictures are called for want of whose review there is none
    """
    median, _, ends = said(one, other, few="", is_share=is_share).partition(" (")
    reasons = [plain(each.reason, lacking) for each in (one, other) if isinstance(each, NotEstimable)][:1]
    at_most = [f"at most {each.at_most:,.0f}" for each in (one,) if isinstance(each, NotEstimable) and each.at_most]
    why = "; ".join([few] * bool(few and reasons) + reasons + at_most)
    return ShownFigure(name, median.replace(" %", f"{NO_BREAK_SPACE}%"), ends.removesuffix(")"), why)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to review next, in a sentence. is_left: there is something to be asked about."""

    words: str
    is_left: bool


def next_step(window: WindowFigures, *, is_reviewer: bool) -> NextStep:
    """Return what to review next; to a reviewer, whether anything is.

    The advice wants answers; what was answered with unsure gave none, but nobody is asked about it again.
    """
    advice, left = window.advice, left_to_review(window)
    is_left = sum(left.values()) > 0
    if is_reviewer:
        return NextStep(left_for_reviewers(window), is_left)
    possible = {stratum: min(wanted, left[stratum]) for stratum, wanted in advice.more.items()}
    said = plain_advice(replace(advice, more=possible).sentence())
    if not sum(advice.more.values()):
        return NextStep(f"Reviewed enough: {said}.", is_left)
    if not sum(possible.values()):
        return NextStep(_nothing_left(window), is_left)
    if possible != advice.more:  # fewer than lead to the width that is told
        said = said.rpartition(" to ±")[0]
    return NextStep(f"Next: {said}.", is_left=True)


def _nothing_left(window: WindowFigures) -> str:
    number = window.unsure
    unsure = f"; {number} {'answer is' if number == 1 else 'answers are'} “unsure”" if number else ""
    interval = f"the interval of {window.advice.measure}"
    return f"Nothing is left to review that would narrow {interval}: each such picture has an answer{unsure}."


NAMED = 5
"""Cameras that a sentence names; of more it says how many there are."""


def without_estimate(
    report: Report, rows: Sequence[ShownRow], cameras: Iterable[str], done: Collection[str], *, is_reviewer: bool
) -> list[str]:
    """Return, in sentences, which cameras have no estimate beside that of all cameras, why, and what to do.

    rows: the report's, as they are shown; cameras: all that have pictures; done: those whose every picture is reviewed.
    Why a row is left out for reviewers is told as `TooFewReviewed` tells it.
    """
    estimated: defaultdict[str, bool] = defaultdict(bool)
    for row, made in zip(report.rows, rows, strict=True):
        estimated[row.rollup.key.camera] |= any(figure.ends for figure in made.figures)
    unreviewed = {name for name, is_estimated in estimated.items() if name != ALL_CAMERAS and not is_estimated}
    hidden = {*report.cameras} - {*estimated} if is_reviewer else set()
    uncounted = {*cameras} - {*estimated} - hidden
    decided = {*done} & (unreviewed | hidden)
    its = "its pictures" if len(unreviewed & decided) == 1 else "their pictures"
    these = "this camera" if len(hidden & decided) == 1 else "these cameras"
    wanting = (
        (unreviewed - decided, "for want of reviewed pictures", "Review some, or ask a reviewer to"),
        (unreviewed & decided, f"though each of {its} is reviewed", "Choose more days"),
        (hidden - decided, f"as {TooFewReviewed.rule}", "Go on with the review"),
        (hidden & decided, f"as {TooFewReviewed.rule}", f"Every picture of {these} is reviewed, so choose more days"),
        (uncounted, "as no picture of these days is analysed and counted", "Choose more days, or another last day"),
    )
    return [f"{_number_of(names)} no estimate, {why}: {_named(names)}. {do}." for names, why, do in wanting if names]


def _number_of(cameras: Collection[str]) -> str:
    return "1 camera has" if len(cameras) == 1 else f"{len(cameras)} cameras have"


def _named(cameras: Collection[str]) -> str:
    first = sorted(cameras)[:NAMED]
    return ", ".join(first) + (f" and {len(cameras) - NAMED} more" if len(cameras) > NAMED else "")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What another threshold would do, beside the one in use; images and misses are those of a day."""

    threshold_percent: float
    in_use_percent: float
    looked_at: str
    looked_at_now: str
    fewer: str
    missed: ShownFigure
    missed_now: ShownFigure
    precision: ShownFigure
    recall: ShownFigure

    @property
    def is_in_use(self) -> bool:
        """Return whether this is the threshold in use."""
        return self.threshold_percent == self.in_use_percent


def what_if(point: OperatingPoint, report: Report) -> WhatIf:
    """Return what the threshold of a point would do."""
    window, days, in_use = report.main.window, report.main.window.days, report.rule.threshold_percent
    images_now = window.tallies[Stratum.A].population
    return WhatIf(
        point.threshold_percent,
        in_use,
        _pictures(point.images / days),
        _pictures(images_now / days),
        _compared(point.images, images_now),
        _a_day("Missed a day", point.missed, days, lacking_below(point, in_use)),
        _a_day("Missed a day", window.figures.missed, days, LACKING),
        shown("Precision", point.precision, point.precision, lacking=lacking_above(point, in_use)),
        shown("Recall", point.recall, point.recall, lacking=lacking_for_recall(point, in_use)),
    )


def _compared(images: int, images_now: int) -> str:
    if images == images_now or not images_now:
        return ""
    percent = 100 * abs(images - images_now) / images_now
    digits = 0 if percent >= 1 else 1
    return f"{percent:.{digits}f}{NO_BREAK_SPACE}% {'fewer' if images < images_now else 'more'} pictures"


def _a_day(name: str, figure: Figure, days: int, lacking: Named) -> ShownFigure:
    if isinstance(figure, NotEstimable):
        return shown(name, figure, figure, is_share=False, lacking=lacking)
    low, median, high = (_number(each / days) for each in (figure.low, figure.median, figure.high))
    return ShownFigure(name, median, f"{low} to {high}", "")


def _pictures(a_day: float) -> str:
    """Return how many pictures a day, so exactly that two of them agree with the percentage between them."""
    return _number(a_day, whole_from=100)


def _number(value: float, whole_from: float = 10) -> str:
    """Return a number with one decimal place where a whole one would hide what differs."""
    return f"{value:,.0f}" if value >= whole_from or value == int(value) else f"{value:.1f}"


def nearest(points: Sequence[OperatingPoint], wanted_percent: float) -> OperatingPoint:
    """Return the point that is nearest to a threshold."""
    return min(points, key=lambda point: abs(point.threshold_percent - wanted_percent))
