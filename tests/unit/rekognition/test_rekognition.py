import json
from collections.abc import Callable
from functools import cache

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from sightline.errors import (
    ConfigurationError,
    EmptyImage,
    ImageMissing,
    OutcomeUnknown,
    Throttled,
    TooManyBytes,
    Unavailable,
    UnreadableAnswer,
)
from sightline.rekognition.client import ONE_ATTEMPT, Rekognition
from sightline.rekognition.features import all_features, feature_named
from sightline.rekognition.preflight import MAX_BYTES_SENT
from tests.unit.rekognition.recorded import recorded

FEATURES = sorted(all_features())


@cache
def session() -> boto3.Session:
    """Keep one for all clients: it reads the service model from its file once."""
    return boto3.Session(aws_access_key_id="id", aws_secret_access_key="secret", region_name="eu-west-1")


def client(config: Config = ONE_ATTEMPT):
    return session().client("rekognition", config=config)


class Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self):
        yield self._body


class Wire:
    """What stands in for the network: keeps the requests, and answers each with the same, or raises."""

    def __init__(self, answer: object, status: int = 200) -> None:
        self.requests: list[tuple[str, object]] = []
        self._answer = answer
        self._status = status

    def __call__(self, request, **_):
        self.requests.append((request.headers["X-Amz-Target"].decode(), json.loads(request.body)))
        if isinstance(self._answer, Exception):
            raise self._answer
        return AWSResponse(request.url, self._status, {}, Raw(json.dumps(self._answer).encode()))  # type: ignore[arg-type]


@pytest.fixture
def door() -> Callable[[Wire], Rekognition]:
    def open_onto(wire: Wire) -> Rekognition:
        connected = client()
        connected.meta.events.register("before-send.rekognition", wire)
        return Rekognition(connected)

    return open_onto


@pytest.mark.parametrize("name", FEATURES)
def test_an_object_is_analysed_by_the_operation_and_the_parameters_of_the_feature(name, door):
    feature, wire = feature_named(name), Wire(recorded(name))
    answer = door(wire).analyse_object(feature, feature.parameters, "cameras", "yard/ü 1.jpg")
    request = {"Image": {"S3Object": {"Bucket": "cameras", "Name": "yard/ü 1.jpg"}}, **feature.parameters}
    assert [(f"RekognitionService.{feature.operation}", request)] == wire.requests
    assert feature.parse(recorded(name), feature.parameters) == answer


def test_the_version_of_an_object_goes_into_the_request(door):
    wire = Wire(recorded("faces"))
    door(wire).analyse_object(feature_named("faces"), {}, "cameras", "yard/1.jpg", "v7")
    place = {"Bucket": "cameras", "Name": "yard/1.jpg", "Version": "v7"}
    assert {"Image": {"S3Object": place}} == wire.requests[0][1]


def test_bytes_are_sent_along(door):
    wire = Wire(recorded("faces"))
    door(wire).analyse_bytes(feature_named("faces"), {}, b"picture")
    assert {"Image": {"Bytes": "cGljdHVyZQ=="}} == wire.requests[0][1]


@pytest.mark.parametrize(("size", "expected"), [(0, EmptyImage), (MAX_BYTES_SENT + 1, TooManyBytes)])
def test_bytes_that_rekognition_would_refuse_are_not_sent(size, expected, door):
    wire = Wire(recorded("faces"))
    with pytest.raises(expected, match=rf"^a picture of {size:,} bytes"):
        door(wire).analyse_bytes(feature_named("faces"), {}, bytes(size))
    assert [] == wire.requests


def test_as_many_bytes_as_rekognition_takes_are_sent(door):
    wire = Wire(recorded("faces"))
    door(wire).analyse_bytes(feature_named("faces"), {}, bytes(MAX_BYTES_SENT))
    assert 1 == len(wire.requests)


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        ({"__type": "ProvisionedThroughputExceededException", "message": "slow"}, 400, Throttled),
        ({"__type": "InvalidS3ObjectException", "message": "no"}, 400, ImageMissing),
        ({"__type": "InternalServerError", "message": "oops"}, 500, Unavailable),
        (ReadTimeoutError(endpoint_url="https://x"), 0, OutcomeUnknown),
        (ConnectTimeoutError(endpoint_url="https://x"), 0, Unavailable),
    ],
)
def test_a_call_that_fails_is_one_attempt_and_one_of_our_errors(answer, status, expected, door):
    wire = Wire(answer, status)
    with pytest.raises(expected, match=r"^s3://cameras/yard/1\.jpg: ") as raised:
        door(wire).analyse_object(feature_named("labels"), {}, "cameras", "yard/1.jpg")
    assert (expected, 1) == (type(raised.value), len(wire.requests))


@pytest.mark.parametrize("answer", [{}, {"Labels": None}, {"Labels": [{"Name": "Person"}]}, {"Labels": ["Person"]}])
def test_an_answer_in_another_form_is_not_paid_for_again(answer, door):
    wire = Wire(answer)
    with pytest.raises(UnreadableAnswer, match="must have AWS's format"):
        door(wire).analyse_object(feature_named("labels"), {}, "cameras", "yard/1.jpg")


@pytest.mark.parametrize("config", [Config(), Config(retries={"total_max_attempts": 3})])
def test_a_client_that_tries_again_by_itself_is_refused(config):
    with pytest.raises(ConfigurationError, match="one call must be one HTTP attempt"):
        Rekognition(client(config))
