"""One camera's capture day: its images sorted into strata, for each watched label and each version of the detector."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from sightline.models.images import CameraDay, FeatureResult, ImageRow, ImageSummary, ResultStatus, State
from sightline.services.rollups.figures import Outside
from sightline.services.rollups.plan import FEATURE, AccuracyPlan
from sightline.stats.counts import ReviewedCell, review_cell
from sightline.stats.sampling import Candidate, Cell, counting_answers
from sightline.stats.strata import StrataRule, Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.images.protocol import ImageStore
from sightline.storage.verdicts.protocol import VerdictStore

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Day:
    """The images and verdicts of one camera's capture day."""

    camera_day: CameraDay
    images: Sequence[ImageSummary]
    verdicts: Sequence[Verdict]


@dataclass(frozen=True, slots=True)
class ModelCell:
    """A day's images for one label, as one detector version saw them. The hashes cover images and verdicts."""

    model: str
    reviewed: ReviewedCell
    outside: Outside
    population_hash: str
    verdicts_hash: str


def read_day(camera_day: CameraDay, images: ImageStore, verdicts: VerdictStore) -> Day:
    """Read a day once, for any number of labels."""
    present = [each for each in images.by_day(camera_day.camera, camera_day.day) if each.state is not State.GONE]
    given = [kept.verdict for kept in verdicts.of_day(camera_day)]
    if unknown := sum(not verdict.is_known for verdict in given):
        log.warning("Verdicts of a newer version are left out of the figures", day=str(camera_day), verdicts=unknown)
    return Day(camera_day, present, [verdict for verdict in given if verdict.is_known])


def cells_of(day: Day, rule: StrataRule, plan: AccuracyPlan) -> list[ModelCell]:
    """Sort a day's images into strata for one label; return one cell for each detector version that saw any."""
    by_model: defaultdict[str, list[Candidate]] = defaultdict(list)
    for image, result in analysed(day.images):
        by_model[result.model_version].append(_candidate(image, result, rule))
    unanalysed = len(day.images) - sum(map(len, by_model.values()))
    given = [verdict for verdict in day.verdicts if verdict.label == rule.label]
    return [_cell(day, rule, plan, model, by_model[model], given, unanalysed) for model in sorted(by_model)]


def unknown_images(day: Day, rule: StrataRule) -> list[tuple[ImageSummary, FeatureResult]]:
    """Return the images of stratum D: the label is absent, and the answer was cut off above the threshold."""
    return [
        (image, result)
        for image, result in analysed(day.images)
        if _candidate(image, result, rule).stratum is Stratum.D
    ]


def analysed(images: Iterable[ImageSummary]) -> Iterable[tuple[ImageSummary, FeatureResult]]:
    """Return the images that the detector has answered, with what it has found."""
    for image in images:
        result = image.parts.get(FEATURE)
        if result is not None and result.status is ResultStatus.ANSWERED:
            yield image, result


def _candidate(image: ImageSummary, result: FeatureResult, rule: StrataRule) -> Candidate:
    found = dict(result.finding)
    return Candidate(
        image.image_id,
        image.content_sha256,
        rule.stratum_of(found, result.unknown_below_percent),
        found.get(rule.label),
        image.capture.taken_at.hour,
    )


def candidate_of(row: ImageRow, rule: StrataRule) -> Candidate | None:
    """Return one image as the review sees it; None if it is gone or not analysed."""
    result = row.parts.get(FEATURE)
    if row.content is None or row.capture is None or row.state is State.GONE or result is None:
        return None
    if result.status is not ResultStatus.ANSWERED:
        return None
    found = dict(result.finding)
    return Candidate(
        row.image_id,
        row.content.sha256,
        rule.stratum_of(found, result.unknown_below_percent),
        found.get(rule.label),
        row.capture.taken_at.hour,
    )


def _cell(
    day: Day,
    rule: StrataRule,
    plan: AccuracyPlan,
    model: str,
    candidates: Sequence[Candidate],
    given: Sequence[Verdict],
    unanalysed: int,
) -> ModelCell:
    cell = Cell(day.camera_day.camera, rule.label, day.camera_day.day)
    ids = {candidate.image_id for candidate in candidates}
    mine = [verdict for verdict in given if verdict.image_id in ids]
    answers = counting_answers(candidates, rule.label, mine)
    reviewed = review_cell(plan.salt, cell, candidates, answers)
    return ModelCell(
        model,
        reviewed,
        _outside(reviewed, candidates, mine, len(answers), unanalysed),
        _hash(f"{c.image_id} {c.content} {c.stratum} {c.confidence_percent} {c.hour}" for c in candidates)
        + f"+{unanalysed}",
        _hash([*map(_said, mine), *_settled(mine, answers)]),
    )


def _said(verdict: Verdict) -> str:
    return f"{verdict.image_id} {verdict.reviewer} {verdict.answer} {verdict.content} {verdict.source}"


def _settled(mine: Sequence[Verdict], answers: Mapping[str, Answer]) -> list[str]:
    """Return the settled answers where reviewers differ: which of them was first is in no line of `_said`."""
    given: defaultdict[str, set[Answer]] = defaultdict(set)
    for verdict in mine:
        if verdict.source.was_asked:
            given[verdict.image_id].add(verdict.answer)
    return [f"{image} settled {answers[image]}" for image in given.keys() & answers if len(given[image]) > 1]


def _outside(
    reviewed: ReviewedCell, candidates: Sequence[Candidate], mine: Sequence[Verdict], answered: int, unanalysed: int
) -> Outside:
    contents = {candidate.image_id: candidate.content for candidate in candidates}
    stale = sum(verdict.content != contents[verdict.image_id] for verdict in mine)
    volunteered = sum(verdict.source is Source.VOLUNTEERED for verdict in mine)
    in_prefix = sum(len(reviewed.prefixes[stratum]) for stratum in Stratum)
    return Outside(unanalysed, stale, volunteered, answered - in_prefix, len(mine))


def _hash(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
