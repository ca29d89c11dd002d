"""Rows that lacked one result when this process last wrote them: whatever comes next for one is its last."""

from collections import OrderedDict
from threading import Lock

from sightline.models.images import FeatureResult, ImageRow, State

MOST = 1_000
"""Rows of a few kilobytes. One that is forgotten costs a request more, one that has changed since a refused one."""


class LackingOne:
    """A memory that may be wrong: others write the same rows. Threads share one."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._rows: OrderedDict[str, ImageRow] = OrderedDict()
        self._lock = Lock()

    def note(self, row: ImageRow) -> None:
        """Remember a row as it now stands, if it lacks one result and no other image's."""
        if row.is_known and row.state is State.ANALYSING and row.shown_with is None and len(row.unsettled()) == 1:
            with self._lock:
                self._rows[row.image_id] = row
                while len(self._rows) > self._most:
                    self._rows.popitem(last=False)

    def take(self, image_id: str, feature: str, part: FeatureResult) -> ImageRow | None:
        """Return the row that only this result was lacking, and forget it; None if no such row is remembered."""
        with self._lock:
            row = self._rows.pop(image_id, None)
        lacks_it = row is not None and row.unsettled() == [feature] and row.wanted[feature] == part.analysis_id
        return row if lacks_it else None
