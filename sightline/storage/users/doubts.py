"""What a store of doubts does: reviewers who have seen what the detector found say of which answers they are not sure.

A doubt asks another reviewer for a look. It is no verdict, and no estimate knows of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

DOUBTS_LAST = timedelta(days=400)
"""As long as batches: longer than any figure looks back."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A user doubts the answer about an image's bytes."""

    image_id: str
    label: str
    content: str
    user: str
    at: datetime


class DoubtStore(Protocol):
    """Doubts by label. All reads are consistent."""

    def keep(self, doubt: Doubt) -> None:
        """Keep a doubt; one of the same user about the same image and label takes the place of an earlier."""

    def of(self, label: str) -> list[Doubt]:
        """Return the doubts about answers of one label, by user and image."""
