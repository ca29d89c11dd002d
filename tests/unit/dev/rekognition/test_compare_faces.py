"""CompareFaces by AWS's rules. Faces and their numbers are given here; the pictures hold no pixels."""

import asyncio
import math
from dataclasses import dataclass

import pytest
from botocore.validate import ParamValidator

from dev.rekognition.constraints import check_request, service_model
from dev.rekognition.content import Content
from dev.rekognition.likeness import describe, similarity_percent, why_not
from dev.rekognition.models import FOLDER
from dev.rekognition.operations.compare_faces import compare_faces
from dev.rekognition.picture import read_picture
from dev.rekognition.refusals import Refusal
from dev.rekognition.seen import Seen
from sightline.models.answers import Box, Detection
from tests.unit.dev.rekognition.drawings import encoded, face

QUALITY = {"quality": {"brightness": 50.0, "sharpness": 50.0}}


def seen(left: float, side: float = 0.1, confidence: float = 90.0) -> Detection:
    return Detection("Face", confidence, Box(left, 0.1, side, side), QUALITY)


@dataclass
class Given:
    """Sees the faces that are given by content, and tells them apart by where they are: 0.1 further is 0.1 apart."""

    faces: dict[bytes, list[Detection]]
    cannot_compare: str = ""

    async def see(self, content):
        return Seen((), tuple(self.faces[content.data]))

    async def describe(self, content, faces):
        assert all(face in self.faces[content.data] for face in faces)
        return tuple((face.box.left, 0.0) for face in faces)


def ask(source, target, cannot_compare="", **request):
    sight = Given({b"source": source, b"target": target}, cannot_compare)
    return asyncio.run(compare_faces(request, Content(b"source"), Content(b"target"), sight))  # type: ignore[arg-type]


def lefts(faces):
    return [face["BoundingBox"]["Left"] for face in faces]


def test_the_largest_face_of_the_source_is_compared_with_every_face_of_the_target():
    answer = ask([seen(0.9, 0.05), seen(0.2, 0.3)], [seen(0.9), seen(0.5), seen(0.2)])
    assert 0.2 == answer["SourceImageFace"]["BoundingBox"]["Left"]
    assert [0.2, 0.5] == lefts(match["Face"] for match in answer["FaceMatches"])
    assert [0.9] == lefts(answer["UnmatchedFaces"])


@pytest.mark.parametrize(("least", "matches"), [(None, 2), (0, 3), (99.9, 1), (100, 0)])
def test_faces_below_the_threshold_come_back_unmatched_and_it_is_80_percent_by_default(least, matches):
    answer = ask(
        [seen(0.2)], [seen(0.9), seen(0.5), seen(0.2)], **({"SimilarityThreshold": least} if least is not None else {})
    )
    assert (matches, 3 - matches) == (len(answer["FaceMatches"]), len(answer["UnmatchedFaces"]))


def test_an_answer_has_the_shape_that_the_model_declares():
    shape = service_model().operation_model("CompareFaces").output_shape
    answer = ask([seen(0.2)], [seen(0.2), seen(0.9)])
    assert ParamValidator().validate(answer, shape).generate_report() == ""  # type: ignore[arg-type]
    assert set(answer) <= set(shape.members)


@pytest.mark.parametrize(
    ("source", "target"), [([], [seen(0.2)]), ([seen(0.2)], []), ([], []), ([seen(0.2, 0.1, 49)], [])]
)
def test_a_picture_without_a_face_makes_the_request_invalid(source, target):
    with pytest.raises(Refusal) as refused:
        ask(source, target)
    assert "InvalidParameterException" == refused.value.code


def test_at_most_the_hundred_largest_faces_of_the_target_are_compared():
    crowd = [seen(number / 1000, 0.01 + number / 10_000) for number in range(120)]
    answer = ask([seen(0.1)], crowd, SimilarityThreshold=0)
    assert 100 == len(answer["FaceMatches"])
    assert 0.02 == min(lefts(match["Face"] for match in answer["FaceMatches"]))


def test_without_its_model_it_refuses_and_says_which_command_installs_it():
    with pytest.raises(Refusal) as refused:
        ask([seen(0.2)], [seen(0.2)], cannot_compare="a.dat is absent")
    assert "UnknownOperationException" == refused.value.code
    assert "a.dat is absent. Run `dev/install.sh faces`" in refused.value.message


def test_it_refuses_to_filter_by_quality():
    with pytest.raises(Refusal, match="InvalidParameterException"):
        ask([seen(0.2)], [seen(0.2)], QualityFilter="HIGH")


@pytest.mark.parametrize(
    "wrong", [{"SimilarityThreshold": 101}, {"SimilarityThreshold": -1}, {"QualityFilter": "BEST"}]
)
def test_parameters_that_aws_does_not_take_are_refused(wrong):
    image = {"Bytes": "eA=="}
    with pytest.raises(Refusal, match="ValidationException"):
        check_request("CompareFaces", {"SourceImage": image, "TargetImage": image, **wrong})


@pytest.mark.parametrize(("distance", "percent"), [(0.0, 100.0), (0.4, 99.0), (0.6, 80.0)])
def test_the_similarity_is_what_the_documentation_says_at_three_distances(distance, percent):
    assert percent == pytest.approx(similarity_percent((0.0,), (distance,)), abs=0.01)


def test_the_similarity_falls_with_the_distance():
    falling = [similarity_percent((0.0,), (distance / 100,)) for distance in range(150)]
    assert sorted(falling, reverse=True) == falling
    assert len(set(falling)) == len(falling)


def test_absent_models_are_the_reason_why_faces_cannot_be_compared(tmp_path):
    assert f"in {tmp_path}" in why_not(tmp_path)
    assert "shape_predictor_5_face_landmarks.dat is absent" in why_not(tmp_path)


def test_dlib_that_cannot_be_imported_is_the_reason():
    def load(name):
        raise ImportError(f"no module {name}")

    if "in " in why_not():
        pytest.skip(why_not())
    assert "dlib cannot be imported: no module dlib" == why_not(FOLDER, load)


def test_a_face_is_128_numbers_and_nearest_to_itself():
    if because := why_not():
        pytest.skip(because)
    one, other = (read_picture(encoded(face(radius))) for radius in (80, 60))
    boxes = [Box(0.25, 0.2, 0.5, 0.6)]
    (first,), (again,), (smaller,) = describe(one, boxes), describe(one, boxes), describe(other, boxes)
    assert 128 == len(first)
    assert first == again
    assert math.dist(first, smaller) > 0
