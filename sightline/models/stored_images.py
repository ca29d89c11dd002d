"""Content, results and refusals as image rows keep them, and messages carry them."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sightline.models.images import AskedBy, Content, FeatureResult, Judged, Rejection, ResultStatus
from sightline.models.stored import known_fields

_OF_A_RESULT = tuple(each.name for each in fields(FeatureResult))


def read_content(stored: Mapping[str, Any]) -> Content:
    """Return what is stored of an object's bytes."""
    at = stored.get("last_modified")  # not there in rows from before it was kept
    return Content(**known_fields(Content, stored) | {"last_modified": datetime.fromisoformat(at) if at else None})


def read_rejection(stored: Mapping[str, Any] | None) -> Rejection | None:
    """Return what is stored of a refusal; None if nothing was refused."""
    return None if stored is None else Rejection(**known_fields(Rejection, stored))


def read_judged(stored: Mapping[str, Any] | None) -> Judged | None:
    """Return what is stored of what an end was judged by; None if nothing is."""
    return None if stored is None else Judged(datetime.fromisoformat(stored["at"]), stored["etag"])


def read_result(stored: Mapping[str, Any]) -> FeatureResult:
    """Return what is stored of a settled analysis."""
    cut = stored["cut_percent"]
    decoded = {
        "status": ResultStatus.read(stored["status"]),
        "finding": tuple((name, float(confidence)) for name, confidence in stored["finding"]),
        "cut_percent": None if cut is None else float(cut),
        "rejection": read_rejection(stored["rejection"]),
        "asked_by": AskedBy.read(stored.get("asked_by", AskedBy.NAME)),
    }
    return FeatureResult(**known_fields(FeatureResult, stored) | decoded)


def plain_result(result: FeatureResult) -> dict[str, Any]:
    """Return a settled analysis as `read_result` reads it.

    Not `asdict`: it copies each pair of a finding, which is a tenth of what it costs to write it.
    """
    plain = {name: getattr(result, name) for name in _OF_A_RESULT}
    return plain | {"rejection": asdict(result.rejection)} if result.rejection else plain
