"""Write: see that a settled analysis is on the image row; the last one of an image sends it to the graph."""

from sightline.models.images import FeatureResult, Lane, ResultStatus, State
from sightline.queues.steps import Step, merge_step
from sightline.rekognition.features import feature_named
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Entry, Ledger


def write(image_id: str, feature_name: str, lane: Lane, *, images: ImageStore, ledger: Ledger) -> list[Step]:
    """Keep the result that the row wants, if `detect` has not; return the merge if it is due now.

    Done twice it changes nothing. What the row no longer wants, or the ledger has not settled, is left alone: the
    process that changed it has sent the next steps.
    """
    row = images.get(image_id)
    if row:
        row.require_known()
    if (
        row and feature_name in row.unsettled()
    ):  # the process that paid died before it wrote the result, or the row has changed since
        entry = ledger.get(row.wanted[feature_name])
        if entry is None or not entry.is_settled:
            return []
        row = images.write_result(image_id, feature_name, result_of(entry))
    if row and row.state is State.ANALYSING and not row.unsettled():
        row = images.mark_analysed(row)
    return [merge_step(image_id, lane)] if row and row.is_merge_due else []


def result_of(entry: Entry) -> FeatureResult:
    """Return the short form of a settled analysis."""
    analysis_id = entry.analysis.analysis_id
    if entry.answer is None:
        return FeatureResult(analysis_id, ResultStatus.REJECTED, rejection=entry.rejection, asked_by=entry.asked_by)
    answer = entry.answer
    return FeatureResult(
        analysis_id,
        ResultStatus.ANSWERED,
        finding=feature_named(entry.analysis.feature).finding(answer),
        cut_percent=answer.cut_percent,
        model_version=answer.model_version,
        asked_by=entry.asked_by,
    )
