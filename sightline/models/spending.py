"""What was called and may have been paid for, as the books keep it: counts of calls by day and what they were for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias


class Reason(StrEnum):
    """Why AWS bills a call. UNKNOWN: it may have been billed, since no answer came.

    NEW: it was answered at the first attempt; RETRIED: at a later one; REDRIVEN: for an image of a dead letter
    OUTDATED: answered for bytes that were overwritten meanwhile, so the answer was dropped
    BY_HAND: by `sightline detect` or `sightline check --pay`
    UNDER_WAY: it is claimed, so it may be on its way, or its process died and nobody wanted this analysis again
    """

    NEW = "new"
    RETRIED = "retried"
    REDRIVEN = "redriven"
    OUTDATED = "outdated"
    BY_HAND = "by hand"
    UNKNOWN = "unknown"
    UNDER_WAY = "under way"

    @property
    def is_sure(self) -> bool:
        """Return whether AWS bills the call for certain."""
        return self not in {Reason.UNKNOWN, Reason.UNDER_WAY}


@dataclass(frozen=True, slots=True)
class Line:
    """What calls have in common. day: UTC, as ISO 8601; billed: what AWS counts of each call (`DetectText`).

    camera: empty in sums over all cameras, and where the image's key names none
    """

    day: str
    feature: str
    billed: tuple[str, ...]
    lane: str
    reason: Reason
    camera: str = ""

    @property
    def of_all_cameras(self) -> "Line":
        """Return the line of the sums over all cameras."""
        return replace(self, camera="")


Spent: TypeAlias = Mapping[Line, int]
"""How many calls there were of each kind."""
