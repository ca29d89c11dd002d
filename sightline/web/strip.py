"""The strip of a day: a bar for each quarter of an hour in which a visit of the page began."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sightline.web.visits import Card

QUARTERS = 96
MINUTES = 15
HEIGHT = 60
LEAST_HEIGHT = 12
"""So that one picture can be seen beside two hundred."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A quarter of an hour.

    first_visit: the number of its earliest visit on the page
    is_found: some cover shows what is asked for, or any label if none is named; pictures that the review hides are
    plain, as those without a label are
    """

    quarter: int
    visits: int
    pictures: int
    height: int
    first_visit: int
    is_found: bool

    @property
    def time(self) -> str:
        """Return when it begins, by the camera's clock."""
        return f"{self.quarter * MINUTES // 60:02}:{self.quarter * MINUTES % 60:02}"


def strip(cards: Sequence[Card]) -> list[Bar]:
    """Return the bars of a page's visits, the earliest first. Visits are numbered from 1, as the page shows them."""
    by_quarter: defaultdict[int, list[tuple[int, Card]]] = defaultdict(list)
    for number, card in enumerate(cards, 1):
        by_quarter[_quarter(card.visit.first.capture.taken_at)].append((number, card))
    pictures = {quarter: sum(len(card.pictures) for _, card in found) for quarter, found in by_quarter.items()}
    most = max(pictures.values(), default=1)
    return [
        Bar(
            quarter,
            len(by_quarter[quarter]),
            pictures[quarter],
            LEAST_HEIGHT + (HEIGHT - LEAST_HEIGHT) * pictures[quarter] // most,
            by_quarter[quarter][-1][0],
            any(card.is_found for _, card in by_quarter[quarter]),
        )
        for quarter in sorted(by_quarter)
    ]


def _quarter(at: datetime) -> int:
    return (60 * at.hour + at.minute) // MINUTES
