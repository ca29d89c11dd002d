import json

import pytest

from sightline.errors import UnknownFeature
from sightline.models.answers import Answer, Box, Detection
from sightline.rekognition.features import all_features, feature_named
from sightline.rekognition.geometry import boxes
from tests.unit.rekognition.recorded import recorded

FEATURES = sorted(all_features())
IMAGE = "s3://cameras/yard/a.jpg"


def answer_of(name: str, **changes) -> Answer:
    feature = feature_named(name)
    return feature.parse(recorded(name) | changes, feature.parameters)


def test_labels_faces_and_text_are_on_by_default():
    assert ["faces", "labels", "text"] == [name for name in FEATURES if feature_named(name).on_by_default]


def test_a_feature_is_named_as_its_file():
    expected = {
        "celebrities": "RecognizeCelebrities",
        "faces": "DetectFaces",
        "image_properties": "DetectLabels",
        "labels": "DetectLabels",
        "moderation": "DetectModerationLabels",
        "protective_equipment": "DetectProtectiveEquipment",
        "text": "DetectText",
    }
    assert expected.items() <= {name: feature.operation for name, feature in all_features().items()}.items()


def test_an_unknown_feature_is_refused_with_those_that_there_are():
    with pytest.raises(UnknownFeature, match=r"^lables: .*celebrities, faces, image_properties, labels"):
        feature_named("lables")


@pytest.mark.parametrize("name", FEATURES)
def test_what_a_feature_keeps_of_an_answer_is_json(name):
    kept = [dict(each.attributes) for each in answer_of(name).detections]
    assert kept == json.loads(json.dumps(kept))


@pytest.mark.parametrize("name", FEATURES)
def test_no_two_features_lead_to_the_same_kind_of_node(name):
    edges = [feature.edge for feature in all_features().values() if feature.edge]
    edge = feature_named(name).edge
    assert [edge] == [each for each in edges if edge.node == each.node or edge.relationship == each.relationship]


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("labels", [("Person", 97.31), ("Backpack", 64.21), ("Bag", 64.21), ("Yard", 33.71)]),
        ("faces", [("Face", 99.4), ("Face", 71.88)]),
        ("text", [("Ausfahrt frei", 96.13), ("HÖHE 2,10 m", 88.02)]),
        ("moderation", [("Alcohol", 83.11), ("Alcoholic Beverages", 83.11), ("Drinking", 41.59)]),
        ("celebrities", [("Ada Musterfrau", 95.2)]),
        ("protective_equipment", [("HEAD_COVER", 93.4), ("HAND_COVER", 62.77)]),
        (
            "image_properties",
            [
                ("Brightness", 47.33),
                ("Sharpness", 81.09),
                ("Contrast", 62.51),
                ("Color slategrey", 44.12),
                ("Color darkslategrey", 31.07),
                ("Color beige", 9.89),
            ],
        ),
    ],
)
def test_the_finding_holds_what_the_image_row_and_the_graph_show(name, finding):
    found = feature_named(name).finding(answer_of(name))
    assert finding == [(label, round(confidence, 2)) for label, confidence in found]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("labels", "3.1"),
        ("faces", ""),
        ("text", "3.0"),
        ("moderation", "7.0"),
        ("celebrities", ""),
        ("protective_equipment", "1.0"),
        ("image_properties", "3.1"),
    ],
)
def test_an_answer_names_the_model_where_aws_does(name, version):
    assert version == answer_of(name).model_version


EMPTY = {
    "labels": {"Labels": []},
    "faces": {"FaceDetails": []},
    "text": {"TextDetections": []},
    "moderation": {"ModerationLabels": []},
    "celebrities": {"CelebrityFaces": [], "UnrecognizedFaces": []},
    "protective_equipment": {"Persons": []},
    "image_properties": {"ImageProperties": {}},
}


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_found_is_an_answer_without_detections(name):
    answer = answer_of(name, **EMPTY[name])  # type: ignore[arg-type]
    assert ((), False) == (answer.detections, answer.is_truncated)


@pytest.mark.parametrize("name", EMPTY)
def test_an_answer_without_its_list_is_not_read_as_nothing_found(name):
    feature = feature_named(name)
    missing = {key: value for key, value in recorded(name).items() if key not in EMPTY[name]}  # type: ignore[operator]
    with pytest.raises(KeyError):
        feature.parse(missing, feature.parameters)


def test_a_label_keeps_its_relatives_and_the_places_of_its_instances():
    person, backpack, bag, _ = answer_of("labels").detections
    assert (["Human"], ["Person Description"]) == (person.attributes["aliases"], person.attributes["categories"])
    assert ["Bag"] == backpack.attributes["parents"]
    assert [Box(0.41237, 0.28114, 0.06012, 0.30841), Box(0.70553, 0.3312, 0.05207, 0.27466)] == boxes(person)
    assert [97.31, 81.04] == [round(each["confidence"], 2) for each in person.attributes["instances"]]
    assert [] == boxes(bag)


def test_a_detection_with_a_place_of_its_own_is_there():
    first, _ = answer_of("faces").detections
    assert [Box(left=0.43512, top=0.29115, width=0.02233, height=0.04101)] == boxes(first)


def test_labels_are_cut_at_the_confidence_that_was_asked_for():
    answer = answer_of("labels")
    assert (30.0, False) == (answer.cut_percent, answer.is_truncated)


def test_a_full_list_of_labels_is_cut_at_its_lowest_confidence():
    answer = feature_named("labels").parse(recorded("labels"), {"MaxLabels": 4, "MinConfidence": 30})
    assert (33.70513916015625, True) == (answer.cut_percent, answer.is_truncated)


def test_labels_are_cut_where_aws_cuts_when_nothing_is_asked_for():
    assert 55.0 == feature_named("labels").parse(recorded("labels"), {}).cut_percent


def test_moderation_is_cut_at_the_confidence_that_was_asked_for_or_where_aws_cuts():
    parse = feature_named("moderation").parse
    cuts = [parse(recorded("moderation"), asked).cut_percent for asked in ({"MinConfidence": 30}, {})]
    assert [30.0, 50.0] == cuts


def test_text_is_cut_only_by_a_filter_of_words():
    parse = feature_named("text").parse
    filtered = {"Filters": {"WordFilter": {"MinConfidence": 60}}}
    assert [60, None] == [parse(recorded("text"), asked).cut_percent for asked in (filtered, {})]


@pytest.mark.parametrize(
    ("name", "member", "most"),
    [
        ("faces", "FaceDetails", 100),
        ("celebrities", "UnrecognizedFaces", 63),
        ("protective_equipment", "Persons", 15),
    ],
)
def test_an_answer_as_long_as_the_operation_gives_may_be_truncated(name, member, most):
    one = recorded(name)[member][0]
    found = [answer_of(name, **{member: [one] * count}).is_truncated for count in (most - 1, most)]
    assert [False, True] == found


def test_a_hundred_words_may_be_truncated_and_lines_do_not_count():
    line, *_, word = recorded("text")["TextDetections"]
    found = [answer_of("text", TextDetections=[line, *[word] * count]).is_truncated for count in (99, 100)]
    assert [False, True] == found


def test_a_word_knows_its_line_and_a_line_has_none():
    lines = [(each.attributes["type"], each.attributes["line_id"]) for each in answer_of("text").detections]
    assert [("line", None), ("line", None), *[("word", 0)] * 2, *[("word", 1)] * 3] == lines


def test_protective_equipment_keeps_the_persons_who_wear_none():
    persons = [each for each in answer_of("protective_equipment").detections if each.name == "Person"]
    assert [["FACE", "HEAD", "LEFT_HAND"], ["HEAD"]] == [list(each.attributes["body_parts"]) for each in persons]


def test_equipment_says_what_it_should_cover_and_whether_it_does():
    worn = [each.attributes for each in answer_of("protective_equipment").detections if each.name != "Person"]
    assert [(0, "HEAD", True), (0, "LEFT_HAND", False)] == [
        (each["person"], each["body_part"], each["is_covering"]) for each in worn
    ]


def test_the_colours_of_the_background_are_kept_though_no_finding_shows_them():
    regions = [each.attributes["region"] for each in answer_of("image_properties").detections]
    assert {"image": 6, "foreground": 4, "background": 4} == {name: regions.count(name) for name in regions}


def test_labels_share_their_node_with_other_images():
    edge = feature_named("labels").edge
    assert {"Person"} == {
        edge.node_key(image, position, "Person") for image in (IMAGE, "s3://b/k") for position in (0, 3)
    }


def test_faces_have_a_node_each_in_the_order_of_the_answer():
    edge = feature_named("faces").edge
    assert [f"{IMAGE}#0", f"{IMAGE}#1"] == [edge.node_key(IMAGE, position, "Face") for position in (0, 1)]


def test_an_instance_without_a_place_is_drawn_nowhere():
    assert [] == boxes(Detection("Fog", 50.0, attributes={"instances": [{"box": None, "confidence": 50.0}]}))
