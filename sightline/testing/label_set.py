"""The in-memory fake of a label set."""

from collections.abc import Iterator, Sequence

from sightline.storage.label_set.protocol import LabelItem


class InMemoryLabelSet:
    """Rows in a list."""

    def __init__(self, name: str, rows: Sequence[LabelItem] = ()) -> None:
        self.name = name
        self._rows = rows

    def count(self) -> int:
        """Count the rows."""
        return len(self._rows)

    def items(self) -> Iterator[LabelItem]:
        """Return every row."""
        yield from self._rows
