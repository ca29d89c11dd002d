"""What a label set does: it is read from its beginning to its end."""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeAlias

from sightline.models.answers import Json

LabelItem: TypeAlias = Mapping[str, Json]
"""One row as it stands: whatever of `ATTRIBUTES` it has, in whatever form. Nothing is promised of another's rows."""

ATTRIBUTES = ("object_key", "label", "confidence", "event_ts")
"""What is read. `capture_date` says nothing that `event_ts` does not."""


class LabelSet(Protocol):
    """The rows of one table that another system wrote."""

    @property
    def name(self) -> str:
        """Name the table."""

    def count(self) -> int:
        """Return the table's own count of rows, hours old perhaps; raise as `items` does."""

    def items(self) -> Iterator[LabelItem]:
        """Return every row, a page at a time in memory; raise MissingTable, AccessDenied or Unavailable."""
