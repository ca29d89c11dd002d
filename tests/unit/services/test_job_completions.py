"""Rekognition's word that a job has ended, as it comes through the queue of events."""

import json

import pytest

from dev.rekognition.videos.messages import Completion as Sent
from dev.rekognition.videos.messages import wrapped
from sightline.models.images import Lane
from sightline.models.video_jobs import Asked, Completion, JobState, VideoJob
from sightline.queues.steps import collect_job_step
from sightline.services.event_decisions import Filter
from sightline.services.listening import Listener, handle
from sightline.services.s3_events import read_message
from sightline.storage.buckets.protocol import Prefix
from sightline.testing.event_queues import InMemoryEventQueue
from sightline.testing.fake import FakeSightline

TOPIC = "arn:aws:sns:us-east-1:000000000000:AmazonRekognition-x"
TOLD = {
    "JobId": "aws-1",
    "Status": "SUCCEEDED",
    "API": "StartLabelDetection",
    "JobTag": "row-1",
    "Timestamp": 1,
    "Video": {"S3ObjectName": "a.mp4", "S3Bucket": "clips"},
}


def raw(**other):
    return json.dumps({**TOLD, **other})


def by_sns(**other):
    return json.dumps(wrapped(Sent(TOPIC, {**TOLD, **other})))


@pytest.fixture
def world():
    made = FakeSightline()
    asked = Asked("s3://clips/a.mp4", "labels", "StartLabelDetection", {}, "e", None, "1")
    for name, state in (("row-1", JobState.STARTED), ("row-2", JobState.COMPLETE), ("row-3", JobState.WAITING)):
        made.video_jobs.add(VideoJob(name, asked, Lane.BACKFILL, state, made.clock.now, 1000, 1))
    return made


def handled(world, *bodies):
    queue = InMemoryEventQueue(world.clock)
    queue.put(bodies)
    own = Filter(Prefix("sightline"), ())
    listener = Listener(world.images, world.video_jobs, world.operations, world.services.calls, own, world.clock)
    return handle(queue.receive(), listener, world.send)


@pytest.mark.parametrize("shape", [raw, by_sns])
def test_both_shapes_have_the_job_looked_at_once(world, shape):
    done = handled(world, shape(), shape())
    assert [collect_job_step("row-1", Lane.BACKFILL)] == list(world.sent)
    assert 2 == len(done.done)


def test_a_failure_is_looked_at_too_and_a_job_that_waits_and_one_that_is_done_is_left(world):
    handled(world, raw(Status="FAILED"), raw(JobTag="row-2"), raw(JobTag="row-3"))
    assert {"row-1", "row-3"} == {step.args[0] for step in world.sent}


def test_a_job_of_another_program_is_counted_and_done(world):
    done = handled(world, raw(JobTag="another"), json.dumps({k: v for k, v in TOLD.items() if k != "JobTag"}))
    assert (2, 2, []) == (done.counts["job of others"], len(done.done), list(world.sent))
    assert not list(world.operations.dead_letters.read())


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (raw(Status="IN_PROGRESS"), "a job ends as SUCCEEDED or FAILED, not as IN_PROGRESS"),
        (raw(JobId=7), "a text JobId"),
        (raw(JobTag=["x"]), "a text JobTag"),
        (json.dumps({"JobId": "x"}), "a message must be an event"),
    ],
)
def test_a_word_that_is_malformed_is_a_dead_letter(world, body, rule):
    done = handled(world, body)
    (letter,) = world.operations.dead_letters.read()
    assert ("UnreadableEvent", 1, []) == (letter.error, len(done.done), list(world.sent))
    assert rule in letter.rule


def test_what_is_told_is_read_as_it_is():
    assert (Completion("row-1", "aws-1", "SUCCEEDED"),) == read_message(by_sns(), "queue").completions
