"""The last part of the demonstration: a sample is reviewed, with verdicts taken from the frames' truth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dev.demo.answers import person_percent
from dev.demo.uploads import Upload
from sightline.cli.accuracy import print_report
from sightline.cli.output import print_table
from sightline.models.images import CameraDay, ImageRow
from sightline.services.collaborators import Services
from sightline.services.review import Scope, ask_next, read_cells
from sightline.services.rollups.report import Report, read_report
from sightline.services.rollups.run import roll_up_now
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.counts import ReviewedCell
from sightline.stats.figures import Interval
from sightline.stats.sampling import Candidate
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source
from sightline.stats.windows import LONGEST_WINDOW_DAYS
from sightline.storage.dirty_days import Purpose

LABEL = "Person"
REVIEWER = "the ground truth"
"""The name of the reviewer: no person has looked."""

SAMPLE, AT_A_TIME = 40, 10
SPARED = 4
"""One picture in so many of each camera, day and stratum is left to whoever reviews in the console: if all that is left
were of one kind, its answer could be guessed.
"""


def print_accuracy(uploads: Sequence[Upload], rows: Sequence[ImageRow], services: Services) -> None:
    """Review a sample, and print the estimated figures with their intervals beside the true ones of all frames."""
    truth = {str(each.uri): each.has_person for each in uploads}
    days = {row.capture.camera_day for row in rows if row.capture}
    if not days or None in truth.values():
        return
    reviewed = review_sample(days, truth, services, is_some_spared=True)
    roll_up_now(services, days)
    report = read_report(services.rollups, services.accuracy, LABEL, None, LONGEST_WINDOW_DAYS)
    print(f"{reviewed} of {len(rows)} frames were reviewed: chosen by the review queue, answered from {REVIEWER}.")
    print_report(report)
    print()
    print_table("Estimates and true values", ("", "estimated", "true"), beside_truth(report, rows, truth))


def review_sample(
    days: set[CameraDay],
    truth: Mapping[str, bool | None],
    services: Services,
    sample: int = SAMPLE,
    *,
    is_some_spared: bool = False,
) -> int:
    """Answer the review queue's questions, some at a time, as a person would; return the number of answers.

    is_some_spared: whether one picture in SPARED of each kind is left
    """
    services.operations.dirty_days.mark(days, [Purpose.ROLLUPS])
    scope, judge, answered = Scope(LABEL, sorted(days)), judge_of(services), 0
    while answered < sample:
        cells = read_cells(scope, services)
        open_to_us = _without_spared(cells) if is_some_spared else cells
        asked = ask_next(open_to_us, min(AT_A_TIME, sample - answered), services)
        for each in asked:
            uri = each.request.candidate.image_id
            answer = Answer.PRESENT if truth[uri] else Answer.ABSENT
            said = Said(uri, LABEL, REVIEWER, answer, services.clock(), source=Source.SAMPLED)
            services.verdicts.write(verdict_of(said, judge))
        answered += len(asked)
        if not asked:
            break
    return answered


def _without_spared(cells: Sequence[ReviewedCell]) -> list[ReviewedCell]:
    """Leave out the last images that wait, in the cells' own order: what is answered then stays a random sample."""
    return [replace(cell, waiting=_first_waiting(cell)) for cell in cells]


def _first_waiting(cell: ReviewedCell) -> Mapping[Stratum, Sequence[Candidate]]:
    images = Counter(each.stratum for each in cell.candidates)
    return {
        stratum: waiting[: max(len(waiting) - images[stratum] // SPARED, 0)]
        for stratum, waiting in cell.waiting.items()
    }


def beside_truth(
    report: Report, rows: Sequence[ImageRow], truth: Mapping[str, bool | None]
) -> list[tuple[str, str, str]]:
    """Return precision, recall and missed images: as estimated from the sample, and the true ones."""
    found, present = true_recall(rows, truth, report.rule.threshold_percent)
    recall = f"{100 * found / present:.0f} %" if present else "nothing is present"
    alarms = false_alarms(rows, truth, report.rule.threshold_percent)
    precision = f"{100 * found / (found + alarms):.0f} %" if found + alarms else "nothing was found"
    figures = report.main.window.figures
    return [
        ("precision", _ends(figures.precision, 100, " %"), precision),
        ("recall", _ends(figures.recall, 100, " %"), recall),
        ("missed images", _ends(figures.missed, 1, ""), str(present - found)),
    ]


def true_recall(
    rows: Sequence[ImageRow], truth: Mapping[str, bool | None], threshold_percent: float
) -> tuple[int, int]:
    """Count the analysed images that truly show the label: those where it was found, and all of them."""
    present = [row for row in rows if truth[row.image_id] and "labels" in row.parts]
    return sum(is_found(row, threshold_percent) for row in present), len(present)


def false_alarms(rows: Sequence[ImageRow], truth: Mapping[str, bool | None], threshold_percent: float) -> int:
    """Count the images where the label was found but is absent."""
    return sum(is_found(row, threshold_percent) and not truth[row.image_id] for row in rows)


def is_found(row: ImageRow, threshold_percent: float) -> bool:
    """Return whether the label was found with this confidence or more."""
    return person_percent(row) >= threshold_percent


def _ends(figure: object, scale: float, unit: str) -> str:
    if not isinstance(figure, Interval):
        return "not estimable"
    return f"{scale * figure.low:.0f} to {scale * figure.high:.0f}{unit}"
