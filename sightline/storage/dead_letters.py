"""Dead letters: inputs that cannot succeed, each kept until it is closed."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import override

from sightline.models.answers import Json
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    Condition,
    all_of,
    begins_with,
    equals,
    exists,
    greater,
    missing,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.sort_keys import sort_key, utf8
from sightline.storage.dynamodb.table import DynamoTable


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An input that cannot succeed.

    error: the error's class name; subject, rule, remedy: its three parts
    image_id: if the input is an image; step: the task that gave up; message: its arguments, as JSON
    """

    error: str
    subject: str
    rule: str
    remedy: str
    step: str
    message: Mapping[str, Json]
    first_at: datetime
    last_at: datetime
    attempts: int = 1
    image_id: str | None = None
    closed_at: datetime | None = None

    @property
    def dead_letter_id(self) -> str:
        """Name the dead letter: one input that breaks one rule is one dead letter, however often it comes."""
        return dead_letter_id_of(self.error, self.image_id or self.subject)


def dead_letter_id_of(error: str, subject: str) -> str:
    """Name the dead letter of an input and the error that refuses it."""
    return f"{error}#{subject}"


def error_of(dead_letter_id: str) -> str:
    """Return the error that a dead letter's id names."""
    return dead_letter_id.partition("#")[0]


def subject_of(dead_letter_id: str) -> str:
    """Return the image or the input that a dead letter's id names; of a very long one, its beginning."""
    return dead_letter_id.partition("#")[2]


CLOSED_LETTERS_LAST = timedelta(days=90)
"""How long a closed dead letter is kept. An open one is kept for ever."""

LONGEST_TEXT_BYTES = 40_000

LONGEST_MESSAGE_BYTES = 150_000
"""As ASCII JSON: together they leave room in the 400 KB of an item."""

KEPT_CHARACTERS = 3_000

LETTER = "letter"

UNKNOWN = "unknown"

_TEXTS = ("error", "subject", "rule", "remedy", "step", "message", "image_id")


class DeadLetters(Protocol):
    """What every store of dead letters does."""

    def write(self, dead_letter: DeadLetter) -> None:
        """Keep a dead letter; one with the same id keeps its `first_at`, counts an attempt and opens again.

        Any text is taken; what no row can hold is cut, and says how long it was.
        """

    def read(
        self, *, closed: bool = False, error: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Iterator[DeadLetter]:
        """Return the open (or the closed) dead letters, by id.

        error: only this one's; after: the id that the page before ended with, of the same error; limit: the most
        """

    def walk(
        self, *, error: str | None = None, after: str | None = None, limit: int, page: int
    ) -> Iterator[DeadLetter]:
        """Return open and closed dead letters alike, by id, and read no more than `limit` of them.

        A closed one is returned until it is deleted, a while after CLOSED_LETTERS_LAST; page: how many are read at once
        """

    def get(self, dead_letter_id: str) -> DeadLetter | None:
        """Return one dead letter, open or closed, consistently."""

    def open_ids(self) -> Iterator[tuple[str, datetime]]:
        """Return the id and the last time of every open dead letter, by id, without reading what they say.

        The id is the one that it is kept under: of a very long one a hash, which `get` takes as well.
        """

    def count_by_error(self) -> dict[str, int]:
        """Count the open dead letters by error, in order of the errors' names, without reading what they say."""

    def close(self, dead_letter_id: str) -> bool:
        """Close an open dead letter; return whether there was one."""


class DynamoDeadLetters(DeadLetters):
    """The dead letters of the table of operations."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def write(self, dead_letter: DeadLetter) -> None:
        kept = fit(dead_letter)
        change = Change().set("letter", _text(kept)).set("last_at", instant(kept.last_at))
        change.set_if_missing("first_at", instant(kept.first_at)).add("attempts", kept.attempts)
        self._table.change(_key(kept.dead_letter_id), change.remove("closed_at", "expires_at"))

    @override
    def read(
        self, *, closed: bool = False, error: str | None = None, after: str | None = None, limit: int | None = None
    ) -> Iterator[DeadLetter]:
        # TTL deletes late, so the time is compared as well.
        forgotten = instant(self._clock() - CLOSED_LETTERS_LAST)
        only_if = greater("closed_at", forgotten) if closed else missing("closed_at")
        return map(_letter, self._table.query(_of(error), only_if=only_if, start=_start(after), limit=limit))

    @override
    def walk(
        self, *, error: str | None = None, after: str | None = None, limit: int, page: int
    ) -> Iterator[DeadLetter]:
        return map(_letter, self._table.query(_of(error), start=_start(after), limit=limit, page=page))

    @override
    def get(self, dead_letter_id: str) -> DeadLetter | None:
        item = self._table.get(_key(dead_letter_id))
        return _letter(item) if item else None

    @override
    def open_ids(self) -> Iterator[tuple[str, datetime]]:
        items = self._table.query(equals("kind", LETTER), only_if=missing("closed_at"), attributes=("id", "last_at"))
        return ((item["id"], datetime.fromisoformat(item["last_at"])) for item in items)

    @override
    def count_by_error(self) -> dict[str, int]:
        items = self._table.query(equals("kind", LETTER), only_if=missing("closed_at"), attributes=("id",))
        return dict(Counter(error_of(item["id"]) for item in items))

    @override
    def close(self, dead_letter_id: str) -> bool:
        now = self._clock()
        expires_at = int((now + CLOSED_LETTERS_LAST).timestamp())
        change = Change().set("closed_at", instant(now)).set("expires_at", expires_at)
        is_open = all_of(exists("letter"), missing("closed_at"))
        return self._table.change(_key(dead_letter_id), change, is_open)


def fit(dead_letter: DeadLetter) -> DeadLetter:
    """Cut what could not be kept: of a megabyte, its beginning, length and hash remain. Safe to repeat."""
    message = json.dumps(dict(dead_letter.message))
    return replace(
        dead_letter,
        subject=_cut(dead_letter.subject),
        rule=_cut(dead_letter.rule),
        remedy=_cut(dead_letter.remedy),
        image_id=None if dead_letter.image_id is None else _cut(dead_letter.image_id),
        message=dead_letter.message if len(message) <= LONGEST_MESSAGE_BYTES else {"cut": _cut(message)},
    )


def _cut(text: str) -> str:
    if len(json.dumps(text)) <= LONGEST_TEXT_BYTES:
        return text
    digest = hashlib.sha256(utf8(text)).hexdigest()
    return f"{text[:KEPT_CHARACTERS]} … ({len(text):,} characters, sha256 {digest})"


def _of(error: str | None) -> Condition:
    """Hold for all dead letters, or for those of one error."""
    where = equals("kind", LETTER)
    return where if error is None else all_of(where, begins_with("id", dead_letter_id_of(error, "")))


def _start(after: str | None) -> dict[str, str] | None:
    return None if after is None else _key(after)


def _key(dead_letter_id: str) -> dict[str, str]:
    return {"kind": LETTER, "id": sort_key(dead_letter_id)}


def _text(dead_letter: DeadLetter) -> str:
    return json.dumps({name: getattr(dead_letter, name) for name in _TEXTS})


def _letter(item: Item) -> DeadLetter:
    """Read a dead letter. What a newer version leaves out is shown as unknown; what it adds is ignored."""
    closed_at = item.get("closed_at")
    texts = {**dict.fromkeys(_TEXTS, UNKNOWN), "message": {}, "image_id": None, **json.loads(item["letter"])}
    return DeadLetter(
        **{name: texts[name] for name in _TEXTS},
        first_at=datetime.fromisoformat(item["first_at"]),
        last_at=datetime.fromisoformat(item["last_at"]),
        attempts=item["attempts"],
        closed_at=datetime.fromisoformat(closed_at) if closed_at else None,
    )
