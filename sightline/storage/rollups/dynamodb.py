"""The store of rollups in DynamoDB: a camera and label is a partition, its windows lie in order of their end day.

DynamoDB keeps at most 400 KB in an item, and the figures of a thousand cameras may be longer. Long figures lie in items
of their own beside the rollup's, which are written first. Their keys name their text: no writer disturbs another.

What each hour shows lies apart from the figures, a small item for a camera's day, all in one partition: a heat map of
three months reads one page of them.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from sightline.errors import Unavailable
from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, any_of, at_most, between, equals, exists, missing
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.rollups.protocol import HourCounts, Rollup, RollupKey, RollupStore

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

LONGEST_TEXT = 350_000
"""Characters of figures in one item: they are ASCII, so as many bytes. The item's other texts need a few kilobytes."""

FEW_WINDOWS, MANY_WINDOWS = 2, 32
"""How many are read at once from the newest end, at first and at most: each is some kilobytes."""

HOURS = "hours"
"""The partition of what each hour shows: that of a camera and label has a # in its name."""


class DynamoRollupStore(RollupStore):
    """The table `<prefix>rollups`. Figures are kept as text: a share needs more places than a confidence has here."""

    def __init__(self, client: "DynamoDBClient", prefix: str, *, longest_text: int = LONGEST_TEXT) -> None:
        self._table = DynamoTable(client, Schema(f"{prefix}rollups", Key("camera_label", "window")))
        self._longest_text = longest_text

    @override
    def setup(self) -> None:
        self._table.ensure()

    @override
    def check(self) -> None:
        self._table.check()

    @override
    def get(self, key: RollupKey) -> Rollup | None:
        item = self._table.get(_key(key))
        return self._decode(item) if item else None

    @override
    def write(self, rollup: Rollup) -> bool:
        # The network may send it twice, so this very revision may stand already.
        text = json.dumps(dict(rollup.figures))
        if len(text) > self._longest_text:
            return self._write_long(rollup, text)
        return self._write(rollup, {"figures": text, "pieces": None})

    def _write(self, rollup: Rollup, kept: Item) -> bool:
        change = Change().set_all(**_fields(rollup), **kept)
        outcome = self._table.update(_key(rollup.key), change, equals("revision", rollup.revision - 1 or None))
        return outcome.is_written or (outcome.item is not None and self._decode(outcome.item) == rollup)

    def _write_long(self, rollup: Rollup, text: str) -> bool:
        """Write a long text piece by piece, then the rollup, then empty the pieces of the revision before."""
        standing = self._table.get(_key(rollup.key)) or {}
        most = self._longest_text
        parts = [text[at : at + most] for at in range(0, len(text), most)]
        pieces = [hashlib.sha256(text.encode()).hexdigest()[:32], len(parts)]
        for key, part in zip(_piece_keys(rollup.key, pieces), parts, strict=True):
            self._table.put({**key, "text": part})
        if not self._write(rollup, {"figures": None, "pieces": pieces}):
            return False
        if (old := standing.get("pieces")) and old != pieces:
            for key in _piece_keys(rollup.key, old):
                self._table.put(key)
        return True

    def _decode(self, item: Item) -> Rollup:
        if "pieces" not in item:
            return _decode(item, item["figures"])
        key, keys = _rollup_key(item), _piece_keys(_rollup_key(item), item["pieces"])
        where = all_of(
            equals("camera_label", item["camera_label"]), between("window", keys[0]["window"], keys[-1]["window"])
        )
        parts = [piece["text"] for piece in self._table.query(where) if "text" in piece]
        if len(parts) == len(keys):
            return _decode(item, "".join(parts))
        newer = self._table.get(_key(key))
        if newer is None or newer.get("pieces") == item["pieces"]:
            raise Unavailable(str(key), rule="pieces of this rollup are missing")
        return self._decode(newer)

    @override
    def between(self, camera: str, label: str, window_days: int, first_day: str, last_day: str) -> Iterator[Rollup]:
        if first_day <= last_day:
            yield from self._windows((camera, label, window_days), first_day, last_day)

    @override
    def newest_first(
        self, camera: str, label: str, window_days: int, first_day: str, last_day: str
    ) -> Iterator[Rollup]:
        if first_day <= last_day:
            few_at_once = {"newest_first": True, "page": FEW_WINDOWS, "widest": MANY_WINDOWS}
            yield from self._windows((camera, label, window_days), first_day, last_day, **few_at_once)

    def _windows(self, wanted: tuple[str, str, int], first_day: str, last_day: str, **how: Any) -> Iterator[Rollup]:
        """Query the windows of a camera, a label and a length. how: the order, and how many are read at once."""
        camera, label, window_days = wanted
        days = between("window", f"{window_days}#{first_day}#", f"{window_days}#{last_day}$")
        return map(self._decode, self._table.query(all_of(equals("camera_label", f"{camera}#{label}"), days), **how))

    @override
    def note_late(self, key: RollupKey, images: int, verdicts: int) -> None:
        change = Change().set_all(late_images=images, late_verdicts=verdicts)
        self._table.change(_key(key), change, exists("revision"))

    @override
    def keep_hour_counts(self, day: CameraDay, read_at: datetime, counts: Mapping[str, HourCounts]) -> bool:
        texts = {
            label: json.dumps([[*cell, images] for cell, images in each.items()]) for label, each in counts.items()
        }
        key = {"camera_label": HOURS, "window": sort_key(f"{day.day}#{day.camera}")}
        item = {**key, "camera": day.camera, "day": day.day, "read_at": instant(read_at), "counts": texts}
        is_older = any_of(missing("read_at"), at_most("read_at", item["read_at"]))
        return self._table.put(item, is_older).is_written

    @override
    def hour_counts(
        self, label: str, first_day: str, last_day: str, camera: str | None = None
    ) -> Iterator[tuple[CameraDay, HourCounts]]:
        if first_day > last_day:
            return
        days = all_of(equals("camera_label", HOURS), between("window", f"{first_day}#", f"{last_day}$"))
        is_asked = exists(("counts", label))
        only_if = is_asked if camera is None else all_of(is_asked, equals("camera", camera))
        for item in self._table.query(days, only_if=only_if, attributes=("camera", "day", ("counts", label))):
            counted = json.loads(item["counts"][label])
            yield CameraDay(item["camera"], item["day"]), {(hour, percent): n for hour, percent, n in counted}


class _Figures(Mapping[str, Json]):
    """Figures that are read when they are asked for, each time: of the windows of a month a page shows the last."""

    def __init__(self, text: str) -> None:
        self._text = text

    @override
    def __getitem__(self, name: str) -> Json:
        return self._read()[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    @override
    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, Json]:
        figures: dict[str, Json] = json.loads(self._text)
        return figures


def _key(key: RollupKey) -> dict[str, str]:
    window = f"{key.window_days}#{key.end_day}#{key.model}#{key.method}"
    return {"camera_label": f"{key.camera}#{key.label}", "window": window}


def _fields(rollup: Rollup) -> Item:
    key = rollup.key
    return {
        "camera": key.camera,
        "label": key.label,
        "window_days": key.window_days,
        "end_day": key.end_day,
        "model": key.model,
        "method": key.method,
        "revision": rollup.revision,
        "reason": rollup.reason,
        "verdicts_hash": rollup.verdicts_hash,
        "population_hash": rollup.population_hash,
        "opened_at": instant(rollup.opened_at),
        "at": instant(rollup.at),
    }


def _piece_keys(key: RollupKey, pieces: Sequence[Any]) -> list[dict[str, str]]:
    """Return the keys of pieces, in order. They begin with no digit, so that no range of days holds them."""
    where, (name, count) = _key(key), pieces
    place = hashlib.sha256(where["window"].encode()).hexdigest()[:32]
    return [where | {"window": f"piece#{place}#{name}#{number:03}"} for number in range(count)]


def _rollup_key(item: Item) -> RollupKey:
    return RollupKey(*(item[name] for name in ("camera", "label", "window_days", "end_day", "model", "method")))


def _decode(item: Item, figures: str) -> Rollup:
    return Rollup(
        key=_rollup_key(item),
        revision=item["revision"],
        reason=item["reason"],
        verdicts_hash=item["verdicts_hash"],
        population_hash=item["population_hash"],
        opened_at=datetime.fromisoformat(item["opened_at"]),
        at=datetime.fromisoformat(item["at"]),
        figures=_Figures(figures),
        late_images=item.get("late_images", 0),
        late_verdicts=item.get("late_verdicts", 0),
    )
