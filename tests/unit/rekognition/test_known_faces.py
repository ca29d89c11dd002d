"""A collection of known faces as it is asked and read, by botocore's stub of the service."""

import boto3
import pytest
from botocore.stub import ANY, Stubber

from sightline.errors import ConfigurationError, InvalidParameter, UnreadableAnswer
from sightline.models.answers import Box
from sightline.models.people import FoundFace, IndexedFace, external_id
from sightline.rekognition.client import ONE_ATTEMPT
from sightline.rekognition.known_faces import (
    DELETED_AT_ONCE,
    RekognitionFaces,
    collection_name,
    parse_search,
    search_id,
    search_parameters,
)
from tests.unit.rekognition.recorded import differences, service_model

NAME = "sightline-people-1"
FACE_ID = "0a8dd2ef-9c3b-4f4b-8a63-8b8b9e8f9d11"
OURS = external_id("1" * 32, "a" * 64)
BOX = {"Width": 0.5, "Height": 0.5, "Left": 0.25, "Top": 0.25}
FACE = {"FaceId": FACE_ID, "ExternalImageId": OURS, "BoundingBox": BOX, "Confidence": 99.5}
SEARCHED = {
    "SearchedFaceBoundingBox": BOX,
    "SearchedFaceConfidence": 99.0,
    "FaceMatches": [{"Similarity": 99.25, "Face": FACE}],
    "FaceModelVersion": "7.0",
}


@pytest.fixture
def stub():
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
    client = session.client("rekognition", config=ONE_ATTEMPT)
    with Stubber(client) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


@pytest.fixture
def faces(stub):
    return RekognitionFaces(stub.client, NAME)


def test_what_is_asked_is_what_the_operation_takes():
    shape = service_model("rekognition").operation_model("SearchFacesByImage").input_shape
    assert [] == [*differences(search_parameters(99.0), shape)]  # type: ignore[arg-type]
    answer = service_model("rekognition").operation_model("SearchFacesByImage").output_shape
    assert [] == [*differences(SEARCHED, answer)]  # type: ignore[arg-type]


def test_a_collection_that_is_there_is_as_good_as_made(stub, faces):
    stub.add_response("create_collection", {"StatusCode": 200}, {"CollectionId": NAME})
    stub.add_client_error("create_collection", "ResourceAlreadyExistsException")
    faces.create()
    faces.create()


def test_one_face_is_indexed_under_our_id_and_without_a_filter(stub, faces):
    asked = {
        "CollectionId": NAME,
        "Image": {"Bytes": b"jpeg"},
        "ExternalImageId": OURS,
        "MaxFaces": 1,
        "QualityFilter": "NONE",
    }
    stub.add_response("index_faces", {"FaceRecords": [{"Face": FACE}]}, asked)
    stub.add_response("index_faces", {"FaceRecords": []}, asked)
    assert IndexedFace(FACE_ID, OURS) == faces.index(b"jpeg", OURS)
    assert faces.index(b"jpeg", OURS) is None
    assert "1" * 32 == IndexedFace(FACE_ID, OURS).person_id


def test_a_paid_call_is_one_attempt_and_a_free_one_is_repeated(stub, faces):
    for operation in ("index_faces", "search_faces_by_image"):
        stub.add_client_error(operation, "ProvisionedThroughputExceededException")
    with pytest.raises(Exception, match="quota"):
        faces.index(b"jpeg", OURS)
    with pytest.raises(Exception, match="quota"):
        faces.search(b"jpeg", 99.0)
    stub.add_client_error("list_faces", "ThrottlingException")
    stub.add_response("list_faces", {"Faces": []}, {"CollectionId": NAME})
    assert [] == faces.faces()


def test_a_search_is_read_with_the_face_that_was_searched_for(stub, faces):
    asked = {"CollectionId": NAME, "Image": ANY, "FaceMatchThreshold": 99.0, "MaxFaces": 100, "QualityFilter": "NONE"}
    stub.add_response("search_faces_by_image", SEARCHED, asked)
    found = faces.search(b"jpeg", 99.0)
    assert (Box(0.25, 0.25, 0.5, 0.5), 99.0) == (found.box, found.confidence)
    assert (FoundFace(IndexedFace(FACE_ID, OURS), 99.25),) == found.found


def test_a_picture_without_a_face_is_an_invalid_parameter(stub, faces):
    stub.add_client_error("search_faces_by_image", "InvalidParameterException", "There are no faces in the image")
    with pytest.raises(InvalidParameter):
        faces.search(b"jpeg", 99.0)


@pytest.mark.parametrize("broken", [{}, SEARCHED | {"FaceMatches": [{}]}, SEARCHED | {"SearchedFaceBoundingBox": None}])
def test_an_answer_of_another_form_is_unreadable_and_was_paid(broken):
    with pytest.raises(UnreadableAnswer, match="SearchFacesByImage"):
        parse_search(broken)


def test_all_pages_of_faces_are_listed_and_a_collection_that_is_not_there_has_none(stub, faces):
    stub.add_response("list_faces", {"Faces": [FACE], "NextToken": "2"}, {"CollectionId": "other"})
    foreign = {"Faces": [{"FaceId": FACE_ID}]}
    stub.add_response("list_faces", foreign, {"CollectionId": "other", "NextToken": "2"})
    stub.add_client_error("list_faces", "ResourceNotFoundException")
    assert [IndexedFace(FACE_ID, OURS), IndexedFace(FACE_ID, "")] == faces.faces("other")
    assert [] == faces.faces()


def test_faces_are_removed_in_slices_and_one_that_is_kept_is_an_error(stub, faces):
    many = [FACE_ID] * (DELETED_AT_ONCE + 1)
    absent = {"UnsuccessfulFaceDeletions": [{"FaceId": FACE_ID, "Reasons": ["FACE_NOT_FOUND"]}]}
    stub.add_response("delete_faces", absent, {"CollectionId": NAME, "FaceIds": many[:DELETED_AT_ONCE]})
    stub.add_response("delete_faces", {"DeletedFaces": [FACE_ID]}, {"CollectionId": NAME, "FaceIds": [FACE_ID]})
    faces.delete(many)
    kept = {"UnsuccessfulFaceDeletions": [{"FaceId": FACE_ID, "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}]}
    stub.add_response("delete_faces", kept, {"CollectionId": "other", "FaceIds": [FACE_ID]})
    with pytest.raises(ConfigurationError, match="ASSOCIATED"):
        faces.delete([FACE_ID], "other")


@pytest.mark.parametrize(
    ("generation", "expected"), [("1", "sightline-people-1"), ("2026.b_c", "sightline-people-2026.b_c")]
)
def test_a_generation_is_a_collection(generation, expected):
    assert expected == collection_name("sightline-", generation)


def test_a_generation_that_cannot_be_a_name_is_hashed():
    name, other = collection_name("sightline-", "new model!"), collection_name("sightline-", "new model?")
    assert name != other
    assert name.startswith("sightline-people-")
    assert "!" not in name


def test_a_search_is_named_by_all_that_changes_its_answer():
    box, other = Box(0.1, 0.2, 0.3, 0.4), Box(0.1, 0.2, 0.3, 0.5)
    asked = ("a" * 64, box, 99.0, NAME, "r")
    others = [
        ("b" * 64, box, 99.0, NAME, "r"),
        ("a" * 64, other, 99.0, NAME, "r"),
        ("a" * 64, box, 90.0, NAME, "r"),
        ("a" * 64, box, 99.0, "another", "r"),
        ("a" * 64, box, 99.0, NAME, "s"),
    ]
    assert search_id(*asked) == search_id(*asked)
    assert 6 == len({search_id(*each) for each in [asked, *others]})
