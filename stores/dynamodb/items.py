"""Python values to DynamoDB's attribute values and back. Nothing else in sightline knows of `Decimal`.

A float is kept with four places (confidence in percent, boxes in fractions: finer than any detector is exact), an
aware datetime as ISO 8601 with its offset, a tuple as a list, a string enum as its string.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from vision.errors import BadMessage

Item: TypeAlias = dict[str, Any]
"""One item in Python's values: str, int, float, bool, None, list, dict. A number without fraction comes back as int."""

AttributeValues: TypeAlias = dict[str, Any]
"""The low-level form: attribute → {"S": …}."""

DECIMAL_PLACES = 4

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def to_value(value: Any) -> AttributeValues:
    """Give the low-level form of one value. Raise BadMessage for text that UTF-8 can not say (lone surrogates)."""
    return cast("AttributeValues", _serializer.serialize(_storable(value)))


def from_value(low_level: AttributeValues) -> Any:
    """Give the Python value of a low-level one."""
    return _plain(_deserializer.deserialize(cast("Any", low_level)))


def to_item(item: Mapping[str, Any]) -> AttributeValues:
    """Give the low-level form of an item. An attribute that is None is left out: indexes stay sparse."""
    return {name: to_value(value) for name, value in item.items() if value is not None}


def from_item(low_level: Mapping[str, Any]) -> Item:
    """Give the item in Python's values."""
    return {name: from_value(value) for name, value in low_level.items()}


def instant(at: datetime) -> str:
    """Write an instant in UTC at a fixed width, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def check_text(text: str) -> str:
    """Give the text back; raise BadMessage where UTF-8 can not say it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadMessage(
            ascii(text), rule="text must be valid Unicode, without lone surrogates", remedy="Mend who wrote it"
        ) from error
    return text


def _storable(value: Any) -> Any:
    match value:
        case bool() | None | int() | Decimal() | bytes():
            return value
        case str():
            return check_text(str(value))  # of an enum: its value
        case float():
            return Decimal(str(round(value, DECIMAL_PLACES)))
        case datetime():
            return value.isoformat()
        case Mapping():
            return {check_text(key): _storable(each) for key, each in value.items()}
        case list() | tuple():
            return [_storable(each) for each in value]
    raise TypeError(f"no attribute value for {type(value).__name__}")


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case _:
            return value
