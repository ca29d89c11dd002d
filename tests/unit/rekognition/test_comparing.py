"""CompareFaces as it is asked and read: one request for all faces, whatever the threshold."""

import base64
from copy import deepcopy

import pytest

from sightline.errors import InvalidParameter, NotSupported, Throttled, UnreadableAnswer
from sightline.models.comparisons import Side, from_plain, to_plain
from sightline.rekognition.comparing import NAME, OPERATION, comparison_id, parse
from sightline.rekognition.paid_calls import price_of
from sightline.rekognition.prices import read_prices
from sightline.rekognition.quotas import default_quota
from tests.unit.rekognition.recorded import differences, recorded, service_model
from tests.unit.rekognition.test_rekognition import Wire, door

ANSWER = recorded("compare_faces")

__all__ = ["door"]  # a fixture


def test_the_answer_is_of_aws_s_shape():
    shape = service_model("rekognition").operation_model(OPERATION).output_shape
    assert shape
    assert [] == list(differences(ANSWER, shape))


def test_both_pictures_are_sent_in_one_request_that_asks_for_every_face(door):
    wire = Wire(ANSWER)
    compared = door(wire).compare_faces(b"source", b"target")
    sent = {name: {"Bytes": base64.b64encode(data).decode()} for name, data in PICTURES.items()}
    assert [(f"RekognitionService.{OPERATION}", sent | {"QualityFilter": "NONE", "SimilarityThreshold": 0.0})] == (
        wire.requests
    )
    assert [99.25, 3.5, 0.0] == [face.similarity for face in compared.faces]


PICTURES = {"SourceImage": b"source", "TargetImage": b"target"}


def test_an_answer_is_read_the_most_alike_first_and_kept_as_it_is():
    compared = parse(ANSWER)
    assert (0.3, 99.9, None) == (compared.source.box.left, compared.source.confidence, compared.source.similarity)
    assert ([0.5, 0.1, 0.8], None) == ([face.box.left for face in compared.faces], compared.no_face_in)
    assert [0.5] == [face.box.left for face in compared.alike(80)]
    assert compared == from_plain(to_plain(compared))


def test_an_answer_without_a_face_of_the_target_says_so():
    assert Side.TARGET == parse(ANSWER | {"FaceMatches": [], "UnmatchedFaces": []}).no_face_in


@pytest.mark.parametrize("missing", ["SourceImageFace", "FaceMatches", "UnmatchedFaces"])
def test_an_answer_without_one_of_its_members_cannot_be_read(missing):
    with pytest.raises(UnreadableAnswer):
        parse({name: value for name, value in ANSWER.items() if name != missing})


def test_a_face_without_a_place_cannot_be_read():
    answer = deepcopy(ANSWER)
    del answer["FaceMatches"][0]["Face"]["BoundingBox"]
    with pytest.raises(UnreadableAnswer):
        parse(answer)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidParameterException", InvalidParameter),
        ("ProvisionedThroughputExceededException", Throttled),
        ("UnknownOperationException", NotSupported),
    ],
)
def test_a_refusal_is_an_error_of_ours(door, code, error):
    with pytest.raises(error):
        door(Wire({"__type": code, "Message": "refused"}, 400)).compare_faces(b"a", b"b")


def test_a_comparison_is_named_by_both_contents_in_their_order_and_the_generation():
    names = {comparison_id(*each) for each in (("a", "b", "1"), ("b", "a", "1"), ("a", "a", "1"), ("a", "b", "2"))}
    assert (4, {64}) == (len(names), {len(name) for name in names})
    assert comparison_id("a", "b", "1") in names


def test_two_pictures_cost_what_one_image_costs():
    assert (1000, 100.0) == (price_of(read_prices("us-east-1"), NAME), default_quota(OPERATION, "us-east-1"))
