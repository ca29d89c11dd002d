"""Capture counts: how many images of a month were read without a time of their own, or with one that is doubtful."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sightline.models.images import MOVED, UPLOAD_TIME, Capture
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import equals
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable

CAPTURE_COUNTS = "capture_counts"


class Counted(StrEnum):
    """What is counted of a capture time."""

    UPLOAD_TIME = "upload_time"
    IGNORED = "ignored"
    DOUBTFUL = "doubtful"


def counted_of(capture: Capture) -> dict[Counted, int]:
    """Return what counts of a capture."""
    found = {
        Counted.UPLOAD_TIME: capture.source == UPLOAD_TIME,
        Counted.IGNORED: bool(capture.ignored),
        Counted.DOUBTFUL: bool(capture.doubt) and capture.source != MOVED,
    }
    return {what: 1 for what, holds in found.items() if holds}


class CaptureCounts(Protocol):
    """What every store of capture counts does."""

    def count(self, camera: str, at: datetime, what: Mapping[Counted, int]) -> None:
        """Add to a camera's counters of the UTC month of `at`."""

    def of_month(self, at: datetime) -> dict[str, dict[Counted, int]]:
        """Return the counters of the UTC month of `at`: camera → what → number."""


class DynamoCaptureCounts(CaptureCounts):
    """The capture counts of the table of operations."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    def count(self, camera: str, at: datetime, what: Mapping[Counted, int]) -> None:
        """Add to a camera's counters, in one update. Sent twice by the network, it counts twice."""
        change = Change().set_all(camera=camera)
        for name, number in what.items():
            change.add(str(name), number)
        self._table.change({"kind": _kind(at), "id": sort_key(camera)}, change)

    def of_month(self, at: datetime) -> dict[str, dict[Counted, int]]:
        """Return the counters of a month."""
        items = self._table.query(equals("kind", _kind(at)))
        return {item["camera"]: {what: item[what] for what in Counted if what in item} for item in items}


def _kind(at: datetime) -> str:
    return f"{CAPTURE_COUNTS}#{at:%Y-%m}"
