import unicodedata

import pytest

from sightline.names import look_alikes, meant, nearest, plain_name, printable, visible

COMPOSED = "caf\u00e9"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("yard", "yard"),
        ("Front Door", "Front Door"),
        ("yard ", r"yard\x20"),
        (" yard", r"\x20yard"),
        ("  ", r"\x20\x20"),
        ("yard\u200b", r"yard\u200b"),
        ("yard\xa0", r"yard\xa0"),
        ("yard\t", r"yard\t"),
        ("yard\ufe0f", r"yard\ufe0f"),
        ("ya\u034frd", r"ya\u034frd"),
        ("yard\u3164", r"yard\u3164"),
        ("\u2800yard", r"\u2800yard"),
        (COMPOSED, COMPOSED),
        (DECOMPOSED, r"cafe\u0301"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_what_cannot_be_seen_is_shown(name, shown):
    assert shown == visible(name)


def test_sentences_keep_their_blanks():
    assert "two  words " == printable("two  words ")


@pytest.mark.parametrize(
    "name",
    ["yard/", "yard ", " yard", "yard\u200b", "\ufeffyard", "yard\xa0", "yard\ufe0f", "ya\u034frd", "yard\u3164"],
)
def test_names_that_look_alike_have_one_form(name):
    assert "yard" == plain_name(name)


def test_a_name_means_itself_even_if_others_look_like_it():
    assert "yard " == meant("yard ", ["yard", "yard "])
    assert DECOMPOSED == meant(DECOMPOSED, [COMPOSED, DECOMPOSED])


def test_a_name_means_the_only_one_that_looks_like_it():
    assert COMPOSED == meant(DECOMPOSED, [COMPOSED, "yard"])
    assert "Front Door" == meant("Front Door/", ["Front Door"])


@pytest.mark.parametrize("name", ["yard/", "gtae", "Yard"])
def test_a_name_that_may_mean_two_or_none_means_none(name):
    assert meant(name, ["yard", "yard ", "gate"]) is None


@pytest.mark.parametrize(("name", "found"), [("gtae", "gate"), ("GATE", "gate"), ("roof", None)])
def test_the_nearest_name_is_one_that_is_like_it(name, found):
    assert found == nearest(name, ["gate", "yard"])


def test_names_that_look_alike_are_found_together():
    assert [[DECOMPOSED, COMPOSED], ["yard", "yard "]] == look_alikes(
        ["yard", COMPOSED, "gate", "yard ", DECOMPOSED, "yard"]
    )
