"""Verdicts and questions as items of the table `verdicts`, and its declaration."""

from datetime import datetime

from sightline.models.images import CameraDay
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Index, Key, Schema
from sightline.storage.verdicts.keys import asked_key, verdict_key
from sightline.storage.verdicts.protocol import Asked, KeptVerdict

_FIELDS = ("label", "reviewer", "answer", "content", "source", "at", "stratum", "threshold_percent")

BY_DAY = Index("by_day", Key("camera_day", "label_reviewer"), includes=_FIELDS)
"""Sparse: a question has no day here, so only verdicts are in it."""


def verdicts_table(prefix: str) -> Schema:
    """Declare the table. It has no TTL: a person's word is for ever."""
    return Schema(f"{prefix}verdicts", Key("image_id", "label_reviewer"), indexes=(BY_DAY,))


def encode_verdict(kept: KeptVerdict) -> Item:
    """Return the item of a verdict."""
    verdict = kept.verdict
    return {
        "image_id": verdict.image_id,
        "label_reviewer": verdict_key(verdict.label, verdict.reviewer),
        "camera_day": str(kept.camera_day),
        "label": verdict.label,
        "reviewer": verdict.reviewer,
        "answer": verdict.answer,
        "content": verdict.content,
        "source": verdict.source,
        "at": instant(verdict.at),
        "stratum": verdict.stratum,
        "threshold_percent": verdict.threshold_percent,
    }


def decode_verdict(item: Item) -> KeptVerdict:
    """Read a verdict."""
    threshold = item.get("threshold_percent")
    verdict = Verdict(
        image_id=item["image_id"],
        label=item["label"],
        reviewer=item["reviewer"],
        answer=Answer.read(item["answer"]),
        content=item["content"],
        source=Source.read(item["source"]),
        at=datetime.fromisoformat(item["at"]),
        stratum=Stratum.read(item["stratum"]) if "stratum" in item else None,
        threshold_percent=None if threshold is None else float(threshold),
    )
    return KeptVerdict(verdict, CameraDay.parse(item["camera_day"]))


def is_verdict(item: Item) -> bool:
    """Return whether an item is a verdict, and not a question."""
    return "camera_day" in item


def encode_asked(asked: Asked) -> Item:
    """Return the item of a question."""
    return {
        "image_id": asked.image_id,
        "label_reviewer": asked_key(asked.label),
        "label": asked.label,
        "content": asked.content,
        "stratum": asked.stratum,
        "threshold_percent": asked.threshold_percent,
        "at": instant(asked.at),
    }


def decode_asked(item: Item) -> Asked:
    """Read a question."""
    return Asked(
        image_id=item["image_id"],
        label=item["label"],
        content=item["content"],
        stratum=Stratum.read(item["stratum"]),
        threshold_percent=float(item["threshold_percent"]),
        at=datetime.fromisoformat(item["at"]),
    )
