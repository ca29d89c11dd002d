"""Which images are looked at again, and by whom."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sightline.stats.second_looks import SHARE, is_drawn, second_looks
from sightline.stats.verdicts import Answer, Source, Verdict
from tests.unit.stats.worlds import SALT, verdict

P, A = Answer.PRESENT, Answer.ABSENT
NAMES = [f"s3://bucket/yard/{number}.jpg" for number in range(2000)]
DRAWN = [name for name in NAMES if is_drawn(SALT, "Person", name)]
NOT_DRAWN = next(name for name in NAMES if name not in DRAWN)


def said(name: str, *answers: Answer, second: Source = Source.SECOND) -> list[Verdict]:
    """Return what ann, bob and cid answered, one after the other."""
    reviewers = zip(("ann", "bob", "cid"), answers, strict=False)
    return [verdict(name, answer, second if n else Source.SAMPLED, who) for n, (who, answer) in enumerate(reviewers)]


def looks(verdicts: Sequence[Verdict], reviewer: str = "dan") -> list[str]:
    return [look.image_id for look in second_looks(verdicts, reviewer, SALT)]


def test_a_hash_draws_a_share_of_the_images_for_each_salt_and_label():
    assert abs(len(DRAWN) / len(NAMES) - SHARE) < 0.02
    assert DRAWN != [name for name in NAMES if is_drawn("other", "Person", name)]
    assert DRAWN != [name for name in NAMES if is_drawn(SALT, "Car", name)]
    assert is_drawn("salt", "Person", "s3://bucket/yard/10.jpg")  # nobody may draw others later


def test_what_waits_is_drawn_and_has_one_verdict_or_two_that_differ():
    one, agreed, tied, decided, volunteered = DRAWN[:5]
    verdicts = [
        *said(one, P),
        *said(agreed, P, P),
        *said(tied, P, A),
        *said(decided, P, A, A),
        verdict(volunteered, P, Source.VOLUNTEERED),
        *said(NOT_DRAWN, P, A),
    ]
    assert [tied, one] == looks(verdicts)
    assert [look.content for look in second_looks(verdicts, "dan", SALT)] == [f"bytes of {tied}", f"bytes of {one}"]


def test_nobody_looks_again_at_what_he_has_judged_or_spoken_of():
    one, other = DRAWN[:2]
    verdicts = [*said(one, P), *said(other, P), verdict(other, A, Source.VOLUNTEERED, "dan")]
    assert [one] == looks(verdicts)
    assert [] == looks(verdicts, "ann")


def test_an_image_that_was_overwritten_is_looked_at_as_it_is_now():
    (old,) = said(DRAWN[0], P)
    new = replace(old, reviewer="bob", content="new bytes", at=old.at + timedelta(days=1))
    assert ["new bytes"] == [look.content for look in second_looks([old, new], "dan", SALT)]


def test_the_order_does_not_depend_on_the_order_of_the_verdicts():
    verdicts = [each for name in DRAWN[:30] for each in said(name, P)]
    assert looks(verdicts) == looks(verdicts[::-1])
    assert looks(verdicts) != DRAWN[:30]


def test_what_is_doubted_comes_after_what_is_drawn_and_waits_for_one_look_of_another():
    other, agreed, undoubted = [name for name in NAMES if name not in DRAWN][-3:]
    doubted = {(name, f"bytes of {name}") for name in (NOT_DRAWN, agreed, DRAWN[0])}
    verdicts = [*said(NOT_DRAWN, P), *said(DRAWN[1], P), *said(undoubted, P), *said(other, P)]
    verdicts += [*said(agreed, P, A, second=Source.VOLUNTEERED), *said(DRAWN[0], P)]
    in_order = [look.image_id for look in second_looks(verdicts, "dan", SALT, doubted)]
    assert [*looks(verdicts), NOT_DRAWN] == in_order, "a drawn image comes no earlier for being doubted"
    assert [] == second_looks(verdicts, "ann", SALT, doubted)
    assert [] == second_looks(said(NOT_DRAWN, P), "dan", SALT, {(NOT_DRAWN, "other bytes")})
