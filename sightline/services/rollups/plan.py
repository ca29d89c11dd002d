"""What is watched: the labels, what makes a positive, and how the review samples."""

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
"""How figures are estimated. Another way of doing it gets another name, and stands beside this one."""


class NotWatched(ConfigurationError):
    """No figures are made of this label."""

    rule = "a label must be watched before it can be reviewed"


@dataclass(frozen=True, slots=True)
class AccuracyPlan:
    """What is watched.

    salt: of the sampling; another one is another sample
    target_points: half the width, in points, that the interval of recall shall have
    zones: of all cameras; a capture day has ended when it has ended in each
    """

    rules: Sequence[StrataRule]
    salt: str
    target_points: float
    zones: Sequence[ZoneInfo]

    def rule_of(self, label: str) -> StrataRule:
        """Give the rule of a watched label; raise NotWatched."""
        for rule in self.rules:
            if rule.label == label:
                return rule
        watched = ", ".join(rule.label for rule in self.rules)
        raise NotWatched(label, remedy=f"Add it to SIGHTLINE_WATCHED_LABELS; watched are {watched}")

    def last_ended_day(self, now: datetime) -> str:
        """Give the last capture day (YYYY-MM-DD) that has ended for every camera."""
        today = min(now.astimezone(zone).date() for zone in self.zones)
        return (today - timedelta(days=1)).isoformat()


def method_of(rule: StrataRule) -> str:
    """Name how a label's figures are made: another threshold starts new figures, beside the old."""
    related_labels = (
        hashlib.sha256("\n".join(sorted(rule.related_labels)).encode()).hexdigest()[:6]
        if rule.related_labels
        else "none"
    )
    return f"{METHOD}@{rule.threshold_percent:g}-{rule.low_percent:g}-kin-{related_labels}"
