"""What is hidden is what the queue asks about: both follow from the same words, also from some that are minutes old."""

from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from sightline.stats.second_looks import is_drawn, second_looks
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.web.words import still_asked, waits_for
from tests.unit.stats.worlds import SALT, verdict

LABEL = "Person"
NAMES = [f"s3://bucket/yard/{number}.jpg" for number in range(100)]
DRAWN = next(name for name in NAMES if is_drawn(SALT, LABEL, name))
NOT_DRAWN = next(name for name in NAMES if not is_drawn(SALT, LABEL, name))
WORDS = (None, *product((Answer.PRESENT, Answer.ABSENT), (True, False)))
"""What one person may have said: nothing, or an answer, to the queue or by themselves."""

Given = Sequence[tuple[Answer, bool] | None]


def of(image_id: str) -> tuple[str, str]:
    return image_id, f"bytes of {image_id}"


def said(image_id: str, given: Given) -> list[Verdict]:
    """Return what ann, bob, cid and dan said one after the other; the first whom the queue asked is the sample's."""
    words: list[Verdict] = []
    for reviewer, word in zip(("ann", "bob", "cid", "dan"), given, strict=True):
        if word is not None:
            asked = Source.SECOND if any(each.source.was_asked for each in words) else Source.SAMPLED
            words.append(verdict(image_id, word[0], asked if word[1] else Source.VOLUNTEERED, reviewer))
    return words


def histories() -> Iterator[Given]:
    return product(WORDS, repeat=4)


@pytest.mark.parametrize("image_id", [DRAWN, NOT_DRAWN])
@pytest.mark.parametrize("is_doubted", [True, False])
def test_of_what_was_answered_the_queue_has_just_what_is_hidden(image_id, is_doubted):
    doubted = {of(image_id)} if is_doubted else set()
    for given in histories():
        words = said(image_id, given)
        looks = second_looks(words, "dan", SALT, doubted)
        is_answered = any(word.source.was_asked for word in words)
        hidden = waits_for("dan", of(image_id), LABEL, words, doubted, SALT)
        assert hidden is (not is_answered or bool(looks)), given


def later(given: Given) -> Iterator[Given]:
    """Yield what may be said later on: those who were silent speak, and who was asked may correct the answer."""
    now = [
        WORDS if word is None else [each for each in WORDS if each and each[1]] if word[1] else [word] for word in given
    ]
    yield from product(*now)


@pytest.mark.parametrize("image_id", [DRAWN, NOT_DRAWN])
def test_what_old_words_settle_is_hidden_from_nobody_whatever_was_said_since(image_id):
    for given in histories():
        old = {(image_id, LABEL): said(image_id, given)}
        asked = still_asked(of(image_id), LABEL, old, SALT)
        if asked is None or "dan" in asked.spoken_of_by:
            for since in later(given):
                assert not waits_for("dan", of(image_id), LABEL, said(image_id, since), set(), SALT), (given, since)
