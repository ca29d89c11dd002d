"""Jobs on stored videos: what is in their seconds, and what AWS's rules say of states, tokens, limits and pages."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import cv2
import numpy as np
import pytest

from dev.clips.mp4 import write_clip
from dev.rekognition.faults import Fault
from dev.rekognition.videos.kinds import segments
from tests.clips import clip_bytes
from tests.unit.dev.rekognition.direct import NOW, SIGNED, endpoint
from tests.unit.dev.rekognition.drawings import person, wall

TOPIC = {
    "SNSTopicArn": "arn:aws:sns:us-east-1:000000000000:AmazonRekognition-x",
    "RoleArn": "arn:aws:iam::000000000000:role/x",
}
PERSON_IN = (1, 2, 4)
"""Seconds of the clip."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Give a clip of six seconds; a person stands before the wall in three of them."""
    pictures = [person() if second in PERSON_IN else wall() for second in range(6)]
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", pictures, 2).read_bytes()


@pytest.fixture
def short(tmp_path):
    """Give a clip of a second."""
    return write_clip(tmp_path / "short.mp4", [np.full((96, 96, 3), 90, np.uint8)], 2).read_bytes()


def tasks_of_jobs():
    return asyncio.all_tasks() - {asyncio.current_task()}


async def all_have_ended():
    await asyncio.gather(*tasks_of_jobs(), return_exceptions=True)


class Server:
    """An endpoint with one loop; sent: the bodies of its messages."""

    def __init__(self, tmp_path, objects):
        self.sent: list[str] = []
        self.now = NOW
        stored = {("clips", name): data for name, data in objects.items()}
        self.endpoint = endpoint(tmp_path, stored, sent=self.sent, now=lambda: self.now)
        self.objects = self.endpoint.jobs.objects
        self.loop = asyncio.Runner()

    def __call__(self, operation, **request):
        headers = {"x-amz-target": f"RekognitionService.{operation}", "authorization": SIGNED}
        return self.loop.run(self.endpoint.call(headers, json.dumps(request).encode()))

    def start(self, operation="StartLabelDetection", name="a.mp4", **request):
        return self(operation, Video={"S3Object": {"Bucket": "clips", "Name": name}}, **request)

    def ended(self, job_id, get="GetLabelDetection", **request):
        """Give the answer of a job when all have ended and been told of."""
        self.loop.run(all_have_ended())
        return self(get, JobId=job_id, **request).body

    def error(self, reply):
        assert reply.error, reply.body
        return reply.error


@pytest.fixture
def serve(tmp_path):
    """Give what makes a server of objects in the bucket `clips`; afterwards jobs that still run are cancelled."""
    made = []

    def make(**objects):
        made.append(Server(tmp_path, {f"{name}.mp4": data for name, data in objects.items()}))
        return made[-1]

    yield make
    for each in made:
        each.objects.videos_may_be_read.set()
        each.loop.close()


@pytest.fixture
def server(serve, short):
    return serve(a=short, b=short)


def test_a_person_is_found_in_its_seconds_as_segments_and_by_timestamp(serve, clip):
    server = serve(a=clip)
    job = server.start(MinConfidence=30.0).body["JobId"]
    found = server.ended(job, AggregateBy="SEGMENTS")
    assert [(1000, 3000), (4000, 5000)] == [
        (each["StartTimestampMillis"], each["EndTimestampMillis"])
        for each in found["Labels"]
        if each["Label"]["Name"] == "Person"
    ]
    assert ("h264", 6000, 640) == tuple(found["VideoMetadata"][n] for n in ("Codec", "DurationMillis", "FrameWidth"))
    by_time = server.ended(job)["Labels"]
    assert [1000, 2000, 4000] == [each["Timestamp"] for each in by_time if each["Label"]["Name"] == "Person"]
    assert by_time[0]["Label"]["Instances"]


def test_text_is_read_and_faces_are_looked_for(tmp_path, serve):
    sign = wall()
    cv2.putText(sign, "PARKING", (60, 250), cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 0, 0), 8)
    server = serve(a=write_clip(tmp_path / "sign.mp4", [wall(), sign], 2).read_bytes())
    text = server.start("StartTextDetection").body["JobId"]
    found = server.ended(text, "GetTextDetection")["TextDetections"]
    assert {(1000, "PARKING")} == {(each["Timestamp"], each["TextDetection"]["DetectedText"]) for each in found}
    faces = server.start("StartFaceDetection").body["JobId"]
    assert [] == server.ended(faces, "GetFaceDetection")["Faces"]
    assert "ResourceNotFoundException" == server.error(server("GetTextDetection", JobId=faces))


def test_a_gap_of_a_second_parts_two_segments():
    label = {"Name": "Car", "Confidence": 60.0, "Instances": [1]}
    surer = {**label, "Confidence": 90.0}
    found = list(segments([(0, [label]), (1000, [surer]), (2000, []), (3000, [label])], 3500))
    assert [(0, 2000, 90.0), (3000, 3500, 60.0)] == [
        (each["StartTimestampMillis"], each["EndTimestampMillis"], each["Label"]["Confidence"]) for each in found
    ]


def test_the_same_token_is_the_same_job_for_seven_days_and_other_parameters_are_refused(server):
    first = server.start(ClientRequestToken="t1").body["JobId"]
    assert first == server.start(ClientRequestToken="t1").body["JobId"]
    refused = server.start(ClientRequestToken="t1", MinConfidence=99.0)
    assert "IdempotentParameterMismatchException" == server.error(refused)
    assert "IdempotentParameterMismatchException" == server.error(server.start(name="b.mp4", ClientRequestToken="t1"))
    server.ended(first)
    server.now += timedelta(days=7, seconds=1)
    assert first != server.start(ClientRequestToken="t1").body["JobId"]
    assert "ResourceNotFoundException" == server.error(server("GetLabelDetection", JobId=first))


def test_more_jobs_than_the_limit_are_refused_until_one_ends(server):
    server.endpoint.jobs.most = 2
    server.objects.videos_may_be_read.clear()
    first, second = (server.start(ClientRequestToken=each).body["JobId"] for each in "ab")
    assert "LimitExceededException" == server.error(server.start(ClientRequestToken="c"))
    assert first == server.start(ClientRequestToken="a").body["JobId"]
    server.objects.videos_may_be_read.set()
    assert {"SUCCEEDED"} == {server.ended(each)["JobStatus"] for each in (first, second)}
    assert server.start(ClientRequestToken="c").body["JobId"] not in {first, second}


def test_pages_follow_a_token_that_dies_after_a_day(serve, clip):
    server = serve(a=clip)
    job = server.start(MinConfidence=1.0).body["JobId"]
    whole = server.ended(job)["Labels"]
    pages: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = server("GetLabelDetection", JobId=job, MaxResults=1, **token).body
        pages += page["Labels"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert whole == pages
    assert 1 < len(pages)
    server.now += timedelta(hours=24, seconds=1)
    assert "InvalidPaginationTokenException" == server.error(server("GetLabelDetection", JobId=job, **token))


@pytest.mark.parametrize(
    ("suffix", "codec", "said"),
    [("mp4", "mp4v", "Unsupported codec"), ("avi", "MJPG", "Unsupported container"), ("mkv", "mp4v", "container")],
)
def test_what_is_not_h264_in_mp4_fails_by_its_content_whatever_its_name(tmp_path, serve, suffix, codec, said):
    server = serve(a=clip_bytes(tmp_path, 1, suffix, codec))
    ended = server.ended(server.start().body["JobId"])
    assert "FAILED" == ended["JobStatus"]
    assert said in ended["StatusMessage"]


def test_an_object_that_is_not_there_and_an_operation_that_would_have_to_be_invented_are_refused(server):
    assert "InvalidS3ObjectException" == server.error(server.start(name="none.mp4"))
    assert "UnknownOperationException" == server.error(server.start("StartContentModeration"))
    assert "ValidationException" == server.error(server.start(JobTag="no blanks"))
    assert 0 == server.endpoint.jobs.running


def test_an_end_is_told_as_sns_does_and_may_be_lost_or_told_twice(server):
    job = server.start(JobTag="row-1", NotificationChannel=TOPIC).body["JobId"]
    server.ended(job)
    (body,) = map(json.loads, server.sent)
    told = json.loads(body["Message"])
    assert ("Notification", TOPIC["SNSTopicArn"]) == (body["Type"], body["TopicArn"])
    assert (job, "SUCCEEDED", "StartLabelDetection", "row-1") == tuple(
        told[each] for each in ("JobId", "Status", "API", "JobTag")
    )
    assert {"S3ObjectName": "a.mp4", "S3Bucket": "clips"} == told["Video"]
    server.sent.clear()
    for answer, count in (("lose", 0), ("double", 2)):
        server.endpoint.faults.add("notify", Fault(answer), 1)
        server.ended(server.start(NotificationChannel=TOPIC).body["JobId"])
        assert count == len(server.sent)


def test_a_start_whose_answer_is_cut_has_begun_and_its_token_finds_it(server, tmp_path):
    server.endpoint.faults.add("StartLabelDetection", Fault("cut"), 1)
    assert "cut" == server.start(ClientRequestToken="t").ending
    job = server.start(ClientRequestToken="t").body["JobId"]
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert [("cut", job), ("answered", job)] == [(each["outcome"], each["job"]) for each in lines]


def test_a_job_may_be_made_to_fail(server):
    server.endpoint.faults.add("run", Fault("fail"), 1)
    assert "FAILED" == server.ended(server.start().body["JobId"])["JobStatus"]
    assert "SUCCEEDED" == server.ended(server.start().body["JobId"])["JobStatus"]


def test_a_cancelled_job_keeps_its_file_until_its_thread_no_longer_reads_it(server):
    async def stop():
        for task in (running := tasks_of_jobs()):
            task.cancel()
        await asyncio.sleep(0)
        server.objects.videos_may_be_read.set()
        await asyncio.wait(running)

    server.objects.videos_may_be_read.clear()
    server.start()
    server.loop.run(asyncio.sleep(0))
    server.loop.run(stop())
    assert (1, 1) == (server.endpoint.jobs.running, server.objects.videos_read)
