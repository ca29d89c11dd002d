"""Each answer has the shape that botocore's own model of Rekognition declares."""

import asyncio

import pytest
from botocore.validate import ParamValidator

from dev.rekognition.constraints import service_model
from dev.rekognition.content import Content
from dev.rekognition.operations import OPERATIONS
from dev.rekognition.refusals import Refusal
from tests.unit.dev.rekognition.direct import DirectSight
from tests.unit.dev.rekognition.drawings import encoded, face, person, sign, wall

SIGN = encoded(sign("NO PARKING", "AT ANY TIME"))
FACE, PERSON, WALL = encoded(face()), encoded(person()), encoded(wall())
EVERYTHING = {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"], "MinConfidence": 0}


def ask(operation, content, **request):
    return asyncio.run(OPERATIONS[operation](request, Content(content), DirectSight()))  # type: ignore[arg-type]


def label_names(content, **request):
    return [label["Name"] for label in ask("DetectLabels", content, **request)["Labels"]]


def texts(**filters):
    return [found["DetectedText"] for found in ask("DetectText", SIGN, Filters=filters)["TextDetections"]]


@pytest.mark.parametrize(
    ("operation", "content", "request_"),
    [
        ("DetectLabels", PERSON, EVERYTHING),
        ("DetectLabels", FACE, EVERYTHING),
        ("DetectLabels", WALL, {}),
        ("DetectFaces", FACE, {"Attributes": ["DEFAULT"]}),
        ("DetectFaces", WALL, {}),
        ("DetectText", SIGN, {}),
    ],
)
def test_an_answer_has_the_shape_that_the_model_declares(operation, content, request_):
    answer = ask(operation, content, **request_)
    shape = service_model().operation_model(operation).output_shape
    assert ParamValidator().validate(answer, shape).generate_report() == ""  # type: ignore[arg-type]
    assert set(answer) <= set(shape.members)


def test_a_figure_is_a_person_with_its_place_and_what_the_list_of_labels_says():
    (label,) = ask("DetectLabels", PERSON)["Labels"]
    assert (label["Name"], label["Parents"], label["Aliases"]) == ("Person", [], [{"Name": "Human"}])
    assert label["Categories"] == [{"Name": "Person Description"}]
    assert set(label["Instances"][0]) == {"BoundingBox", "Confidence"}


def test_a_face_implies_its_head_and_its_person():
    assert sorted(label_names(FACE)) == ["Face", "Head", "Person"]


def test_a_sign_is_text_and_nobody():
    assert label_names(SIGN) == ["Text"]


def test_an_empty_wall_has_no_labels():
    assert ask("DetectLabels", WALL, MinConfidence=0)["Labels"] == []


def test_the_model_version_can_not_be_taken_for_that_of_aws():
    assert ask("DetectLabels", WALL)["LabelModelVersion"] != "3.0"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"LabelInclusionFilters": ["Face"]}, ["Face"]),
        ({"LabelExclusionFilters": ["Face", "Head"]}, ["Person"]),
        ({"LabelCategoryInclusionFilters": ["Text and Documents"]}, []),
        ({"LabelCategoryExclusionFilters": ["Person Description"]}, []),
        ({"LabelInclusionFilters": ["Face", "Head"], "LabelExclusionFilters": ["Head"]}, ["Face"]),
    ],
)
def test_labels_are_filtered_by_name_and_by_category(filters, expected):
    assert label_names(FACE, Settings={"GeneralLabels": filters}) == expected


def test_max_labels_keeps_the_surest():
    every = ask("DetectLabels", FACE)["Labels"]
    assert ask("DetectLabels", FACE, MaxLabels=2)["Labels"] == every[:2]


def test_min_confidence_leaves_the_fainter_out():
    assert label_names(FACE, MinConfidence=100) == []


def test_image_properties_alone_have_no_labels():
    answer = ask("DetectLabels", PERSON, Features=["IMAGE_PROPERTIES"])
    assert set(answer) == {"LabelModelVersion", "ImageProperties"}
    assert {"Quality", "DominantColors", "Foreground", "Background"} == set(answer["ImageProperties"])


def test_max_dominant_colors_is_kept():
    settings = {"ImageProperties": {"MaxDominantColors": 2}}
    answer = ask("DetectLabels", FACE, Features=["IMAGE_PROPERTIES"], Settings=settings)
    assert len(answer["ImageProperties"]["DominantColors"]) == 2


def test_words_name_the_line_that_they_belong_to():
    found = ask("DetectText", SIGN)["TextDetections"]
    assert [(each["Id"], each["Type"], each["DetectedText"], each.get("ParentId")) for each in found] == [
        (0, "LINE", "NO PARKING", None),
        (1, "LINE", "AT ANY TIME", None),
        (2, "WORD", "NO", 0),
        (3, "WORD", "PARKING", 0),
        (4, "WORD", "AT", 1),
        (5, "WORD", "ANY", 1),
        (6, "WORD", "TIME", 1),
    ]


def test_words_are_filtered_by_confidence_and_size():
    assert texts(WordFilter={"MinConfidence": 100}) == []
    assert texts(WordFilter={"MinBoundingBoxWidth": 0.4}) == ["PARKING", "PARKING"]
    assert texts(WordFilter={"MinBoundingBoxHeight": 0.5}) == []


def test_words_are_filtered_by_region():
    box = {"BoundingBox": {"Left": 0, "Top": 0, "Width": 1, "Height": 0.35}}
    corners = {"Polygon": [{"X": 0, "Y": 0.35}, {"X": 1, "Y": 0.35}, {"X": 1, "Y": 1}, {"X": 0, "Y": 1}]}
    assert texts(RegionsOfInterest=[box]) == ["NO PARKING", "NO", "PARKING"]
    assert texts(RegionsOfInterest=[corners]) == ["AT ANY TIME", "AT", "ANY", "TIME"]


def test_what_a_face_feels_can_not_be_seen():
    with pytest.raises(Refusal) as refused:
        ask("DetectFaces", FACE, Attributes=["ALL"])
    assert refused.value.code == "InvalidParameterException"
    assert "cannot see ALL" in refused.value.message
