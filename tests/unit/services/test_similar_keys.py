"""A key that names no object, beside an object whose key looks much the same."""

import unicodedata

import pytest

from sightline.models.images import Lane, State
from sightline.services.similar_keys import similar_keys
from sightline.testing.fake import FakeSightline, picture

ACCENT = "s3://frames/yard/caf\u00e9.jpg"


@pytest.mark.parametrize(
    ("given", "there", "shown"),
    [
        ("s3://frames/yard/a+b%2Bc.jpg", "s3://frames/yard/a b+c.jpg", "s3://frames/yard/a b+c.jpg"),
        ("s3://frames/yard/a+b%2Bc.jpg", "s3://frames/yard/a+b+c.jpg", "s3://frames/yard/a+b+c.jpg"),
        ("s3://frames/Front%20Door/1.jpg", "s3://frames/Front Door/1.jpg", "s3://frames/Front Door/1.jpg"),
        ("s3://frames/yard/1.jpg  ", "s3://frames/yard/1.jpg", "s3://frames/yard/1.jpg"),
        ("s3://frames/yard/\u200b1.jpg\r", "s3://frames/yard/1.jpg", "s3://frames/yard/1.jpg"),
        ("s3://frames/yard/1+.jpg", "s3://frames/yard/1 .jpg", "s3://frames/yard/1 .jpg"),
        ("s3://frames/Front\xa0Door/1.jpg", "s3://frames/Front Door/1.jpg", "s3://frames/Front Door/1.jpg"),
        (ACCENT, unicodedata.normalize("NFD", ACCENT), r"s3://frames/yard/cafe\u0301.jpg"),
        (unicodedata.normalize("NFD", ACCENT), ACCENT, ACCENT),
        ("s3://frames/yard/caf%C3%A9.jpg", unicodedata.normalize("NFD", ACCENT), r"s3://frames/yard/cafe\u0301.jpg"),
    ],
)
def test_the_letter_of_a_missing_object_names_the_one_that_is_there(given, there, shown):
    world = FakeSightline()
    world.put(there, picture())
    world.add(given)
    world.run()
    (letter,) = world.operations.dead_letters.read()
    assert ("ImageMissing", given, True) == (
        letter.error,
        letter.subject,
        letter.remedy.startswith(f"Add {shown} inst"),
    )
    assert State.GONE is world.images.get(given).state


@pytest.mark.parametrize("given", ["s3://frames/yard/1.jpg", "s3://frames/yard/%00%ff+.jpg", "s3://frames/..%2F..%2F+"])
def test_a_missing_object_that_nothing_is_like_is_only_missing(given):
    world = FakeSightline()
    world.add(given)
    world.run()
    (letter,) = world.operations.dead_letters.read()
    assert ("ImageMissing", "Upload it") == (letter.error, letter.remedy[:9])


def test_a_plain_key_costs_no_further_request():
    assert [] == [*similar_keys("yard/2026-11-02/Hour-11/snap/MDAlarm_20261102-110001.jpg")]


def test_a_key_that_looks_encoded_and_exists_is_taken_as_it_is():
    world = FakeSightline()
    uri = "s3://frames/yard/a+b%2Bc.jpg"
    world.put(uri, picture())
    world.put("s3://frames/yard/a b+c.jpg", picture(2))
    world.add(uri, lane=Lane.LIVE)
    world.run()
    assert State.COMPLETE is world.images.get(uri).state
