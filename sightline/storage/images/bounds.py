"""What a row can hold. DynamoDB keeps at most 400 KB in an item, so each part of a row has its share."""

from dataclasses import replace

from sightline.models.answers import Finding
from sightline.models.images import FeatureResult, Rejection
from sightline.storage.dynamodb.items import DECIMAL_PLACES, check_text

MAX_FINDING_BYTES = 32_000
"""A dozen features at their limit still fit into one item; 100 lines of 200 bytes fit into one finding."""

MAX_MESSAGE_CHARACTERS = 4_000
"""An error names its input, which may be an image id of 1,100 bytes; the rest is a sentence or two."""

BYTES_BESIDE_NAME = 30
"""What DynamoDB counts for a pair beside its name: a number of 7 digits, and the marks of two lists."""


def fit_result(part: FeatureResult) -> FeatureResult:
    """Return the part as a row keeps it.

    If a finding is too large, its most confident detections stay, in their order, and `left_out` counts the
    others: the ledger has them all.
    """
    kept = _most_confident(part.finding)
    return replace(
        part,
        finding=kept,
        left_out=part.left_out + len(part.finding) - len(kept),
        cut_percent=None if part.cut_percent is None else round(part.cut_percent, DECIMAL_PLACES),
        rejection=fit_rejection(part.rejection) if part.rejection else None,
    )


def fit_rejection(rejection: Rejection) -> Rejection:
    """Return the rejection with a message that fits, and that shows where it was cut."""
    if len(rejection.message) <= MAX_MESSAGE_CHARACTERS:
        return rejection
    return replace(rejection, message=rejection.message[: MAX_MESSAGE_CHARACTERS - 1] + "…")


def _most_confident(finding: Finding) -> Finding:
    rounded = [(name, round(float(confidence), DECIMAL_PLACES)) for name, confidence in finding]
    room, kept = MAX_FINDING_BYTES, set()
    for place in sorted(range(len(rounded)), key=lambda place: -rounded[place][1]):
        size = len(check_text(rounded[place][0]).encode()) + BYTES_BESIDE_NAME
        if size <= room:
            room -= size
            kept.add(place)
    return tuple(rounded[place] for place in sorted(kept))
