from datetime import UTC, datetime

import pytest

from sightline.errors import ConfigurationError
from sightline.graph.cypher import Statements, link_new, relink, unlink
from sightline.graph.declarations import FIXED, FRAME, IMAGE, LOOKS_LIKE, Declarations, Node, declare
from sightline.graph.protocol import GraphImage
from sightline.models.answers import Answer, Finding, Json
from sightline.rekognition.feature import Feature, GraphEdge, image_and_position_are_key
from sightline.rekognition.features import all_features


def parse(_: Json, __: Json) -> Answer:
    return Answer((), "1")


def feature(name: str, edge: GraphEdge | None = None) -> Feature:
    return Feature(name, "DetectSmells", "smells", parse, edge=edge)


def declared(**edges: GraphEdge) -> Declarations:
    return declare({name: feature(name, edge) for name, edge in edges.items()})


def image(**findings: Finding) -> GraphImage:
    return GraphImage("s3://b/yard/1.jpg", "yard/1.jpg", 1, "yard", datetime(2026, 1, 2, 3, tzinfo=UTC), findings)


SMELL = GraphEdge("HAS_SMELL", "Smell", "smell_name")


@pytest.mark.parametrize(
    "word", ["", "1st", "Sm ell", "Smell`", "Smell) DETACH DELETE (n", "Smell\n", "Géruch", "_Smell"]
)
def test_only_identifiers_may_name_labels_types_and_properties(word: str) -> None:
    for edge in (
        GraphEdge(word, "Smell", "name"),
        GraphEdge("HAS_SMELL", word, "name"),
        GraphEdge("HAS_SMELL", "Smell", word),
    ):
        with pytest.raises(ConfigurationError, match="letters, digits and underscores"):
            declared(smells=edge)


def test_a_new_feature_brings_its_node_its_relationship_and_its_statements() -> None:
    statements = Statements(declared(smells=SMELL))
    assert statements.constraints["smell_smell_name"] == (
        "CREATE CONSTRAINT smell_smell_name IF NOT EXISTS FOR (node:Smell) REQUIRE node.smell_name IS UNIQUE"
    )
    assert statements.merge[Node("Smell", "smell_name")] == "UNWIND $keys AS key\nMERGE (:Smell {smell_name: key})"
    assert [kind.name for kind in statements.link] == ["HAS_SMELL", "HAS_FRAME", "LOOKS_LIKE"]
    assert "HAS_SMELL" in statements.count_relationships


def test_a_feature_without_an_edge_is_known_and_shows_nothing() -> None:
    found = declare({"silent": feature("silent")})
    assert (found.found, found.features, found.relationships) == (
        (),
        frozenset({"silent"}),
        (*FIXED, FRAME, LOOKS_LIKE),
    )


def test_features_that_share_an_edge_share_the_relationship_and_the_highest_confidence_counts() -> None:
    (kind,) = declared(smells=SMELL, odours=SMELL).found
    findings = {"smells": (("Rose", 50.0), ("Smoke", 70.0)), "odours": (("Rose", 60.0),)}
    assert kind.links(image(**findings)) == [("Rose", 60.0), ("Smoke", 70.0)]


def test_a_node_keyed_by_image_and_position_is_owned_and_keeps_the_order_of_the_answer() -> None:
    (kind,) = declared(noses=GraphEdge("HAS_NOSE", "Nose", "nose_id", image_and_position_are_key)).found
    assert kind.owns_node
    links = [("s3://b/yard/1.jpg#0", 9.0), ("s3://b/yard/1.jpg#1", 8.0)]
    assert links == kind.links(image(noses=(("Nose", 9.0), ("Nose", 8.0))))
    assert not declared(smells=SMELL).found[0].owns_node


def test_what_every_image_has_is_in_the_cameras_own_time() -> None:
    assert {kind.name: kind.links(image()) for kind in FIXED} == {
        "HAS_IMAGE": [("yard", 1767322800)],
        "HAS_TIMESTAMP": [("2026-01-02T03:00:00+00:00", None)],
        "HAS_YEAR": [(2026, None)],
        "HAS_MONTH": [(1, None)],
        "HAS_DAY": [(2, None)],
        "HAS_HOUR": [(3, None)],
    }


def test_the_declared_features_make_one_node_kind_each() -> None:
    labels = [node.label for node in declare(all_features()).nodes]
    assert labels[0] == IMAGE.label
    assert len(set(labels)) == len(labels)
    assert {"Camera", "ISODate", "Year", "Month", "Day", "Hour", "Label", "Face", "Text"} <= set(labels)


def test_statements_point_the_camera_to_the_image_and_the_image_to_all_else() -> None:
    camera, smell = FIXED[0], declared(smells=SMELL).found[0]
    assert "CREATE (node)-[:HAS_IMAGE {timestamp: pair[1]}]->(image)" in link_new(camera)
    assert "CREATE (image)-[:HAS_SMELL {confidence: pair[1]}]->(node)" in link_new(smell)
    assert "SET old.confidence = pair[1]" in relink(smell)
    assert "SET" not in relink(FIXED[1])
    assert "DELETE node" not in unlink(smell)


def test_no_relationship_is_ever_merged() -> None:
    statements = Statements(declare(all_features()))
    merges = [line for text in statements.everything() for line in text.splitlines() if "MERGE" in line]
    assert merges
    assert [line for line in merges if "-[" in line] == []
