"""Places, messages and bytes: what waits, comes twice, or was overwritten."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import (
    BadMessage,
    NewerVersion,
)
from sightline.models.images import Lane
from sightline.models.video_jobs import JobState
from sightline.queues.steps import collect_job_step, start_job_step
from sightline.services.video_jobs import reconcile_jobs
from sightline.storage.buckets.protocol import ObjectUri
from tests.unit.services.video_jobs.stories import URI, agree, house_of, jobs_of, letters, reconcile

# --- the limit


def many(house, clip, count):
    for number in range(count):
        agree(house, clip, f"s3://frames/yard/{number:02}.mp4")
    house.run()


def test_no_more_jobs_are_started_than_have_a_place_and_the_others_follow(clip):
    house = house_of(at_once=2)
    many(house, clip, 5)
    assert (2, 2) == (len(house.job_client.jobs), len(house.video_jobs.places()))
    for started in (4, 5, 5):
        reconcile(house)
        assert started == len(house.job_client.jobs)
    assert {JobState.COMPLETE} == {job.state for job in house.video_jobs.all()}
    assert not house.video_jobs.places()


def test_where_others_use_the_account_too_a_job_waits_and_no_attempt_is_counted(clip):
    house = house_of()
    house.job_client.most = 1
    many(house, clip, 3)
    waiting = [job for job in house.video_jobs.all() if job.state is JobState.WAITING]
    assert [(1, None, False)] * 2 == [(job.attempt, job.begun_at, job.is_paid_for) for job in waiting]
    assert 1 == len(house.video_jobs.places())
    for _ in range(6):
        reconcile(house)
    assert {JobState.COMPLETE} == {job.state for job in house.video_jobs.all()}
    assert 3 == len(house.job_client.jobs)
    assert not letters(house)


def test_the_place_of_a_job_that_ended_is_given_back_though_its_process_died(clip):
    house = house_of(at_once=1)
    agree(house, clip)
    house.run()
    reconcile(house)
    ended = jobs_of(house)["labels"].job_id
    house.video_jobs.take_place(ended, 1)
    reconcile(house, timedelta(minutes=11))
    assert not house.video_jobs.places()


# --- messages


def test_jobs_nobody_tells_of_are_looked_at_after_2_4_8_minutes(clip):
    house = house_of()
    house.job_client.lasts = timedelta(hours=3)
    agree(house, clip)
    house.run()
    looked_after = []
    for minute in range(1, 70):
        house.clock.move(timedelta(minutes=1))
        if reconcile_jobs(house.services.job_runner, lambda: True, house.send)["jobs_looked_at"]:
            looked_after.append(minute)
        house.run()
    assert [2, 7, 16, 33, 66] == looked_after  # the reconciler comes once a minute


def test_steps_that_come_twice_late_or_for_no_job_change_nothing(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    job_id = jobs_of(house)["labels"].job_id
    again = [start_job_step(job_id, Lane.LIVE), collect_job_step(job_id, Lane.LIVE)]
    house.send(again * 2)
    house.run()
    reconcile(house)
    done = jobs_of(house)["labels"]
    house.send(again * 2)
    house.run()
    assert (done, 1) == (jobs_of(house)["labels"], len(house.job_client.jobs))
    with pytest.raises(BadMessage, match="a job must be added"):
        house.do(collect_job_step("nobody", Lane.LIVE))


def test_a_row_of_a_newer_version_is_left_to_it(clip):
    house = house_of()
    agree(house, clip)
    job = jobs_of(house)["labels"]
    house.video_jobs.save(job, replace(job, state=JobState.read("newer")))
    with pytest.raises(NewerVersion):
        house.do(start_job_step(job.job_id, Lane.LIVE))


# --- the bytes


def test_a_video_that_was_overwritten_since_its_price_was_agreed_to_is_not_analysed(clip):
    house = house_of()
    agree(house, clip)
    house.put(URI, clip + b"\0")
    house.run()
    assert "others now" in letters(house)["VideoOverwritten"].rule
    assert not house.job_client.jobs


def test_a_video_that_is_overwritten_while_its_job_runs_has_no_results(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    house.put(URI, clip + b"\0")
    reconcile(house)
    assert JobState.REJECTED is jobs_of(house)["labels"].state
    assert (URI, "labels") not in house.graph.shown_videos


def test_a_video_that_is_deleted_meanwhile_keeps_its_results(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    house.buckets.delete(ObjectUri.parse(URI))
    reconcile(house)
    assert JobState.COMPLETE is jobs_of(house)["labels"].state


def test_a_video_that_rekognition_does_not_see_is_a_dead_letter(clip):
    house = house_of()
    house.job_client.missing = {ObjectUri.parse(URI).key}
    agree(house, clip)
    house.run()
    assert URI == letters(house)["ImageMissing"].image_id
    assert not house.video_jobs.places()


def test_results_that_aws_no_longer_has_are_told(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    reconcile(house, timedelta(days=8))
    assert "seven days" in letters(house)["ResultsGone"].rule
