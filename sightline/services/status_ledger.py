"""What `status --exact` says of the ledger: what was really paid."""

from collections.abc import Iterable
from typing import Any

from sightline.storage.ledger.protocol import Entry

COUNTS = ("answered", "rejected", "open", "attempts", "ended_unknown")


def ledger_section(entries: Iterable[Entry]) -> dict[str, Any]:
    """Count by feature, of all time. open: claimed or given back, not settled; usd: cost of what was answered.

    An imported answer counts once its image was read: then it stands in a second entry, by its bytes.
    """
    features: dict[str, Any] = {}
    for entry in (each for each in entries if not each.analysis.is_unread):
        counts = features.setdefault(entry.analysis.feature, {**dict.fromkeys(COUNTS, 0), "usd": 0.0})
        counts[str(entry.status) if entry.is_settled else "open"] += 1
        counts["attempts"] += entry.attempts
        counts["ended_unknown"] += entry.unknown_attempts
        counts["usd"] = round(counts["usd"] + entry.cost_micro_usd / 1e6, 6)
    return dict(sorted(features.items()))
