"""What a message carries beside its arguments, so that a step need not read what the step before it has just written.

It is in headers of the message: arguments name the step, and a step that is sent again must have the same name. Copies
and retries keep headers. Whatever is missing here, too large, or of a form that only a newer version knows, is read
from the stores instead. An older worker ignores these headers.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sightline.models.answers import Json
from sightline.models.images import Content, FeatureResult, ImageRow
from sightline.models.stored_images import plain_result, read_content, read_result

RESULT = "result"
"""The header of `write_rows` that carries the settled analysis as its row keeps it."""

FACTS = "facts"
"""The header of `detect_feature` that carries what its row wanted, of which bytes, and when that was so."""

IS_NEW = "new_row"
"""The header of `ingest_image` that says: its producer has just made the row, so nothing is known in it."""

IS_REDRIVEN = "redriven"
"""The header that says: the image is one of a dead letter, and is looked at again. Only the books ask."""

MOST_BYTES = 8 * 1024
"""A larger result is not carried: messages stay small, and a long list of texts is rare."""


def result_headers(result: FeatureResult) -> dict[str, Json]:
    """Return the header that carries a result; none if it is too large."""
    text = json.dumps(plain_result(result))
    return {RESULT: json.loads(text)} if len(text.encode()) <= MOST_BYTES else {}


def carried_result(headers: Mapping[str, Any] | None) -> FeatureResult | None:
    """Return the result that a message carries; None if it carries none that this version can read."""
    try:
        result = _result((headers or {})[RESULT])
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    return result if result.status.is_known else None


def _result(stored: Mapping[str, Any]) -> FeatureResult:
    checked = {"analysis_id": str(stored["analysis_id"]), "left_out": int(stored["left_out"])}
    finding = [(str(name), confidence) for name, confidence in stored["finding"]]
    return read_result({**stored, **checked, "finding": finding})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row said of one feature. read_at: before the row was written or read; a copy of the message keeps it."""

    analysis_id: str
    content: Content
    read_at: datetime


def facts_headers(row: ImageRow, feature: str, read_at: datetime) -> dict[str, Json]:
    """Return the header that carries what a row says; nothing if the row has no content.

    Nothing either if answers about it were dropped: the step then needs more of the row.
    """
    if row.content is None or row.drops is not None:
        return {}
    content = asdict(row.content)
    at = row.content.last_modified
    stored = content | {"last_modified": at.isoformat() if at else None}
    return {FACTS: {"analysis_id": row.wanted[feature], "content": stored, "read_at": read_at.isoformat()}}


def carried_facts(headers: Mapping[str, Any] | None) -> Facts | None:
    """Return the facts that a message carries; None if it carries none that this version can read."""
    try:
        return _facts((headers or {})[FACTS])
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def _facts(stored: Mapping[str, Any]) -> Facts:
    content, read_at = dict(stored["content"]), datetime.fromisoformat(stored["read_at"])
    texts = (stored["analysis_id"], content["sha256"], content["etag"], content.get("version") or "")
    if read_at.tzinfo is None or not all(isinstance(text, str) for text in texts):
        raise ValueError("facts are of texts and of an aware time")
    return Facts(stored["analysis_id"], read_content(content), read_at)


def carried_is_new(headers: Mapping[str, Any] | None) -> bool:
    """Return whether a message says that its row was new."""
    return (headers or {}).get(IS_NEW) is True


@dataclass(frozen=True, slots=True)
class Told:
    """What a message told of the image that is asked about. facts: None if it carried none that can be read."""

    facts: Facts | None = None
    is_redriven: bool = False


def carried_told(headers: Mapping[str, Any] | None) -> Told:
    """Return what a message of `detect_feature` told."""
    return Told(carried_facts(headers), carried_is_redriven(headers))


def carried_is_redriven(headers: Mapping[str, Any] | None) -> bool:
    """Return whether a message says that its image is one of a dead letter."""
    return (headers or {}).get(IS_REDRIVEN) is True
