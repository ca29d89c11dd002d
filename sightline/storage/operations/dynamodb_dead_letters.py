"""Dead letters in DynamoDB."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import all_of, equals, exists, greater, missing
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.operations.dead_letters import CLOSED_LETTERS_LAST, fit, sort_key
from sightline.storage.operations.protocol import DeadLetter

LETTER = "letter"
_TEXTS = ("error", "subject", "rule", "remedy", "step", "message", "image_id")


class DynamoDeadLetters:
    """The letters of the table of operations.

    What came in is kept as ASCII JSON in one attribute, `letter`: it may be anything, also text that DynamoDB refuses.
    """

    _table: DynamoTable
    _clock: Callable[[], datetime]

    def write_dead_letter(self, dead_letter: DeadLetter) -> None:
        """Keep a letter, or count another attempt of one that is kept."""
        kept = fit(dead_letter)
        change = Change().set("letter", _text(kept)).set("last_at", instant(kept.last_at))
        change.set_if_missing("first_at", instant(kept.first_at)).add("attempts", kept.attempts)
        self._table.update(_key(kept.dead_letter_id), change.remove("closed_at", "expires_at"))

    def dead_letters(self, *, closed: bool = False) -> Iterator[DeadLetter]:
        """Give the open (or the closed) letters, by id. TTL deletes late, so the time is compared as well."""
        forgotten = instant(self._clock() - CLOSED_LETTERS_LAST)
        only_if = greater("closed_at", forgotten) if closed else missing("closed_at")
        return map(_letter, self._table.query(equals("kind", LETTER), only_if=only_if))

    def close_dead_letter(self, dead_letter_id: str) -> bool:
        """Close an open letter; say whether there was one."""
        now = self._clock()
        expires_at = int((now + CLOSED_LETTERS_LAST).timestamp())
        change = Change().set("closed_at", instant(now)).set("expires_at", expires_at)
        is_open = all_of(exists("letter"), missing("closed_at"))
        return self._table.update(_key(dead_letter_id), change, is_open).is_written


def _key(dead_letter_id: str) -> dict[str, str]:
    return {"kind": LETTER, "id": sort_key(dead_letter_id)}


def _text(dead_letter: DeadLetter) -> str:
    return json.dumps({name: getattr(dead_letter, name) for name in _TEXTS})


def _letter(item: Item) -> DeadLetter:
    closed_at = item.get("closed_at")
    return DeadLetter(
        **json.loads(item["letter"]),
        first_at=datetime.fromisoformat(item["first_at"]),
        last_at=datetime.fromisoformat(item["last_at"]),
        attempts=item["attempts"],
        closed_at=datetime.fromisoformat(closed_at) if closed_at else None,
    )
