import asyncio
import base64
import json

import pytest

from dev.rekognition.faults import Fault
from tests.unit.dev.rekognition.direct import SIGNED, endpoint
from tests.unit.dev.rekognition.drawings import encoded, person, wall

PERSON = encoded(person())
IN_S3 = {"Image": {"S3Object": {"Bucket": "images", "Name": "yard/1.jpg"}}}
OBJECTS = {("images", "yard/1.jpg"): PERSON, ("images", "yard/2.jpg"): PERSON}


def sent(content):
    return {"Image": {"Bytes": base64.b64encode(content).decode()}}


async def call(server, request=IN_S3, operation="DetectLabels", authorization=SIGNED):
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    headers = {"x-amz-target": f"RekognitionService.{operation}", "authorization": authorization}
    return await server.call(headers, body)


def logged(tmp_path):
    return [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]


def error_of(tmp_path, *arguments, **more):
    reply = asyncio.run(call(endpoint(tmp_path, OBJECTS), *arguments, **more))
    assert reply.body["__type"] == reply.error
    return reply.error


def test_an_object_and_its_bytes_get_the_same_answer(tmp_path):
    server = endpoint(tmp_path, OBJECTS)
    replies = [asyncio.run(call(server, request)) for request in (IN_S3, sent(PERSON))]
    assert replies[0].status == 200
    assert replies[0].body["Labels"][0]["Name"] == "Person"
    assert replies[0].body == replies[1].body


def test_a_call_is_logged_with_what_it_was_and_how_it_ended(tmp_path):
    reply = asyncio.run(call(endpoint(tmp_path, OBJECTS)))
    (entry,) = logged(tmp_path)
    content, seconds = entry.pop("content"), entry.pop("seconds")
    assert (len(content), seconds > 0) == (64, True)
    assert entry == {
        "request_id": reply.request_id,
        "at": "2026-11-21T08:30:00.000000+00:00",
        "operation": "DetectLabels",
        "bucket": "images",
        "key": "yard/1.jpg",
        "outcome": "answered",
        "error": None,
        "job": None,
    }


def test_the_same_content_is_looked_at_once_however_many_ask_at_once(tmp_path):
    server = endpoint(tmp_path, OBJECTS)
    again = {"Image": {"S3Object": {"Bucket": "images", "Name": "yard/2.jpg"}}}

    async def ask():
        return await asyncio.gather(*(call(server, request) for request in (IN_S3, again, IN_S3, again)))

    replies = asyncio.run(ask())
    assert [reply.status for reply in replies] == [200] * 4
    assert server.sight.looks == 1
    assert len(logged(tmp_path)) == 4


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"Image": {"S3Object": {"Bucket": "images", "Name": "missing.jpg"}}}, "InvalidS3ObjectException"),
        ({"Image": {"S3Object": {"Bucket": "images"}}}, "InvalidParameterException"),
        ({"Image": {}}, "InvalidParameterException"),
        ({"Image": {**sent(PERSON)["Image"], **IN_S3["Image"]}}, "InvalidParameterException"),
        (sent(b""), "InvalidParameterException"),
        (sent(b"no picture"), "InvalidImageFormatException"),
        (sent(b"x" * (5 * 1024 * 1024 + 1)), "ImageTooLargeException"),
        (sent(encoded(wall()[:60, :60])), "InvalidParameterException"),
        ({"Image": {"Bytes": "*not base64*"}}, "SerializationException"),
        ({"Image": {"Bytes": "é"}}, "SerializationException"),
        ({"Image": {"S3Object": None}}, "InvalidParameterException"),
        ({**IN_S3, "MinConfidence": 101}, "ValidationException"),
        ({}, "ValidationException"),
        (b"{no json", "SerializationException"),
        (b"[" * 100_000, "SerializationException"),
        ({**IN_S3, "MinConfidence": float("nan")}, "SerializationException"),
    ],
)
def test_a_bad_request_gets_the_error_that_aws_gives(tmp_path, request_, error):
    assert error_of(tmp_path, request_) == error


@pytest.mark.parametrize(
    "region", [{}, {"Polygon": []}, {"Polygon": [{"X": 0.1}, {"X": 0.2}, {"X": 0.3}]}, {"BoundingBox": None}]
)
def test_a_region_without_a_place_is_refused(tmp_path, region):
    wanted = {**IN_S3, "Filters": {"RegionsOfInterest": [region]}}
    assert error_of(tmp_path, wanted, operation="DetectText") == "InvalidParameterException"


@pytest.mark.parametrize(
    ("operation", "nulls"),
    [
        ("DetectLabels", {"MaxLabels": None, "MinConfidence": None, "Features": None, "Settings": None}),
        ("DetectLabels", {"Settings": {"GeneralLabels": {"LabelInclusionFilters": None}, "ImageProperties": None}}),
        ("DetectFaces", {"Attributes": None}),
        ("DetectText", {"Filters": {"RegionsOfInterest": None, "WordFilter": {"MinConfidence": None}}}),
    ],
)
def test_a_member_that_is_null_is_absent(tmp_path, operation, nulls):
    server = endpoint(tmp_path, OBJECTS)
    with_nulls, without = (asyncio.run(call(server, request, operation)) for request in (IN_S3 | nulls, IN_S3))
    assert (200, without.body) == (with_nulls.status, with_nulls.body)


def test_no_label_is_answered_if_none_is_wanted(tmp_path):
    for none in ({"MaxLabels": 0}, {"MinConfidence": 100}):
        assert [] == asyncio.run(call(endpoint(tmp_path, OBJECTS), IN_S3 | none)).body["Labels"]


def test_a_key_of_any_letters_is_read_and_logged_as_it_is(tmp_path):
    key = "hof/日本/😀 a+b%20.jpg"
    server = endpoint(tmp_path, {("images", key): encoded(wall())})
    reply = asyncio.run(call(server, {"Image": {"S3Object": {"Bucket": "images", "Name": key}}}))
    assert (None, [key]) == (reply.error, [entry["key"] for entry in logged(tmp_path)])


def test_a_request_without_a_signature_is_refused(tmp_path):
    assert error_of(tmp_path, authorization="") == "MissingAuthenticationTokenException"


def test_a_request_signed_for_another_region_is_refused(tmp_path):
    elsewhere = SIGNED.replace("us-east-1", "eu-west-1")
    assert error_of(tmp_path, authorization=elsewhere) == "InvalidSignatureException"


@pytest.mark.parametrize("operation", ["DetectModerationLabels", "RecognizeCelebrities", "Nonsense"])
def test_what_can_not_be_seen_is_refused_plainly(tmp_path, operation):
    reply = asyncio.run(call(endpoint(tmp_path), operation=operation))
    assert reply.error == "UnknownOperationException"
    assert f"The local endpoint cannot do {operation}" in reply.body["Message"]


def test_a_call_above_the_quota_is_throttled_and_logged(tmp_path):
    server = endpoint(tmp_path, OBJECTS, rates={"DetectLabels": 1})
    assert [asyncio.run(call(server)).error for _ in range(2)] == [None, "ProvisionedThroughputExceededException"]
    assert [entry["outcome"] for entry in logged(tmp_path)] == ["answered", "throttled"]


def test_scripted_errors_come_once_each_and_then_the_answers(tmp_path):
    server = endpoint(tmp_path, OBJECTS)
    server.faults.add("DetectLabels", Fault("ThrottlingException"), 1)
    server.faults.add("DetectLabels", Fault("InternalServerError"), 1)
    replies = [asyncio.run(call(server)) for _ in range(3)]
    assert [(reply.status, reply.error) for reply in replies] == [
        (400, "ThrottlingException"),
        (500, "InternalServerError"),
        (200, None),
    ]
    assert [entry["outcome"] for entry in logged(tmp_path)] == ["throttled", "refused", "answered"]


@pytest.mark.parametrize(("answer", "outcome"), [("cut", "cut"), ("hang", "hung")])
def test_a_call_that_ends_badly_is_logged_so(tmp_path, answer, outcome):
    server = endpoint(tmp_path, OBJECTS)
    server.faults.add("DetectLabels", Fault(answer), 1)
    assert asyncio.run(call(server)).ending == answer
    assert [entry["outcome"] for entry in logged(tmp_path)] == [outcome]


def test_a_fault_waits_for_its_own_operation(tmp_path):
    server = endpoint(tmp_path, OBJECTS)
    server.faults.add("DetectText", Fault("AccessDeniedException"), 1)
    assert asyncio.run(call(server)).error is None
    assert asyncio.run(call(server, operation="DetectText")).error == "AccessDeniedException"


def test_a_slow_answer_is_an_answer(tmp_path):
    server = endpoint(tmp_path, OBJECTS)
    server.faults.add("DetectLabels", Fault("slow", 0.01), 1)
    assert asyncio.run(call(server)).body["Labels"][0]["Name"] == "Person"
    assert server.faults.left == {}
