"""How a verdict is named, and which words may stand in its name."""

from sightline.errors import InvalidVerdict
from sightline.stats.verdicts import Verdict

LONGEST_WORD_BYTES = 200
"""Of a label and of a reviewer: both together are a sort key, for which DynamoDB takes 1,024 bytes."""


def check_word(what: str, word: str) -> str:
    """Return a label's or a reviewer's name; raise InvalidVerdict if it cannot be part of a key."""
    is_short = 0 < len(word.encode("utf-8", "replace")) <= LONGEST_WORD_BYTES
    if not is_short or "#" in word or not word.isprintable() or word != word.strip():
        rule = f"a {what} has 1 to {LONGEST_WORD_BYTES} bytes, no # and no control characters or outer spaces"
        raise InvalidVerdict(repr(word), rule=rule, remedy=f"Give the {what} another name")
    return word


def verdict_key(label: str, reviewer: str) -> str:
    """Name a reviewer's verdict among those of its image."""
    return f"{check_word('label', label)}#{check_word('reviewer', reviewer)}"


def asked_key(label: str) -> str:
    """Name the question about a label: the place of a reviewer who has no name."""
    return f"{check_word('label', label)}#"


def says_the_same(one: Verdict, other: Verdict) -> bool:
    """Return whether two verdicts of one reviewer differ in nothing but their time."""
    return (one.answer, one.content, one.source) == (other.answer, other.content, other.source)
