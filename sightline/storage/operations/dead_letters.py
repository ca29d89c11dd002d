"""How a dead letter is kept: its key, and its text within the bounds of one row."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

from sightline.storage.operations.protocol import DeadLetter

CLOSED_LETTERS_LAST = timedelta(days=90)
"""How long a closed letter is kept. An open one is kept for ever."""

LONGEST_KEY_BYTES = 1024
"""Of a sort key in DynamoDB."""

LONGEST_TEXT_BYTES = 40_000
LONGEST_MESSAGE_BYTES = 150_000
"""As ASCII JSON: together they leave room in the 400 KB of an item."""

KEPT_CHARACTERS = 3_000


def sort_key(text: str) -> str:
    """Give the text itself where it can be a sort key; else a hash of it, behind what can be read of its beginning."""
    if 0 < len(_utf8(text)) <= LONGEST_KEY_BYTES and _is_valid(text):
        return text
    return f"{ascii(text[:60])[1:-1]}…sha256:{hashlib.sha256(_utf8(text)).hexdigest()}"


def fit(dead_letter: DeadLetter) -> DeadLetter:
    """Cut what could not be kept: whoever sends a megabyte gets its beginning, length and hash. Safe to repeat."""
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
    digest = hashlib.sha256(_utf8(text)).hexdigest()
    return f"{text[:KEPT_CHARACTERS]} … ({len(text):,} characters, sha256 {digest})"


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _is_valid(text: str) -> bool:
    return _utf8(text).decode("utf-8", "replace") == text
