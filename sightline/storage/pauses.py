"""Stopped queues and cameras, and the outcomes that the rejection circuit breakers look at."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from typing_extensions import override

from sightline.errors import Unavailable
from sightline.models.stored import StoredEnum
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    equals,
    exists,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.sort_keys import sort_key, utf8
from sightline.storage.dynamodb.table import DynamoTable

OUTCOMES_KEPT = 200
"""Of how many of a camera's, or a lane's, last images the outcome is known."""


class Cause(StoredEnum):
    """Why a queue is not taken from.

    `brake`: until somebody resumes it; `refused`: until it works again; `cancelled`: it was, by somebody outside,
    and is taken from again; `camera`: the queue is taken from, but messages of one camera's new images leave it
    undone until it is resumed.
    """

    BRAKE = "brake"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class Stop:
    """One queue that is not taken from, or one camera whose messages in it are left undone.

    until: when this is forgotten, unless it is said again; None: never
    camera: for the cause `camera`; empty for the images whose key names none
    """

    queue: str
    cause: Cause
    reason: str
    at: datetime
    until: datetime | None = None
    camera: str | None = None

    @property
    def stop_id(self) -> str:
        """Name it: a queue may be stopped for several causes, and for several cameras."""
        return stop_id_of(self.queue, self.cause, self.camera)


def stop_id_of(queue: str, cause: Cause, camera: str | None = None) -> str:
    """Name the stop of a queue, or of a camera's images in it."""
    return f"{cause}#{queue}" if camera is None else f"{cause}#{queue}#{camera}"


_IMAGE_DIGITS, _GROUP_DIGITS = 16, 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one image ended last.

    image, group: hashes of its id and its camera; version: of its row; error: empty if it was not rejected
    """

    image: str
    group: str
    version: int
    error: str

    @classmethod
    def of(cls, image_id: str, camera: str, version: int, error: str) -> "Outcome":
        """Return the outcome of an image."""
        return cls(_hash(image_id)[:_IMAGE_DIGITS], _hash(camera)[:_GROUP_DIGITS], version, error)

    @classmethod
    def parse(cls, text: str) -> "Outcome":
        """Read what `str` wrote."""
        image, group, version, error = text.split(" ", 3)
        return cls(image, group, int(version), error)

    def __str__(self) -> str:
        return f"{self.image} {self.group} {self.version} {self.error}"


def _hash(text: str) -> str:
    return hashlib.sha256(utf8(text)).hexdigest()


def last_outcomes(known: Sequence[Outcome], new: Sequence[Outcome], most_of_a_group: int) -> tuple[Outcome, ...]:
    """Return the last outcomes, the newest last: of each image only its last, of each group at most so many.

    Processes add theirs when they come to it, so which outcome of an image is its last follows from the row's version.
    """
    last: dict[str, Outcome] = {}
    for outcome in (*known, *new):
        before = last.pop(outcome.image, outcome)
        last[outcome.image] = max(outcome, before, key=lambda each: each.version)
    of_group: Counter[str] = Counter()
    kept: list[Outcome] = []
    for outcome in reversed(last.values()):
        if len(kept) < OUTCOMES_KEPT and of_group[outcome.group] < most_of_a_group:
            kept.append(outcome)
            of_group[outcome.group] += 1
    return tuple(reversed(kept))


STOP, OUTCOMES = "stop", "outcomes"

_WRITES_TRIED = 10
"""How often adding outcomes is tried again if another process has just added its own."""


class Pauses(Protocol):
    """What every store of pauses does."""

    def stop(self, stop: Stop) -> None:
        """Say that a queue is not to be taken from; a stop that stands keeps its time."""

    def resume(self, queue: str, cause: Cause, camera: str | None = None) -> bool:
        """Forget a stop; return whether there was one."""

    def stops(self) -> Iterator[Stop]:
        """Return the stops that stand, consistently."""

    def note_outcomes(
        self, name: str, outcomes: Sequence[Outcome], *, most_of_a_group: int = OUTCOMES_KEPT
    ) -> tuple[Outcome, ...]:
        """Add how images ended to the last OUTCOMES_KEPT of a lane or a camera; return those, the newest last.

        An image that is known there is replaced; of one group no more than so many are kept.
        """

    def forget_outcomes(self, name: str) -> None:
        """Forget the outcomes of a lane or a camera."""


class DynamoPauses(Pauses):
    """The pauses of the table of operations."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def stop(self, stop: Stop) -> None:
        change = Change().set_all(queue=stop.queue, cause=stop.cause, reason=stop.reason)
        change.set("camera", stop.camera)
        change.set("until", instant(stop.until) if stop.until else None)
        change.set("expires_at", int(stop.until.timestamp()) if stop.until else None)
        self._table.change(_stop_key(stop.stop_id), change.set_if_missing("stopped_at", instant(stop.at)))

    @override
    def resume(self, queue: str, cause: Cause, camera: str | None = None) -> bool:
        return self._table.delete(_stop_key(stop_id_of(queue, cause, camera)), exists("kind"))

    @override
    def stops(self) -> Iterator[Stop]:
        # TTL deletes late, so the time is compared as well.
        now = self._clock()
        for stop in map(_stop, self._table.query(equals("kind", STOP))):
            if stop.until is None or stop.until > now:
                yield stop

    @override
    def note_outcomes(
        self, name: str, outcomes: Sequence[Outcome], *, most_of_a_group: int = OUTCOMES_KEPT
    ) -> tuple[Outcome, ...]:
        key = _outcomes_key(name)
        for _ in range(_WRITES_TRIED):
            item = self._table.get(key) or {}
            last = last_outcomes([*map(Outcome.parse, item.get("images", ()))], outcomes, most_of_a_group)
            change = Change().set("images", tuple(map(str, last))).add("revision", 1)
            if self._table.change(key, change, equals("revision", item.get("revision"))):
                return last
        raise Unavailable(name, rule="too many processes note outcomes at once")

    @override
    def forget_outcomes(self, name: str) -> None:
        # `last` is what versions noted that counted messages
        self._table.change(_outcomes_key(name), Change().set("images", ()).set("last", ()).add("revision", 1))


def _stop_key(stop_id: str) -> dict[str, str]:
    return {"kind": STOP, "id": sort_key(stop_id)}


def _outcomes_key(name: str) -> dict[str, str]:
    return {"kind": OUTCOMES, "id": sort_key(name)}


def _stop(item: Item) -> Stop:
    until = item.get("until")
    return Stop(
        queue=item["queue"],
        cause=Cause.read(item["cause"]),
        reason=item["reason"],
        at=datetime.fromisoformat(item["stopped_at"]),
        until=datetime.fromisoformat(until) if until else None,
        camera=item.get("camera"),
    )
