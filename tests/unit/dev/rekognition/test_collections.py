"""Collections by AWS's rules, through the whole endpoint. Faces and their numbers are given here, not seen."""

import asyncio
import base64
import json
from dataclasses import dataclass, field, replace

import pytest
from botocore.validate import ParamValidator

from dev.rekognition.collections import Collections
from dev.rekognition.constraints import service_model
from dev.rekognition.detectors import hog_and_haar
from dev.rekognition.seen import Seen
from sightline.models.answers import Box, Detection
from tests.unit.dev.rekognition.direct import SIGNED, endpoint

QUALITY = {"quality": {"brightness": 50.0, "sharpness": 50.0}}


def face(left: float, side: float = 0.1) -> Detection:
    return Detection("Face", 90.0, Box(left, 0.1, side, side), QUALITY)


@dataclass
class Given:
    """Sees the faces that are given by content, and tells them apart by where they are."""

    faces: dict[bytes, list[Detection]] = field(default_factory=dict)
    cannot_compare: str = ""
    detector = hog_and_haar()

    async def see(self, content):
        return Seen((), tuple(self.faces[content.data]))

    async def describe(self, content, faces):  # noqa: ARG002 - the interface
        return tuple((face.box.left, 0.0) for face in faces)


@pytest.fixture
def server(tmp_path):
    made = endpoint(tmp_path)
    made.sight = Given(
        {
            b"one": [face(0.2)],
            b"other": [face(0.9)],
            b"two": [face(0.9, 0.3), face(0.2)],
            b"wall": [],
            b"near": [face(0.25)],
        }
    )
    made.collections = Collections(tmp_path / "collections.json")
    return made


def ask(server, operation, picture=None, **request):
    image = {} if picture is None else {"Image": {"Bytes": base64.b64encode(picture).decode()}}
    headers = {"x-amz-target": f"RekognitionService.{operation}", "authorization": SIGNED}
    body = json.dumps({"CollectionId": "people", **image, **request}).encode()
    reply = asyncio.run(server.call(headers, body))
    if reply.error is None:
        shape = service_model().operation_model(operation).output_shape
        assert shape is not None
        assert ParamValidator().validate(reply.body, shape).generate_report() == ""
        assert set(reply.body) <= set(shape.members)
    return reply


def found(server, picture, **request):
    return [
        match["Face"]["ExternalImageId"]
        for match in ask(server, "SearchFacesByImage", picture, **request).body["FaceMatches"]
    ]


def test_a_collection_is_made_once(server):
    assert ask(server, "CreateCollection").body["FaceModelVersion"]
    assert "ResourceAlreadyExistsException" == ask(server, "CreateCollection").error
    assert 0 == ask(server, "DescribeCollection").body["FaceCount"]


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("DescribeCollection", {}),
        ("DeleteCollection", {}),
        ("ListFaces", {}),
        ("DeleteFaces", {"FaceIds": ["0a8dd2ef-9c3b-4f4b-8a63-8b8b9e8f9d11"]}),
    ],
)
def test_without_the_collection_everything_is_refused(server, operation, more):
    assert "ResourceNotFoundException" == ask(server, operation, **more).error
    assert "ResourceNotFoundException" == ask(server, "IndexFaces", b"one").error
    assert "ResourceNotFoundException" == ask(server, "SearchFacesByImage", b"one").error


def test_who_is_indexed_is_found_by_the_largest_face_alone(server):
    ask(server, "CreateCollection")
    for picture in (b"one", b"other"):
        ask(server, "IndexFaces", picture, ExternalImageId=f"{picture.decode()}:1")
    assert ["one:1"] == found(server, b"near", FaceMatchThreshold=99)
    assert ["other:1"] == found(server, b"two", FaceMatchThreshold=99)
    assert ["one:1"] == found(server, b"near", FaceMatchThreshold=0, MaxFaces=1)


def test_a_picture_without_a_face_indexes_nothing_and_cannot_be_searched_with(server):
    ask(server, "CreateCollection")
    assert [] == ask(server, "IndexFaces", b"wall").body["FaceRecords"]
    assert "InvalidParameterException" == ask(server, "SearchFacesByImage", b"wall").error


def test_the_largest_faces_are_indexed_and_the_others_named(server):
    ask(server, "CreateCollection")
    answer = ask(server, "IndexFaces", b"two", MaxFaces=1, ExternalImageId="a:1").body
    assert [0.3] == [each["Face"]["BoundingBox"]["Width"] for each in answer["FaceRecords"]]
    assert [["EXCEEDS_MAX_FACES"]] == [each["Reasons"] for each in answer["UnindexedFaces"]]


def test_the_same_picture_under_the_same_name_is_kept_once_and_under_another_twice(server):
    ask(server, "CreateCollection")
    first, again, other = (
        ask(server, "IndexFaces", b"one", ExternalImageId=name).body["FaceRecords"][0]["Face"]["FaceId"]
        for name in ("a:1", "a:1", "b:1")
    )
    assert first == again
    assert first != other
    assert 2 == ask(server, "DescribeCollection").body["FaceCount"]


def test_faces_are_listed_page_by_page_and_by_id(server):
    ask(server, "CreateCollection")
    ids = [
        ask(server, "IndexFaces", b"one", ExternalImageId=f"a:{n}").body["FaceRecords"][0]["Face"]["FaceId"]
        for n in range(3)
    ]
    page = ask(server, "ListFaces", MaxResults=2).body
    rest = ask(server, "ListFaces", MaxResults=2, NextToken=page["NextToken"]).body
    assert ids == [face["FaceId"] for face in page["Faces"] + rest["Faces"]]
    assert "NextToken" not in rest
    assert [ids[1]] == [face["FaceId"] for face in ask(server, "ListFaces", FaceIds=[ids[1]]).body["Faces"]]
    assert "InvalidPaginationTokenException" == ask(server, "ListFaces", NextToken="nowhere").error


def test_deleted_faces_are_found_no_more_and_absent_ones_are_named(server):
    ask(server, "CreateCollection")
    face_id = ask(server, "IndexFaces", b"one", ExternalImageId="a:1").body["FaceRecords"][0]["Face"]["FaceId"]
    assert [face_id] == ask(server, "DeleteFaces", FaceIds=[face_id]).body["DeletedFaces"]
    again = ask(server, "DeleteFaces", FaceIds=[face_id]).body
    assert [{"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]}] == again["UnsuccessfulFaceDeletions"]
    assert [] == found(server, b"one", FaceMatchThreshold=0)


def test_another_server_finds_what_the_last_one_kept(server, tmp_path):
    ask(server, "CreateCollection")
    ask(server, "IndexFaces", b"one", ExternalImageId="a:1")
    kept = ask(server, "ListFaces").body
    server.collections = Collections(tmp_path / "collections.json")
    assert kept == ask(server, "ListFaces").body
    assert ["a:1"] == found(server, b"one")
    ask(server, "DeleteCollection")
    server.collections = Collections(tmp_path / "collections.json")
    assert "ResourceNotFoundException" == ask(server, "ListFaces").error


@pytest.mark.parametrize("operation", ["IndexFaces", "SearchFacesByImage"])
def test_without_its_model_it_refuses_and_it_never_filters_by_quality(server, operation):
    ask(server, "CreateCollection")
    assert "InvalidParameterException" == ask(server, operation, b"one", QualityFilter="AUTO").error
    server.sight = replace(server.sight, cannot_compare="a.dat is absent")
    reply = ask(server, operation, b"one")
    assert "UnknownOperationException" == reply.error
    assert "Run `dev/install.sh faces`" in reply.body["Message"]


def test_answers_about_a_collection_are_never_remembered(server):
    ask(server, "CreateCollection")
    assert [] == found(server, b"one")
    ask(server, "IndexFaces", b"one", ExternalImageId="a:1")
    assert ["a:1"] == found(server, b"one")
