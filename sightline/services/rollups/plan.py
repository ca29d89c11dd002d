"""The accuracy plan: which labels are watched, what counts as a positive, and how the review samples."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sightline.errors import ConfigurationError
from sightline.stats.strata import StrataRule

FEATURE = "labels"
"""The feature whose findings are judged."""

METHOD = "strata-hull-1"
"""The estimation method. A different method gets a different name, and its figures stand beside these."""


class NotWatched(ConfigurationError):
    """No figures are computed for this label."""

    rule = "a label must be watched before it can be reviewed"


@dataclass(frozen=True, slots=True)
class AccuracyPlan:
    """What is watched, and how it is sampled.

    salt: of the sampling; a different salt draws a different sample
    target_points: the target for half the width of the interval of recall, in percentage points
    zones: the time zones of all cameras; a capture day has ended when it has ended in each
    """

    rules: Sequence[StrataRule]
    salt: str
    target_points: float
    zones: Sequence[ZoneInfo]

    def rule_of(self, label: str) -> StrataRule:
        """Return the rule of a watched label; raise NotWatched."""
        for rule in self.rules:
            if rule.label == label:
                return rule
        watched = ", ".join(rule.label for rule in self.rules)
        raise NotWatched(label, remedy=f"Add it to SIGHTLINE_WATCHED_LABELS; watched are {watched}")

    def threshold_of(self, label: str) -> float | None:
        """Return a watched label's threshold in percent; None if the label is not watched."""
        return next((rule.threshold_percent for rule in self.rules if rule.label == label), None)

    def last_ended_day(self, now: datetime) -> str:
        """Return the last capture day (YYYY-MM-DD) that has ended for every camera."""
        today = min(now.astimezone(zone).date() for zone in self.zones)
        return (today - timedelta(days=1)).isoformat()


def method_of(rule: StrataRule) -> str:
    """Return the name of the method and its parameters: a new threshold starts new figures, beside the old."""
    related_labels = (
        hashlib.sha256("\n".join(sorted(rule.related_labels)).encode()).hexdigest()[:6]
        if rule.related_labels
        else "none"
    )
    return f"{METHOD}@{rule.threshold_percent:g}-{rule.low_percent:g}-kin-{related_labels}"
