from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sightline.graph.declarations import FIXED, Node, declare
from sightline.graph.facts import ImageFacts, all_facts, facts_of
from sightline.graph.merger import RememberedNodes, shared_keys, slices
from sightline.graph.protocol import GraphImage
from sightline.rekognition.features import all_features

LABEL, TEXT = Node("Label", "label_name"), Node("Text", "text")
NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)
IMAGE = GraphImage("s3://b/1", "1", 1, "yard", NOW, {"labels": (("Dog", 50.0),), "faces": (("Face", 9.0),)})
DECLARED = declare(all_features())


def facts(size: int) -> ImageFacts:
    return ImageFacts(
        f"s3://b/{size}", 1, is_gone=False, properties={}, links={FIXED[2]: [(n, None) for n in range(size)]}
    )


@given(st.lists(st.integers(0, 30)), st.integers(1, 40))
def test_slices_lose_nothing_and_hold_no_more_than_they_may(sizes: list[int], most: int) -> None:
    cut = list(slices([facts(size) for size in sizes], most))
    assert [image.size for run in cut for image in run] == sizes
    assert [run for run in cut if sum(image.size for image in run) > most and len(run) > 1] == []
    neighbours = pairwise(cut)
    assert [run for run, after in neighbours if sum(image.size for image in run) + after[0].size <= most] == []


def test_nodes_are_remembered_by_kind_until_they_are_forgotten() -> None:
    nodes = RememberedNodes()
    nodes.remember(LABEL, ["Dog", "Cat"])
    assert nodes.unknown(LABEL, ["Cat", "Owl", "Dog", "Ant", "Owl"]) == ["Ant", "Owl"]
    assert nodes.unknown(TEXT, ["Cat"]) == ["Cat"]
    nodes.forget(LABEL, ["Cat", "Never"])
    assert nodes.unknown(LABEL, ["Cat", "Dog"]) == ["Cat"]


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    nodes = RememberedNodes(room=3)
    nodes.remember(LABEL, ["a", "b"])
    nodes.remember(LABEL, ["c", "d"])
    assert nodes.unknown(LABEL, ["a", "b", "c", "d"]) == ["a"]


def test_nodes_that_an_image_owns_are_not_shared() -> None:
    shared = {node.label: keys for node, keys in shared_keys([facts_of(IMAGE, DECLARED, NOW)]).items() if keys}
    assert shared == {
        "Camera": {"yard"},
        "ISODate": {"2026-01-02T03:00:00+00:00"},
        "Year": {2026},
        "Month": {1},
        "Day": {2},
        "Hour": {3},
        "Label": {"Dog"},
    }


def test_a_gone_image_is_bare_facts() -> None:
    gone = facts_of(replace(IMAGE, is_gone=True, version=4), DECLARED, NOW)
    properties = {"image_id": "s3://b/1", "object_key": "1", "row_version": 4, "gone_at": 1767322800}
    assert (gone.properties, gone.links, gone.size) == (properties, {}, 0)


def test_each_image_becomes_facts_once_at_its_highest_version() -> None:
    found, errors = all_facts([replace(IMAGE, version=n) for n in (2, 5, 3)], DECLARED, NOW)
    assert ([(each.image_id, each.version) for each in found], errors) == ([("s3://b/1", 5)], {})
