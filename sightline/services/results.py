"""Write: see that a settled analysis is on the image row; the last one of an image sends it to the graph.

Where images are paid for by need, the labels may ask for more first: the row then wants more, and is not analysed yet.
An image that another stands in for is analysed once that one is answered; if it never will be, the row wants its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sightline.models.images import FeatureResult, ImageRow, Lane, ResultStatus, State
from sightline.models.people_policy import KnownPeople
from sightline.queues.steps import Step, merge_step, next_steps
from sightline.rekognition.features import feature_named
from sightline.services.ingest import wanted
from sightline.services.lacking import LackingOne
from sightline.services.plan import Plan
from sightline.services.stand_ins import Answer, answer_of, dismiss
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Entry, Ledger


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Writes results to rows.

    note: told of each row whose answers are all there, once or more; lacking: what this process remembers of rows
    """

    images: ImageStore
    ledger: Ledger
    plan: Plan
    known_people: KnownPeople | None
    note: Callable[[ImageRow], None]
    lacking: LackingOne

    def write(self, image_id: str, feature_name: str, lane: Lane, carried: FeatureResult | None) -> list[Step]:
        """Write the result that the row wants; return the merge if it is due now, or the steps of what is asked next.

        The row that the write returns says whether this was the last result, so nothing is read. Only if the message
        carries no result, or the row wants another, are row and ledger read. Done twice it changes nothing. What the
        row no longer wants, or the ledger has not settled, is left alone: the process that changed it has sent the next
        steps.
        """
        row = self._written(image_id, feature_name, carried) if carried else None
        if row is None:
            row = _written_from_ledger(image_id, feature_name, self.images, self.ledger)
        if row:
            row.require_known()
        if row and row.state is State.ANALYSING and not row.unsettled():
            more = self._asked_with_stand_in(row) if row.shown_with else _asked_for_next(row, self.plan)
            if more is None:
                return []  # the reconciler comes back to it
            if more:
                row = self.images.want(row, {**row.wanted, **more})
                return next_steps(row) if row else []
            if row.capture:
                dismiss(row, row.capture, self.images, self.plan.need)
            self.note(row)  # first: if this process dies between the two, both are done again
            row = self.images.mark_analysed(row)
        return [merge_step(image_id, lane)] if row and row.is_merge_due else []

    def _written(self, image_id: str, feature_name: str, part: FeatureResult) -> ImageRow | None:
        """Write a result, with the mark if it is known to be the last; return the row, or None if it wants another."""
        if self._is_last_the_end and (seen := self.lacking.take(image_id, feature_name, part)):
            whole = replace(seen, parts={**seen.parts, feature_name: part})
            if analysed := self.images.mark_analysed(whole, with_part=feature_name):
                return analysed
        row = self.images.write_result(image_id, feature_name, part)
        if row:
            self.lacking.note(row)
        return row

    @property
    def _is_last_the_end(self) -> bool:
        """Return whether nothing comes between the last result and the mark: neither more that is wanted, nor a note.

        Who searches for known people is told once the last result is there, and before the mark.
        """
        return self.plan.need is None and self.known_people is None

    def _asked_with_stand_in(self, row: ImageRow) -> dict[str, str] | None:
        """Return what the row wants itself: nothing if another image has the answer; None while that is coming."""
        answer = answer_of(row, self.images)
        if answer is Answer.COMING or row.content is None or row.capture is None:
            return None
        return {} if answer is Answer.THERE else wanted(row.content.sha256, self.plan, row.capture, {}, {})


def _asked_for_next(row: ImageRow, plan: Plan) -> dict[str, str]:
    """Return what the answers ask for beyond what the row wants; nothing where all features are wanted at once.

    A row that was begun under other settings keeps to them: ingest and backfill follow new ones.
    """
    if plan.need is None or row.content is None or row.capture is None:
        return {}
    asked = wanted(row.content.sha256, plan, row.capture, row.wanted, row.parts)
    return {name: analysis for name, analysis in asked.items() if name not in row.wanted}


def _written_from_ledger(image_id: str, feature_name: str, images: ImageStore, ledger: Ledger) -> ImageRow | None:
    """See that the row has the result it wants; return the row as it then stands, or None if nothing is settled."""
    row = images.get(image_id)
    if row is None or feature_name not in row.unsettled():
        return row
    row.require_known()
    entry = ledger.get(row.wanted[feature_name])
    if entry is None or not entry.is_settled:
        return None
    return images.write_result(image_id, feature_name, result_of(entry))


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
