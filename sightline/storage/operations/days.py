"""Dirty marks: which camera's capture days must be looked at again, and by whom.

Whoever changes what a day shows marks it, before anybody could believe that the change was seen to. Each consumer
works its own marks off, and removes one only if it is still the one that it read: a day that was marked again
meanwhile is looked at again.
"""

from dataclasses import dataclass
from enum import StrEnum

from sightline.models.images import CameraDay


class Purpose(StrEnum):
    """Who looks at dirty days."""

    PARITY = "parity"
    ROLLUPS = "rollups"


@dataclass(frozen=True, slots=True)
class DirtyDay:
    """A mark. `mark` is new with each marking, so that a consumer can tell whether it came again."""

    purpose: Purpose
    camera_day: CameraDay
    mark: str
