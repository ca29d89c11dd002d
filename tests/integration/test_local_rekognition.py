"""The local Rekognition as a process of its own, met by boto3 as it comes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from uuid import uuid4

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from dev.rekognition.detectors import detector_here
from dev.stack.processes import cpu_of, started_at
from dev.stack.waiting import nothing, wait_until
from sightline.errors import OutcomeUnknown
from sightline.rekognition.client import Rekognition
from sightline.rekognition.features import feature_named
from tests.unit.dev.rekognition.drawings import encoded, person, sign, wall

PERSON = encoded(person())


def client(service, endpoint, region="us-east-1", read_timeout=60):
    session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name=region)
    config = Config(read_timeout=read_timeout, retries={"total_max_attempts": 1}, max_pool_connections=16)
    return session.client(service, endpoint_url=endpoint, config=config)


class Server:
    """A running endpoint; `calls` reads its log."""

    def __init__(self, folder, s3_endpoint, *arguments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "calls.jsonl"
        common = ["--port", str(self.port), "--s3-endpoint", s3_endpoint, "--calls-log", str(self.log)]
        command = [sys.executable, "-m", "dev.rekognition", *common, *arguments]
        self.process = subprocess.Popen(command, start_new_session=True)
        assert wait_until(lambda: self.process.poll() is not None or self._is_ready(), self._moves)
        assert self.process.poll() is None

    def _moves(self):
        return cpu_of({self.process.pid})

    def _is_ready(self):
        try:
            return self.request("GET", "/healthz") == (200, {"ready": True, "detector": detector_here().name})
        except OSError:
            return False

    def request(self, method, path, body=None):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.load(answer)
        finally:
            connection.close()

    def control(self, **wanted):
        return self.request("POST", "/control", json.dumps(wanted))

    def calls(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def rekognition(self, **settings):
        return client("rekognition", f"http://127.0.0.1:{self.port}", **settings)

    def stop(self):
        self.process.terminate()
        assert wait_until(lambda: self.process.poll() is not None, self._moves)
        assert self.process.returncode == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory, s3_endpoint):
    started = Server(tmp_path_factory.mktemp("rekognition"), s3_endpoint, "--lift-quotas", "--processes", "1")
    yield started
    started.stop()


@pytest.fixture
def fresh(server):
    """Give the running endpoint without quotas, latency or script."""
    server.control(quotas=None, latency_ms=0, clear_faults=True)
    return server


@pytest.fixture(scope="module")
def bucket(s3_endpoint):
    s3, name = client("s3", s3_endpoint), f"test-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    pictures = {"person.jpg": PERSON, "empty.jpg": b"", "long.jpg": b"x" * (15 * 1024 * 1024 + 1)}
    for key, content in pictures.items():
        s3.put_object(Bucket=name, Key=key, Body=content)
    yield name
    for key in pictures:
        s3.delete_object(Bucket=name, Key=key)
    s3.delete_bucket(Bucket=name)


def in_s3(bucket, key):
    return {"S3Object": {"Bucket": bucket, "Name": key}}


def error_of(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def test_boto3_gets_labels_faces_and_text_of_an_object_and_of_bytes(fresh, bucket):
    rekognition = fresh.rekognition()
    labels = rekognition.detect_labels(Image=in_s3(bucket, "person.jpg"))
    assert [label["Name"] for label in labels["Labels"]] == ["Person"]
    assert rekognition.detect_faces(Image={"Bytes": PERSON})["FaceDetails"] == []
    text = rekognition.detect_text(Image={"Bytes": encoded(sign("NO PARKING"))})
    assert text["TextDetections"][0]["DetectedText"] == "NO PARKING"
    assert labels["ResponseMetadata"]["RequestId"] == fresh.calls()[-3]["request_id"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("missing.jpg", "InvalidS3ObjectException"),
        ("empty.jpg", "InvalidImageFormatException"),
        ("long.jpg", "ImageTooLargeException"),
    ],
)
def test_a_bad_object_gets_the_error_that_aws_gives(fresh, bucket, key, code):
    assert error_of(fresh.rekognition().detect_labels, Image=in_s3(bucket, key)) == code


def test_a_missing_bucket_is_an_invalid_object(fresh):
    missing = in_s3("no-such-bucket-anywhere", "a.jpg")
    assert error_of(fresh.rekognition().detect_text, Image=missing) == "InvalidS3ObjectException"


def test_another_region_is_refused(fresh):
    elsewhere = fresh.rekognition(region="eu-west-1")
    assert error_of(elsewhere.detect_labels, Image={"Bytes": PERSON}) == "InvalidSignatureException"


def test_what_it_can_not_see_it_refuses(fresh):
    rekognition = fresh.rekognition()
    assert error_of(rekognition.detect_moderation_labels, Image={"Bytes": PERSON}) == "UnknownOperationException"


def test_the_quota_holds_for_all_callers_together(fresh):
    fresh.control(quotas={"DetectText": 3})
    before, clients = len(fresh.calls()), [fresh.rekognition() for _ in range(4)]

    def ask(number):
        try:
            clients[number % 4].detect_text(Image={"Bytes": encoded(wall())})
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "answered"

    started = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(ask, range(40)))
    most = 3 + 3 * (time.monotonic() - started)
    assert 3 <= outcomes.count("answered") <= most
    assert set(outcomes) == {"answered", "ProvisionedThroughputExceededException"}
    logged = [call["outcome"] for call in fresh.calls()[before:]]
    assert (logged.count("answered"), len(logged)) == (outcomes.count("answered"), 40)


def test_a_scripted_error_comes_as_boto3_knows_it(fresh):
    fresh.control(faults=[{"operation": "DetectText", "answer": "ThrottlingException"}])
    rekognition = fresh.rekognition()
    with pytest.raises(rekognition.exceptions.ThrottlingException):
        rekognition.detect_text(Image={"Bytes": PERSON})
    assert rekognition.detect_text(Image={"Bytes": PERSON})["TextDetections"] == []


def test_a_cut_answer_comes_without_its_members_and_is_logged(fresh):
    fresh.control(faults=[{"operation": "DetectLabels", "answer": "cut"}])
    answer = fresh.rekognition().detect_labels(Image={"Bytes": PERSON})
    assert set(answer) == {"ResponseMetadata"}  # botocore does not compare the length: whoever reads must
    assert fresh.calls()[-1]["outcome"] == "cut"


def test_the_door_sees_that_an_answer_was_cut_and_may_have_been_billed(fresh):
    fresh.control(faults=[{"operation": "DetectLabels", "answer": "cut"}])
    labels = feature_named("labels")
    with pytest.raises(OutcomeUnknown):
        Rekognition(fresh.rekognition()).analyse_bytes(labels, labels.parameters, PERSON)


def test_a_hanging_call_ends_when_the_caller_hangs_up(fresh):
    fresh.control(faults=[{"operation": "DetectLabels", "answer": "hang"}])
    with pytest.raises(ReadTimeoutError):
        fresh.rekognition(read_timeout=0.5).detect_labels(Image={"Bytes": PERSON})
    assert wait_until(lambda: [call["outcome"] for call in fresh.calls()][-1:] == ["hung"], fresh._moves)


def test_a_wrong_script_is_refused_with_its_reason(fresh):
    status, answer = fresh.control(faults=[{"operation": "DetectText", "answer": "explode"}])
    assert (status, "`answer` must be one of" in answer["error"]) == (400, True)


def test_a_kill_forgets_no_call_and_leaves_no_process_and_answers_stay(tmp_path, s3_endpoint):
    remembered = ("--processes", "1", "--remember", str(tmp_path / "answers.jsonl"))
    first = Server(tmp_path, s3_endpoint, *remembered)
    answer = first.rekognition().detect_labels(Image={"Bytes": PERSON})
    pool = psutil.Process(first.process.pid).children(recursive=True)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    assert [call["outcome"] for call in first.calls()] == ["answered"]
    assert wait_until(lambda: {None} == {started_at(each.pid) for each in pool}, nothing)

    second = Server(tmp_path, s3_endpoint, *remembered)
    try:
        again = second.rekognition().detect_labels(Image={"Bytes": PERSON})
    finally:
        second.stop()
    assert again["Labels"] == answer["Labels"]
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 1
    assert len(second.calls()) == 2
