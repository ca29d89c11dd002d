"""Entries of the ledger as items of DynamoDB.

The detections are native, so that the table can be read without sightline; the parameters are JSON text, since the
analysis id was made from exactly these and 30.0 must not come back as 30.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sightline.models.answers import Json
from sightline.models.images import Rejection
from sightline.models.stored import known_fields
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.items import Item
from sightline.storage.ledger.answers import from_plain
from sightline.storage.ledger.protocol import Analysis, Entry, Status

OF_AN_ENTRY = (
    *("analysis_id", "content", "feature", "parameters", "generation", "image_id"),
    *("status", "claim_id", "lease_until", "attempts", "unknown_attempts", "rejection", "cost_micro_usd", "paid_at"),
)
"""The attributes that make an entry without its answer."""


def identify(change: Change, analysis: Analysis) -> Change:
    """Let `change` say what the analysis is, where the item does not say so yet."""
    parameters = json.dumps(dict(analysis.parameters), sort_keys=True)
    facts = {
        "content": analysis.content,
        "feature": analysis.feature,
        "parameters": parameters,
        "generation": analysis.generation,
        "image_id": analysis.image_id,
    }
    for name, value in facts.items():
        change.set_if_missing(name, value)
    return change


def outcome_attributes(outcome: Rejection | Mapping[str, Json]) -> dict[str, Any]:
    """Return the attributes that an item gains when it is settled: by a rejection, or by a plain answer.

    Where `answer_uri` stands instead of `detections`, the whole answer is in that object.
    """
    if isinstance(outcome, Rejection):
        return {"status": Status.REJECTED, "rejection": asdict(outcome)}
    return {"status": Status.ANSWERED, **outcome}


def to_entry(item: Item) -> Entry:
    """Read an entry. Its answer is None where the item does not hold the detections themselves."""
    rejection = item.get("rejection")
    return Entry(
        analysis=_analysis(item),
        status=Status.read(item["status"]),
        claim_id=item.get("claim_id", ""),
        lease_until=_instant(item.get("lease_until")),
        attempts=item.get("attempts", 0),
        unknown_attempts=item.get("unknown_attempts", 0),
        answer=from_plain(item) if "detections" in item else None,
        rejection=Rejection(**known_fields(Rejection, rejection)) if rejection else None,
        cost_micro_usd=item.get("cost_micro_usd", 0),
        paid_at=_instant(item.get("paid_at")),
    )


def _analysis(item: Item) -> Analysis:
    parameters = json.loads(item["parameters"])
    return Analysis(
        item["analysis_id"], item["content"], item["feature"], parameters, item["generation"], item["image_id"]
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
