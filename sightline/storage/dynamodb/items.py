"""Python values to DynamoDB's attribute values and back. Nothing else in sightline knows of `Decimal`.

A float is kept with four places (confidence in percent, boxes in fractions: finer than any detector is exact), an
aware datetime as ISO 8601 with its offset, a tuple as a list, a string enum as its string.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Context, Decimal
from math import isfinite
from typing import Any, TypeAlias

from sightline.errors import BadMessage

Item: TypeAlias = dict[str, Any]
"""One item in Python's values: str, int, float, bool, None, list, dict. A number without fraction comes back as int."""

AttributeValues: TypeAlias = dict[str, Any]
"""The low-level form: attribute → {"S": …}."""

DECIMAL_PLACES = 4

MOST_DIGITS = 38
"""DynamoDB keeps no more."""

_EXACT = Context(prec=200)


class UnknownKind(TypeError):
    """A stored value has a kind that this version never writes."""


def to_value(value: Any) -> AttributeValues:  # noqa: PLR0911 - one for each kind
    """Return the low-level form of one value. Raise BadMessage for text that UTF-8 cannot say (lone surrogates).

    Written here, since boto3's own takes three times as long for an answer of a dozen labels.
    """
    match value:
        case str():
            return {"S": check_text(str(value))}  # of an enum: its value
        case bool():
            return {"BOOL": value}
        case None:
            return {"NULL": True}
        case int() | float() | Decimal():
            return {"N": _number(value)}
        case Mapping():
            return {"M": {check_text(key): to_value(each) for key, each in value.items()}}
        case list() | tuple():
            return {"L": [to_value(each) for each in value]}
        case datetime():
            return {"S": value.isoformat()}
        case bytes():
            return {"B": value}
    raise TypeError(f"no attribute value for {type(value).__name__}")


def from_value(low_level: Mapping[str, Any]) -> Any:
    """Return the Python value of a low-level one. Raise UnknownKind for one that we never write, such as a set."""
    ((kind, value),) = low_level.items()
    match kind:
        case "S" | "BOOL" | "B":
            return value
        case "N":
            return _from_number(value)
        case "L":
            return [from_value(each) for each in value]
        case "M":
            return {name: from_value(each) for name, each in value.items()}
        case "NULL":
            return None
    raise UnknownKind(f"no stored value has DynamoDB's kind {kind}")


def to_item(item: Mapping[str, Any]) -> AttributeValues:
    """Return the low-level form of an item. An attribute that is None is left out: indexes stay sparse."""
    return {name: to_value(value) for name, value in item.items() if value is not None}


def from_item(low_level: Mapping[str, Any]) -> Item:
    """Return the item in Python's values, without attributes of a kind that only a newer version writes."""
    try:
        return {name: from_value(value) for name, value in low_level.items()}
    except UnknownKind:  # rare: what guards each attribute by itself is left to this case
        item: Item = {}
        for name, value in low_level.items():
            with suppress(UnknownKind):
                item[name] = from_value(value)
        return item


def instant(at: datetime) -> str:
    """Write an instant in UTC at a fixed width, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def check_text(text: str) -> str:
    """Return the text; raise BadMessage if UTF-8 cannot say it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadMessage(
            ascii(text), rule="text must be valid Unicode, without lone surrogates", remedy="Correct the sender"
        ) from error
    return text


def _number(value: float | Decimal) -> str:
    if isinstance(value, float) and isfinite(value):  # nearly all are; none has too many digits
        return str(round(value, DECIMAL_PLACES))
    kept = Decimal(value)
    if not kept.is_finite():
        raise TypeError(f"no attribute value for {value}")
    if len(kept.normalize(_EXACT).as_tuple().digits) > MOST_DIGITS:
        raise OverflowError(f"{str(kept)[:MOST_DIGITS]}… has more than {MOST_DIGITS} digits")
    return str(kept)


def _from_number(text: str) -> int | float:
    """Return an int where there is no fraction. A row holds dozens: of few digits a float is as exact, for a third."""
    if text.isdecimal():
        return int(text)
    is_exact = len(text) <= sys.float_info.dig and text.replace(".", "", 1).isdecimal()
    number: float | Decimal = float(text) if is_exact else Decimal(text)
    whole = int(number)
    return whole if number == whole else float(number)
