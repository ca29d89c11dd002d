"""An operator's own quota for an operation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateOverride:
    """What an operator set.

    per_second: None if the configured quota holds again; revision: counts the changes, so that an old one is not
    mistaken for the newest
    """

    per_second: float | None
    reason: str
    revision: int = 1
