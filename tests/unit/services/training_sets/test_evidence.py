"""Which pictures belong to a set. The post's bug is here: one label that everything shares passed a wrong picture."""

import pytest

from sightline.models.answers import Answer, Detection
from sightline.services.training_sets.evidence import (
    NoEvidence,
    Outcome,
    Seen,
    Verdict,
    gather,
    judge,
    odd_examples,
    seen_in,
)

PARENTS = {
    "Dog": ("Animal", "Mammal", "Pet"),
    "Poodle": ("Animal", "Dog", "Mammal", "Pet"),
    "Terrier": ("Animal", "Dog", "Mammal", "Pet"),
    "Cat": ("Animal", "Mammal", "Pet"),
    "Mammal": ("Animal",),
    "Pet": ("Animal",),
    "Helmet": ("Clothing",),
}


def seen(*names, percent=95.0, **others):
    """Return what shows these labels and, as AWS answers, their parents."""
    every = {parent for name in names for parent in PARENTS.get(name, ())} | {*names}
    labels = dict.fromkeys(sorted(every), percent) | others
    return Seen(labels, {name: PARENTS.get(name, ()) for name in labels})


DOG, CAT = seen("Dog"), seen("Cat")


def outcomes(examples, members, *, without=(), least=85):
    """Return the outcome of each member, by the examples."""
    evidence = gather({f"s3://b/{n}.jpg": each for n, each in enumerate(examples)}, members, least)
    return [judge(each, evidence, without, least).outcome for each in members]


def test_one_shared_generic_label_does_not_pass_a_wrong_picture():
    assert ["fits"] * 8 + ["stray"] * 2 == outcomes([DOG, DOG], [DOG] * 8 + [CAT] * 2)


def test_a_label_that_nearly_every_picture_shows_does_not_pass_one():
    helmet, bare = seen("Person", "Helmet"), seen("Person")
    assert ["fits"] * 9 + ["stray"] == outcomes([helmet], [helmet] * 9 + [bare])


def test_a_clean_set_has_no_strays_although_nearly_every_picture_shows_its_label():
    assert ["fits"] * 20 == outcomes([DOG], [DOG] * 20)
    assert ["fits"] * 39 + ["stray"] == outcomes([DOG], [DOG] * 39 + [CAT])


def test_a_common_label_counts_after_all_if_much_of_the_set_would_be_strays_without_it():
    on_grass = seen("Dog", "Grass")
    members = [on_grass] * 10 + [DOG] * 10
    evidence = gather({"one": on_grass}, members, 85)
    assert (True, ()) == (evidence.only_common, evidence.too_common)
    assert ["fits"] * 20 == outcomes([on_grass], members)


def test_what_is_frequent_in_the_set_weighs_more_than_the_scenery_of_one_example():
    on_grass = seen("Dog", "Grass")
    members = [on_grass] * 4 + [DOG] * 4 + [seen("Cat", "Grass")]
    assert ["fits"] * 8 + ["stray"] == outcomes([on_grass], members)


def test_examples_of_different_kinds_say_what_they_have_in_common():
    evidence = gather({"one": seen("Poodle"), "two": seen("Terrier")}, [DOG, seen("Poodle"), CAT], 85)
    assert ["Dog"] == [*evidence.weights]


def test_what_most_examples_share_counts_and_the_one_that_does_not_is_named():
    examples = {"one": DOG, "two": DOG, "three": seen("Boat")}
    evidence = gather(examples, [DOG, DOG, CAT], 85)
    assert (["Dog"], ["three"]) == ([*evidence.weights], odd_examples(examples, evidence, 85))


def test_examples_that_share_nothing_are_an_error_that_says_what_each_shows():
    with pytest.raises(NoEvidence, match=r"a\.jpg shows Boat 95 %; b\.jpg shows Kite 95 %: most examples must share"):
        gather({"a.jpg": seen("Boat"), "b.jpg": seen("Kite")}, [DOG], 85)


def test_an_example_that_shows_nothing_of_the_set_is_an_error():
    with pytest.raises(NoEvidence, match="some picture of the set must show what the examples share: Boat"):
        gather({"a.jpg": seen("Boat")}, [DOG, CAT], 85)


def test_a_set_without_a_picture_that_could_be_judged_has_no_evidence():
    with pytest.raises(NoEvidence):
        gather({"a.jpg": DOG}, [], 85)


def test_what_is_less_certain_than_asked_for_is_no_evidence():
    assert ["fits", "stray"] == outcomes([DOG], [DOG, seen("Dog", percent=84.9)])


@pytest.mark.parametrize(("percent", "outcome"), [(49.9, "fits"), (50, "unwanted"), (99, "unwanted")])
def test_a_person_is_unwanted_from_half_certainty_on_although_evidence_needs_more(percent, outcome):
    assert [outcome] == outcomes([DOG], [seen("Dog", Person=percent)], without=["Person"])


def test_a_person_is_unwanted_in_a_stray_too():
    assert ["fits", "unwanted"] == outcomes([DOG], [DOG, seen("Person")], without=["Person"])


def test_an_answer_that_was_cut_is_not_taken_for_a_stray():
    cut = Seen({"Boat": 99.0}, {}, cut_percent=90.0)
    assert ["fits", "unjudged"] == outcomes([DOG], [DOG, cut])


def test_a_verdict_says_why():
    evidence = gather({"one": DOG}, [DOG], 85)
    assert Verdict(Outcome.STRAY, "does not show Dog; shows Boat 95 %") == judge(seen("Boat"), evidence, (), 85)
    assert Verdict(Outcome.STRAY, "does not show Dog; shows nothing") == judge(seen(), evidence, (), 85)
    assert "shows Person 70 %" == judge(seen("Dog", Person=70.0), evidence, ["Person"], 85).because


def test_an_answer_is_read_with_the_parents_of_its_labels():
    found = (Detection("Dog", 97.5, None, {"parents": ["Animal"]}), Detection("Plant", 61.0))
    expected = Seen({"Dog": 97.5, "Plant": 61.0}, {"Dog": ("Animal",), "Plant": ()}, cut_percent=30.0)
    assert expected == seen_in(Answer(found, "3.1", cut_percent=30.0))
