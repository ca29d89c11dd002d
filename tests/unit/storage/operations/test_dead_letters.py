from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.storage.dead_letters import DeadLetter, fit
from sightline.storage.dynamodb.items import check_text
from sightline.storage.dynamodb.sort_keys import LONGEST_KEY_BYTES, sort_key

NOW = datetime(2024, 5, 17, tzinfo=UTC)
LETTER = DeadLetter("InvalidUri", "a", "a rule", "a remedy", "ingest_image", {}, NOW, NOW)
any_text = st.text() | st.text(st.characters(categories=["Cs"])) | st.builds(lambda c: c * 1000, st.characters())


@given(any_text)
def test_every_text_has_a_key_that_dynamodb_takes(text: str) -> None:
    key = check_text(sort_key(text))

    assert 0 < len(key.encode()) <= LONGEST_KEY_BYTES


@given(any_text, any_text)
def test_two_texts_never_share_a_key(one: str, other: str) -> None:
    assert (one == other) is (sort_key(one) == sort_key(other))


def test_a_key_that_fits_is_the_text_itself() -> None:
    longest = "é" * (LONGEST_KEY_BYTES // 2)

    assert longest == sort_key(longest)
    assert "\\xe9" * 60 + "…sha256:" == sort_key(longest + "x")[:-64]


def test_a_letter_of_usual_size_is_kept_as_it_is() -> None:
    dead_letter = replace(LETTER, subject="x" * 39_000, message={"uri": "y" * 140_000})

    assert dead_letter == fit(dead_letter)


@pytest.mark.parametrize("character", ["x", "😀", "\ud800", "\n"], ids=ascii)
def test_a_cut_letter_keeps_its_name_when_it_is_cut_again(character: str) -> None:
    text = character * 1_000_000
    cut = fit(replace(LETTER, subject=text, rule=text, image_id=text, message={"uri": text}))

    assert cut == fit(cut)
    assert text[:3000] == cut.subject[:3000]
    assert "1,000,000 characters" in cut.subject
