"""Labels by image, on disk: a label set may be larger than memory, and its table may keep an image's rows anywhere."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from types import TracebackType
from typing import Self

from sightline.services.label_import.rows import LabelRow

CACHE_KIBIBYTES = 65_536

SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -{CACHE_KIBIBYTES};
CREATE TABLE labels (
  image_id TEXT, label TEXT, confidence REAL, at REAL, PRIMARY KEY (image_id, label)
) WITHOUT ROWID;
CREATE TABLE spoiled (image_id TEXT PRIMARY KEY) WITHOUT ROWID;
"""

KEEP = """
INSERT INTO labels VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET confidence = excluded.confidence, at = excluded.at
WHERE (excluded.at, excluded.confidence) > (at, confidence)
"""

WHOLE = """
SELECT image_id, label, confidence, at FROM labels
WHERE image_id NOT IN (SELECT image_id FROM spoiled) ORDER BY image_id, label
"""


@dataclass(frozen=True, slots=True)
class OldAnswer:
    """What the old system knew of an image: labels with confidence, and the time of the earliest of them."""

    labels: Sequence[tuple[str, float]]
    at: datetime


class Staging:
    """A database of its own, in a file that has no name and goes when it is closed."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(SCHEMA)
        self._database.execute("BEGIN")  # for good: nothing here outlives the process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._database.close()

    def keep(self, row: LabelRow) -> None:
        """Keep a label. Of two rows for it the later one is right, and of two at once the surer one."""
        self._database.execute(KEEP, (row.image_id, row.label, row.confidence, row.at.timestamp()))

    def spoil(self, image_id: str) -> None:
        """Leave an image out: an answer of which a piece is missing is none."""
        self._database.execute("INSERT OR IGNORE INTO spoiled VALUES (?)", (image_id,))

    def counts(self) -> tuple[int, int]:
        """Count the images that are whole, and those that are left out."""
        (known,) = self._database.execute("SELECT count(DISTINCT image_id) FROM labels").fetchone()
        (spoiled,) = self._database.execute("SELECT count(*) FROM spoiled").fetchone()
        query = "SELECT count(*) FROM spoiled WHERE image_id IN (SELECT image_id FROM labels)"
        (both,) = self._database.execute(query).fetchone()
        return known - both, spoiled

    def images(self) -> Iterator[tuple[str, OldAnswer]]:
        """Return each image that is whole, with its answer."""
        for image_id, rows in groupby(self._database.execute(WHOLE), key=lambda row: str(row[0])):
            whole = list(rows)
            at = datetime.fromtimestamp(min(at for *_, at in whole), UTC)
            yield image_id, OldAnswer(tuple((label, confidence) for _, label, confidence, _ in whole), at)
