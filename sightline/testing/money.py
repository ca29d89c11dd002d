"""A budget over a store in memory."""

from collections.abc import Callable
from datetime import datetime

from sightline.models.budgets import Budget
from sightline.services.caps import parse_caps
from sightline.services.treasury import PriceOf, Treasury
from sightline.storage.operations import Operations

PRICE = 1000
"""Of any call, in millionths of a US dollar."""


def treasury_of(
    caps: str,
    operations: Operations,
    clock: Callable[[], datetime],
    *,
    live_percent: float = 0.0,
    price_of: PriceOf = lambda *_: PRICE,
) -> Treasury:
    """Return what a process takes from; caps: as in SIGHTLINE_BUDGET."""
    phrases = [phrase.strip() for phrase in caps.split(",")]
    budget = Budget(parse_caps(phrases, ("faces", "labels", "text", "video_labels")), live_percent)
    return Treasury(budget, operations.budget_accounts, operations.usage, price_of, clock)
