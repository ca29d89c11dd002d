"""How a rollup changes: only where what it is made of has changed, one revision after the other, each with a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sightline.errors import Unavailable
from sightline.models.answers import Json
from sightline.services.rollups.as_json import window_from_json
from sightline.storage.rollups.protocol import Rollup, RollupKey, RollupStore

OPEN_DAYS = 30
"""So long after its end, or after its first figures where those came later, a day is made anew for what comes late."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """Writes rollups."""

    rollups: RollupStore
    clock: Callable[[], datetime]

    def write(
        self,
        key: RollupKey,
        before: Rollup | None,
        hashes: tuple[str, str],
        make: Callable[[], Mapping[str, Json]],
    ) -> bool:
        """Write the next revision where the hashes (of population and verdicts) changed; say whether they did.

        Raise Unavailable where another run has written since `before` was read.
        """
        if before and (before.population_hash, before.verdicts_hash) == hashes:
            return False
        now, (population, verdicts), figures = self.clock(), hashes, make()
        revision, opened_at = (before.revision + 1, before.opened_at) if before else (1, now)
        reason = reason_for(before, hashes, figures)
        if not self.rollups.write(Rollup(key, revision, reason, verdicts, population, opened_at, now, figures)):
            raise Unavailable(str(key), rule="another run has written this rollup meanwhile")
        return True


def is_closed(rollup: Rollup, now: datetime) -> bool:
    """Say whether a day's figures stand for good."""
    since = max(date.fromisoformat(rollup.key.end_day), rollup.opened_at.date())
    return (now.date() - since).days > OPEN_DAYS


def reason_for(before: Rollup | None, hashes: tuple[str, str], figures: Mapping[str, Json]) -> str:
    """Say what made a revision: `images 120 → 121; reviewed 40 → 43`."""
    if before is None:
        return "first figures"
    old, new = window_from_json(before.figures["window"]), window_from_json(figures["window"])
    changes = []
    if before.population_hash != hashes[0]:
        changes.append(_change("images", old.population, new.population, "images changed"))
    if before.verdicts_hash != hashes[1]:
        changes.append(_change("reviewed", old.reviewed, new.reviewed, "verdicts changed"))
    return "; ".join(changes)


def _change(what: str, old: int, new: int, otherwise: str) -> str:
    return otherwise if old == new else f"{what} {old} → {new}"
