"""Answers that another system paid for, before and after the image is read.

An analysis is named by the bytes that were asked about, and a label set names keys alone. So an imported answer first
stands in the ledger under the image's URI in place of its bytes. When ingest reads the image, the answer is settled
under the bytes that it finds, and the row wants that: it is not asked again until other bytes come, a new generation
is chosen, or `sightline reanalyse` asks deeper.

An answer is of the bytes that the key held then. An object that S3 has seen modified since may hold others, so its
answer is not adopted: `paid_at` of the waiting entry says until when the object must have stood still. That is the old
system's time, or that of the import if the operator trusts the answers (`--trust`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from sightline.models.answers import Answer
from sightline.models.images import Content, ImageRow
from sightline.rekognition.analysis import analysis_id
from sightline.rekognition.features import feature_named
from sightline.services.plan import IMPORTED, Plan
from sightline.storage.ledger.protocol import Analysis, Entry, Ledger, Status
from sightline.timing import CLOCK_TOLERANCE

log = structlog.get_logger()

FEATURE = "labels"

MODEL = "imported"
"""Stands where the version of Rekognition's model would: nobody wrote it down, and figures never mix two."""


def imported_answer(labels: Sequence[tuple[str, float]]) -> Answer:
    """Return the answer that these labels (name, confidence percent) were, the surest first.

    A full list was cut at its last label. One below what Rekognition gives by default shows that more was asked for.
    """
    ordered = sorted(labels, key=lambda each: (-each[1], each[0]))
    response = {"Labels": [{"Name": name, "Confidence": sure} for name, sure in ordered], "LabelModelVersion": MODEL}
    answer = feature_named(FEATURE).parse(response, IMPORTED[FEATURE])
    lowest, cut = ordered[-1][1], answer.cut_percent
    return replace(answer, cut_percent=lowest if cut is None else min(lowest, cut))


def unread_analysis(image_id: str, plan: Plan) -> Analysis:
    """Name the imported analysis of an image whose bytes nobody has read: its URI stands in their place."""
    return _analysis(image_id, image_id, plan)


def _analysis(image_id: str, content: str, plan: Plan) -> Analysis:
    request, generation = IMPORTED[FEATURE], plan.generation
    name = analysis_id(content, FEATURE, request, generation)
    return Analysis(name, content, FEATURE, request, generation, image_id)


def imported_features(row: ImageRow, plan: Plan) -> frozenset[str]:
    """Name the features whose answer waits for the row's image to be read."""
    waits = row.wanted.get(FEATURE) == unread_analysis(row.image_id, plan).analysis_id
    return frozenset({FEATURE} if waits else ())


def may_be_of(last_modified: datetime | None, answered_at: datetime | None) -> bool:
    """Return whether an object that was last modified then can be trusted to be the one that was answered about."""
    return last_modified is None or answered_at is None or last_modified <= answered_at + CLOCK_TOLERANCE


def adopt_import(row: ImageRow, content: Content, plan: Plan, ledger: Ledger) -> dict[str, str]:
    """Settle the answer that waits for these bytes under their sha256; return what the row then wants. Twice is once.

    A row that nothing was imported for costs no request. An answer that is older than its object is left where it is.
    """
    if not imported_features(row, plan):
        return {}
    waiting = ledger.get(row.wanted[FEATURE])
    if waiting is None or waiting.answer is None:
        return {}
    if not may_be_of(content.last_modified, waiting.paid_at):
        log.warning("An imported answer is older than its object, so the image is asked about", image_id=row.image_id)
        return {}
    read = Entry(_analysis(row.image_id, content.sha256, plan), Status.RELEASED)
    return {FEATURE: ledger.settle(read, waiting.answer, 0, waiting.paid_at).analysis.analysis_id}
