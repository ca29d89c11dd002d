"""The store of verdicts in DynamoDB."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from typing_extensions import override

from sightline.models.images import CameraDay
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.dirty_days import Purpose, dirty_item
from sightline.storage.dynamodb.conditions import (
    Condition,
    all_of,
    any_of,
    at_most,
    begins_with,
    differs,
    equals,
    greater,
    missing,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Index, Key, Schema
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.dynamodb.transactions import Put, put_together
from sightline.storage.verdicts.protocol import (
    Asked,
    KeptVerdict,
    OfLabel,
    VerdictStore,
    asked_key,
    gives_way,
    verdict_key,
)

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoVerdictStore(VerdictStore):
    """The table `<prefix>verdicts`, and of `<prefix>operations` the marks."""

    def __init__(self, client: "DynamoDBClient", prefix: str) -> None:
        self._client = client
        self._schema = verdicts_table(prefix)
        self._table = DynamoTable(client, self._schema)
        self._marks = f"{prefix}operations"

    @override
    def setup(self) -> None:
        self._table.ensure()

    @override
    def check(self) -> None:
        self._table.check()

    @override
    def ask(self, asked: Iterable[Asked]) -> None:
        questions = list(asked)
        self._table.put_many(map(encode_asked, questions))
        self._log([each.image_id for each in questions])

    def _log(self, image_ids: Sequence[str]) -> None:
        """Add entries with the next free numbers: a number is taken only when the one before it is, whoever took that.

        So a reader who has seen an entry has seen all before it. An entry that the network sends twice is there twice.
        """
        number = self.last_entry() if image_ids else 0
        for begin in range(0, len(image_ids), IMAGES_OF_AN_ENTRY):
            part = image_ids[begin : begin + IMAGES_OF_AN_ENTRY]
            number += 1
            while not self._table.put(_entry_key(number) | {"images": part}, missing("image_id")).is_written:
                number += 1

    @override
    def asked(self, image_id: str, label: str) -> Asked | None:
        item = self._table.get({"image_id": image_id, "label_reviewer": asked_key(label)})
        return decode_asked(item) if item else None

    @override
    def write(self, kept: KeptVerdict) -> bool:
        # If the network sends it twice, it changes nothing the second time.
        item = encode_verdict(kept)
        standing = self._table.get({name: item[name] for name in self._schema.key.attributes})
        if standing and not gives_way(decode_verdict(standing).verdict, kept.verdict):
            return False
        mark = dirty_item(kept.camera_day, Purpose.ROLLUPS, uuid4().hex)
        return put_together(self._client, [Put(self._schema.name, item, _gives_way(item)), Put(self._marks, mark)])

    @override
    def of_label(self, image_id: str, label: str) -> OfLabel:
        where = all_of(equals("image_id", image_id), begins_with("label_reviewer", asked_key(label)))
        items = list(self._table.query(where))
        asked = next((decode_asked(item) for item in items if not is_verdict(item)), None)
        return OfLabel(asked, [decode_verdict(item) for item in items if is_verdict(item)])

    @override
    def of_image(self, image_id: str) -> list[KeptVerdict]:
        return [decode_verdict(item) for item in self._table.query(equals("image_id", image_id)) if is_verdict(item)]

    @override
    def of_day(self, camera_day: CameraDay) -> Iterator[KeptVerdict]:
        yield from map(decode_verdict, self._table.query(equals("camera_day", str(camera_day)), index=BY_DAY.name))

    @override
    def asked_many(self, image_ids: Iterable[str], label: str) -> dict[str, Asked]:
        keys = ({"image_id": each, "label_reviewer": asked_key(label)} for each in set(image_ids))
        return {item["image_id"]: decode_asked(item) for item in self._table.get_many(keys)}

    @override
    def of_reviewers(
        self, image_ids: Iterable[str], label: str, reviewers: Collection[str]
    ) -> dict[str, list[KeptVerdict]]:
        named = {verdict_key(label, each) for each in reviewers}
        keys = ({"image_id": each, "label_reviewer": key} for each in set(image_ids) for key in named)
        found: defaultdict[str, list[KeptVerdict]] = defaultdict(list)
        for item in self._table.get_many(keys):
            found[item["image_id"]].append(decode_verdict(item))
        return dict(found)

    @override
    def last_entry(self) -> int:
        newest = self._table.query(equals("image_id", LOG), limit=1, newest_first=True, attributes=("label_reviewer",))
        return next((int(item["label_reviewer"]) for item in newest), 0)

    @override
    def asked_since(self, entry: int) -> set[str]:
        later = all_of(equals("image_id", LOG), greater("label_reviewer", _entry_key(entry)["label_reviewer"]))
        return {image_id for item in self._table.query(later) for image_id in item["images"]}

    @override
    def everything(self) -> Iterator[Asked | KeptVerdict]:
        for item in self._table.scan():
            if is_verdict(item):
                yield decode_verdict(item)
            elif item["image_id"] != LOG:
                yield decode_asked(item)

    @override
    def scan(self, after: KeptVerdict | None = None) -> Iterator[KeptVerdict]:
        items = self._table.scan(start=None if after is None else _key(after.verdict))
        yield from (decode_verdict(item) for item in items if is_verdict(item))


LOG = "asked"
"""The partition of the log of questions. No image has this id."""

IMAGES_OF_AN_ENTRY = 100
"""With the longest ids an entry has a third of what an item may hold."""

_FIELDS = ("label", "reviewer", "answer", "content", "source", "at", "stratum", "threshold_percent")

BY_DAY = Index("by_day", Key("camera_day", "label_reviewer"), includes=_FIELDS)
"""Sparse: a question has no day here, so only verdicts are in it."""


def verdicts_table(prefix: str) -> Schema:
    """Declare the table. It has no TTL: verdicts are kept for ever."""
    return Schema(f"{prefix}verdicts", Key("image_id", "label_reviewer"), indexes=(BY_DAY,))


def _entry_key(number: int) -> dict[str, str]:
    """Name an entry. Zeros in front: text order is the order of numbers."""
    return {"image_id": LOG, "label_reviewer": f"{number:012}"}


def _key(verdict: Verdict) -> dict[str, str]:
    return {"image_id": verdict.image_id, "label_reviewer": verdict_key(verdict.label, verdict.reviewer)}


def _gives_way(item: Item) -> Condition:
    """Hold if what is stored may be replaced: another process may have written it since it was read."""
    is_later = any_of(missing("at"), at_most("at", item["at"]))
    if item["source"] != Source.VOLUNTEERED:
        return is_later
    is_no_answer = any_of(missing("at"), equals("source", Source.VOLUNTEERED), differs("content", item["content"]))
    return all_of(is_later, is_no_answer)


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
    """Return whether an item is a verdict, and neither a question nor an entry of the log."""
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
