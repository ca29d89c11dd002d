"""One row of a label set, read with distrust."""

import math
from dataclasses import dataclass
from datetime import datetime

from sightline.errors import BadMessage, InvalidUri
from sightline.models.answers import Json
from sightline.services.capture import EARLIEST, MOST_AHEAD, from_epoch
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dynamodb.items import check_text
from sightline.storage.label_set.protocol import LabelItem

MOST_PERCENT = 100.0


class InvalidLabelRow(BadMessage):
    """A row of a label set that says nothing certain."""

    rule = "a label row must name an object, a label, a confidence in percent and a time"
    remedy = "Correct or delete it in the old table, and import again"


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One label of one image. confidence: percent; at: when the old system says that it was seen."""

    image_id: str
    label: str
    confidence: float
    at: datetime


def read_row(item: LabelItem, bucket: str, subject: str, now: datetime) -> LabelRow:
    """Read a row. subject: what to call it. Raise InvalidLabelRow that names the rule it breaks."""
    return LabelRow(
        read_image_id(item, bucket, subject),
        _label(item.get("label"), subject),
        _confidence(item.get("confidence"), subject),
        _time(item.get("event_ts"), now, subject),
    )


def read_image_id(item: LabelItem, bucket: str, subject: str) -> str:
    """Name the image of a row; raise InvalidLabelRow if the row names none."""
    key = item.get("object_key")
    if not isinstance(key, str):
        raise _invalid(subject, "object_key must be the image's key", key)
    try:
        return str(ObjectUri.parse(f"s3://{bucket}/{key}"))
    except InvalidUri as error:
        raise _invalid(subject, f"object_key must name an object in {bucket}: {error.rule}", key) from error


def _label(value: Json, subject: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _invalid(subject, "label must be the label's name", value)
    return check_text(value)


def _confidence(value: Json, subject: str) -> float:
    number = _number(value)
    if number is None or not 0 <= number <= MOST_PERCENT:
        raise _invalid(subject, "confidence must be a number from 0 to 100", value)
    return number


def _time(value: Json, now: datetime, subject: str) -> datetime:
    number = _number(value)
    rule = "event_ts must be seconds or milliseconds since the epoch, from 1990 until tomorrow"
    try:
        at = None if number is None else from_epoch(str(number))
    except OverflowError as error:
        raise _invalid(subject, rule, value) from error
    if at is None or not EARLIEST <= at <= now + MOST_AHEAD:
        raise _invalid(subject, rule, value)
    return at


def _number(value: Json) -> float | None:
    """Return a number that was written as one or as text; None for anything else, and for what is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _invalid(subject: str, rule: str, value: Json) -> InvalidLabelRow:
    said = "and is missing" if value is None else f"and is {value!a:.80}"
    return InvalidLabelRow(subject, rule=f"{rule}, {said}")
