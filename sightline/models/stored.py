"""Reading what a newer version may have stored: values and attributes that this version does not know.

During an upgrade old and new workers share tables and queues. An unknown attribute is ignored when it is read; an
unknown value is kept as it is, and equals none that is known.
"""

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from functools import cache
from typing import Any, Self


class StoredEnum(StrEnum):
    """An enumeration whose values are stored. `read` takes any value; calling the class takes known ones only."""

    @classmethod
    def read(cls, value: str) -> Self:
        """Return the member with this value; for an unknown one, an object that is no member and keeps the value."""
        try:
            return cls(value)
        except ValueError:
            unknown = str.__new__(cls, value)
            unknown._name_ = unknown._value_ = value
            return unknown

    @property
    def is_known(self) -> bool:
        """Return whether this version knows the value."""
        return any(self is member for member in type(self))

    @property
    def shown(self) -> str:
        """Return the value as a person reads it."""
        return str(self) if self.is_known else f"unknown ({self})"


def known_fields(kind: type, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of a dataclass's fields: all that its constructor takes."""
    return {name: stored[name] for name in _names_of(kind) if name in stored}


@cache
def _names_of(kind: type) -> tuple[str, ...]:
    """Name a dataclass's fields: asked for with each part of each row."""
    return tuple(each.name for each in fields(kind))
