"""What every store of jobs on videos does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.models.images import Lane, Rejection
from sightline.models.video_jobs import Asked, JobState, Results, Span, VideoJob
from sightline.storage.video_jobs.dynamodb import DynamoVideoJobStore
from sightline.storage.video_jobs.protocol import VideoJobStore
from sightline.storage.videos.dynamodb import DynamoVideoStore
from sightline.testing.clocks import MovingClock
from sightline.testing.video_jobs import InMemoryVideoJobStore
from sightline.testing.videos import InMemoryVideoStore
from sightline.timing import CHECK_AFTER

URI = "s3://frames/yard/é.mp4"


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest, clock: MovingClock) -> Any:
    if request.param == "memory":
        return InMemoryVideoJobStore(clock), InMemoryVideoStore(clock)
    client: Any = request.getfixturevalue("dynamodb_client")
    prefix = request.getfixturevalue("table_prefix")
    videos = DynamoVideoStore(client, prefix, clock)
    videos.setup()
    return DynamoVideoJobStore(client, prefix, clock), videos


@pytest.fixture
def jobs(stores: Any) -> VideoJobStore:
    made: VideoJobStore = stores[0]
    return made


def job(clock, name="a", **more):
    asked = Asked(URI, "labels", "StartLabelDetection", {"MinConfidence": 50, "Features": ["GENERAL_LABELS"]}, "e1",
                  more.pop("version", None), "1")  # fmt: skip
    return VideoJob(
        name,
        asked,
        Lane.LIVE,
        JobState.WAITING,
        clock.now,
        61_000,
        200_000,
        next_check_at=clock.now + CHECK_AFTER,
        **more,
    )


def test_a_job_is_added_once_and_the_first_one_stays(jobs, clock):
    first = jobs.add(job(clock))
    assert replace(job(clock), changes=1) == first == jobs.get("a")
    assert first == jobs.add(job(clock, attempt=7))
    assert jobs.get("b") is None


def test_a_row_comes_back_as_it_was_saved_and_a_late_save_changes_nothing(jobs, clock):
    seen = jobs.add(job(clock, version="v1"))
    results = Results("s3://own/sightline/x", 3, "3.0", 1, (Span("Person", 0, 2000, 90.25),))
    now = replace(
        seen, state=JobState.COLLECTED, attempt=2, begun_at=clock.now, is_paid_for=True, aws_job_id="aws",
        started_at=clock.now, looks=3, results=results, rejection=Rejection("JobFailed", "no"),
    )  # fmt: skip
    saved = jobs.save(seen, now)
    assert replace(now, changes=2) == saved == jobs.get("a")
    assert jobs.save(seen, replace(seen, looks=9)) is None
    assert saved == jobs.get("a")
    assert jobs.save(saved, seen)
    assert replace(seen, changes=3) == jobs.get("a")


def test_what_waits_and_what_was_started_are_due_apart_and_videos_are_neither(stores, clock):
    jobs, videos = stores
    videos.add(URI, Lane.LIVE, 1)
    for name in "abc":
        jobs.add(job(clock, name))
        clock.move(timedelta(seconds=1))
    started = jobs.get("b")
    jobs.save(started, replace(started, state=JobState.STARTED))
    done = jobs.get("c")
    jobs.save(done, replace(done, state=JobState.COMPLETE, next_check_at=None))
    assert [] == list(jobs.due(clock.now, is_started=False))
    clock.move(CHECK_AFTER)
    due = {is_started: [each.job_id for each in jobs.due(clock.now, is_started=is_started)] for is_started in (0, 1)}
    assert {0: ["a"], 1: ["b"]} == due
    assert [URI] == [each.video_id for each in videos.due(clock.now)]


def test_those_that_are_not_complete_are_counted_and_one_that_failed_is_due_for_nothing(jobs, clock):
    assert {JobState.WAITING: 0, JobState.STARTED: 0, JobState.REJECTED: 0} == jobs.count_by_state()
    for name, state in zip("abcde", JobState, strict=True):
        seen = jobs.add(job(clock, name))
        due = None if state in {JobState.COMPLETE, JobState.REJECTED} else seen.next_check_at
        jobs.save(seen, replace(seen, state=state, next_check_at=due))
    assert {JobState.WAITING: 1, JobState.STARTED: 2, JobState.REJECTED: 1} == jobs.count_by_state()
    failed = jobs.get("e")
    assert (JobState.REJECTED, None) == (failed.state, failed.next_check_at)
    far = clock.now + timedelta(days=9)
    assert {"a", "b", "c"} == {each.job_id for is_started in (0, 1) for each in jobs.due(far, is_started=is_started)}
    jobs.save(failed, replace(failed, state=JobState.WAITING, next_check_at=clock.now))
    assert {JobState.WAITING: 2, JobState.STARTED: 2, JobState.REJECTED: 0} == jobs.count_by_state()


def test_places_are_as_many_as_there_may_be_and_one_is_taken_twice_as_the_same(jobs, clock):
    assert not jobs.places()
    jobs.leave_place("nobody")
    assert (True, True, False) == tuple(jobs.take_place(each, 2) for each in "abc")
    began = clock.now
    clock.move(timedelta(minutes=1))
    assert jobs.take_place("a", 2)
    assert {"a": began, "b": began} == jobs.places()
    jobs.leave_place("a")
    assert (True, False) == (jobs.take_place("c", 2), jobs.take_place("a", 2))


def test_a_videos_jobs_are_noted_on_its_row_and_no_other_write_touches_them(stores):
    _, videos = stores
    videos.note_job(URI, "labels", "x")
    assert videos.get(URI) is None
    videos.add(URI, Lane.LIVE, 1)
    seen = videos.get(URI)
    for kind, name in (("labels", "a"), ("faces", "b"), ("labels", "c")):
        videos.note_job(URI, kind, name)
    assert videos.save(seen, replace(seen, rounds=1))
    videos.add(URI, Lane.LIVE, 2)
    assert ({"labels": "c", "faces": "b"}, 2) == (videos.get(URI).jobs, videos.get(URI).most_frames)
