"""Looking together: what reviewers who differ have said of one picture, side by side, once all of it is final.

Nothing is answered here: what people agree on once they know each other's answer, and the detector's, is not blind.
Only a third look that was drawn beforehand decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.models.images import Capture
from sightline.stats.agreement import Disagreement, disagreements
from sightline.stats.second_looks import is_drawn
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import DECIDING, Answer, Verdict, settle
from sightline.storage.users.protocol import Role
from sightline.web.console import Console
from sightline.web.doubts import doubts_of
from sightline.web.errors import NoSuchPage, StillOpen
from sightline.web.looking import note_viewed, row_of
from sightline.web.visitors import Visitor
from sightline.web.words import words_for


@dataclass(frozen=True, slots=True)
class Together:
    """What is shown.

    capture: None if the row has none any more
    detector: what it had said where the image was asked about; None if that is unknown
    stands: the answer that counts; is_decided: no third look is to come
    """

    image_id: str
    label: str
    capture: Capture | None
    said: Sequence[Verdict]
    doubted_by: Sequence[str]
    detector: Answer | None
    stands: Answer | None
    is_decided: bool


def may_look(each: Disagreement, visitor: Visitor) -> bool:
    """Return whether this visitor is shown an image about which reviewers differ: owners, and these reviewers."""
    return visitor.is_any(Role.OWNER) or visitor.user in each.answers


def look_together(image_id: str, label: str, content: str, visitor: Visitor, console: Console) -> Together:
    """Return what was said of an image's bytes; raise NoSuchPage if that is not the visitor's to see, or StillOpen."""
    of_picture = [
        each
        for each in words_for(visitor, console).verdicts
        if (each.image_id, each.label, each.content) == (image_id, label, content)
    ]
    if not any(may_look(each, visitor) for each in disagreements(of_picture)):
        rule = "reviewers must differ about the picture, and you must be one of them or an owner"
        raise NoSuchPage("This comparison", rule=rule, remedy="Choose one on the page Agreement")
    said = sorted(of_picture, key=lambda each: (each.at, each.reviewer))
    for verdict in said:
        _require_closed(verdict, console)
    row = row_of(image_id, console)
    note_viewed([image_id], visitor, console)
    counting = [each for each in said if each.counts_for(content)]
    return Together(
        image_id,
        label,
        row.capture,
        said,
        sorted(each.user for each in doubts_of(label, console) if (each.image_id, each.content) == (image_id, content)),
        _detectors(counting),
        settle(counting),
        not is_drawn(console.services.accuracy.salt, label, image_id) or len(counting) >= DECIDING,
    )


def _require_closed(verdict: Verdict, console: Console) -> None:
    """Raise StillOpen if the reviewer can still change this answer."""
    for batch in console.services.users.batches.open_of(verdict.reviewer):
        if batch.label == verdict.label and verdict.image_id in {each.image_id for each in batch.pictures}:
            raise StillOpen(verdict.reviewer)


def _detectors(counting: Sequence[Verdict]) -> Answer | None:
    """Return what the detector had said: `present` of stratum A, and nothing known of stratum D."""
    stratum = next((each.stratum for each in counting if each.stratum is not None), None)
    if stratum is None or stratum is Stratum.D:
        return None
    return Answer.PRESENT if stratum is Stratum.A else Answer.ABSENT
