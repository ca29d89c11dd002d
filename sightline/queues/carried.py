"""What a message carries beside its arguments, so that a step need not read what the step before it has just written.

It is in headers of the message: arguments name the step, and a step that is sent again must have the same name. Copies
and retries keep headers. Whatever is missing here, too large, or of a form that only a newer version knows, is read
from the stores instead. An older worker ignores these headers.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sightline.models.answers import Json
from sightline.models.images import AskedBy, FeatureResult, Rejection, ResultStatus
from sightline.models.stored import known_fields

RESULT = "result"
"""The header of `write_rows` that carries the settled analysis as its row keeps it."""

MOST_BYTES = 8 * 1024
"""A larger result is not carried: messages stay small, and a long list of texts is rare."""


def result_headers(result: FeatureResult) -> dict[str, Json]:
    """Return the header that carries a result; none if it is too large."""
    text = json.dumps(asdict(result))
    return {RESULT: json.loads(text)} if len(text.encode()) <= MOST_BYTES else {}


def carried_result(headers: Mapping[str, Any] | None) -> FeatureResult | None:
    """Return the result that a message carries; None if it carries none that this version can read."""
    try:
        result = _result((headers or {})[RESULT])
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    return result if result.status.is_known else None


def _result(stored: Mapping[str, Any]) -> FeatureResult:
    cut, rejection = stored["cut_percent"], stored["rejection"]
    decoded = {
        "analysis_id": str(stored["analysis_id"]),
        "status": ResultStatus.read(stored["status"]),
        "finding": tuple((str(name), float(confidence)) for name, confidence in stored["finding"]),
        "cut_percent": None if cut is None else float(cut),
        "rejection": None if rejection is None else Rejection(**known_fields(Rejection, rejection)),
        "left_out": int(stored["left_out"]),
        "asked_by": AskedBy.read(stored.get("asked_by", AskedBy.NAME)),
    }
    return FeatureResult(**known_fields(FeatureResult, stored) | decoded)
