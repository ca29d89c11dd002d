"""Videos in the command line: nothing is paid for before somebody has agreed to its price."""

import json
import os
import pty
import sys
from datetime import timedelta

import numpy as np
import pytest

from dev.clips.mp4 import write_clip
from sightline.cli import sightline
from sightline.models.images import Lane, State
from sightline.models.videos import VideoState
from sightline.services.video_job_plan import JobPlan
from sightline.services.videos import reconcile_videos
from sightline.testing.fake import picture
from tests.clips import clip_bytes
from tests.unit.cli.conftest import URI

VIDEO = "s3://frames/yard/2026-11-02/MDAlarm_20261102-075811.MP4"


@pytest.fixture
def video(world, tmp_path):
    world.put(VIDEO, clip_bytes(tmp_path))
    return VIDEO


def test_without_a_terminal_and_without_yes_nothing_is_added_or_paid_for(run, world, video):
    world.put(URI, picture(1))
    result = run("add", URI, video)
    assert (1, "1 new, 0 known already, 0 refused\n") == (result.exit_code, result.stdout)
    assert f"{VIDEO}: 3 frames: at most" in result.stderr
    assert "No video was added: without a terminal to ask at, agree to their price with --yes." in result.stderr
    world.run()
    assert world.videos.get(VIDEO) is None
    assert [URI] == [row.image_id for row in world.images.scan()]


def test_with_yes_its_frames_are_taken_and_shown(run, world, video):
    result = run("add", video, "--yes", "--json")
    (told,) = json.loads(result.stdout)["videos"]
    assert (VIDEO, 3, 3, True) == (told["video"], told["frames"], told["new_frames"], told["added"])
    assert told["usd_at_most"] == pytest.approx(0.009)
    world.run()
    assert (VideoState.TAKEN, 3) == (world.videos.get(VIDEO).state, world.videos.get(VIDEO).most_frames)
    shown = json.loads(run("show", video, "--json").stdout)
    assert ("yard", "taken", 3, "key") == (
        shown["camera"], shown["state"], shown["frames_taken"], shown["start_source"]
    )  # fmt: skip
    assert [(0, "complete"), (2000, "complete"), (4000, "complete")] == [
        (each["offset_ms"], each["state"]) for each in shown["frames"]
    ]
    frame = json.loads(run("show", shown["frames"][1]["image_id"], "--json").stdout)
    assert (VIDEO, 2000, "video") == (frame["video"], frame["offset_ms"], frame["capture_source"])
    table = run("show", video).stdout
    assert "2.000" in table
    assert "2026-11-02T07:58:13+00:00" in table


def test_what_is_taken_already_costs_nothing_and_is_not_asked_about(run, world, video):
    run("add", video, "--yes")
    world.run()
    result = run("add", video)
    assert (0, "0 new, 1 known already, 0 refused\n") == (result.exit_code, result.stdout)
    assert "3 frames, 3 of them taken already: at most 0.000 USD" in result.stderr


def test_bad_videos_are_told_and_kept_and_the_others_go_on(run, world, video):
    bad, missing = "s3://frames/yard/bad.mkv", "s3://frames/yard/gone.avi"
    world.put(bad, picture(3))
    result = run("add", bad, missing, video, "s3://no bucket/x.mp4", "--yes")
    assert (1, "1 new, 0 known already, 3 refused") == (result.exit_code, result.stdout.splitlines()[0])
    assert "the content must be an MP4, QuickTime, Matroska or AVI file" in result.stderr
    kept = {each.subject: each.error for each in world.operations.dead_letters.read()}
    assert {bad: "NotAVideo", missing: "ImageMissing", "s3://no bucket/x.mp4": "InvalidUri"} == kept
    (counts,) = world.redrive()
    assert {"sent": 0, "closed": 0, "refused": 3} == counts  # nobody agreed to a price


def test_the_dead_letters_of_videos_are_listed_by_their_error(run, world):
    world.put(VIDEO, picture(1))
    run("add", VIDEO, "--yes")
    listed = json.loads(run("dead", "list", "--type", "NotAVideo", "--json").stdout)
    assert [VIDEO] == [each["subject"] for each in listed]


def test_the_dead_letter_of_a_video_that_was_replaced_by_a_good_one_closes(run, world, tmp_path):
    world.put(VIDEO, picture(1))
    run("add", VIDEO, "--yes")
    assert [VIDEO] == [each.subject for each in world.operations.dead_letters.read()]
    world.put(VIDEO, clip_bytes(tmp_path))
    run("add", VIDEO, "--yes")
    assert [] == list(world.operations.dead_letters.read())


def test_a_redriven_video_is_taken_again_up_to_what_was_agreed_to(run, world, tmp_path):
    world.put(VIDEO, picture(1))
    world.add_video(VIDEO, most_frames=3)
    world.run()
    world.put(VIDEO, clip_bytes(tmp_path))
    assert "1 sent again, 0 already complete and closed, 0 without" in run("dead", "redrive", "--all").stdout
    world.run()
    assert VideoState.TAKEN == world.videos.get(VIDEO).state
    assert [] == list(world.operations.dead_letters.read())
    assert [State.COMPLETE] * 3 == [row.state for row in world.images.scan()]


@pytest.mark.parametrize(("answer", "code", "is_added"), [(b"y\n", 0, True), (b"n\n", 1, False)])
def test_at_a_terminal_it_asks(world, video, answer, code, is_added, on_terminal):
    assert code == on_terminal(answer, "add", video)
    assert is_added == (world.videos.get(VIDEO) is not None)


@pytest.fixture
def on_terminal(factory):
    """Run a command whose standard input is a terminal at which somebody types."""
    main, other = pty.openpty()

    def run(answer, *arguments):
        os.write(main, answer)
        before, sys.stdin = sys.stdin, os.fdopen(other, "r", closefd=False)
        try:
            return sightline.main([*arguments], obj=factory, standalone_mode=False) or 0
        finally:
            sys.stdin = before

    yield run
    os.close(main)
    os.close(other)


def test_the_lane_is_the_frames_lane(run, world, video):
    run("add", video, "--yes", "--lane", "backfill")
    assert Lane.BACKFILL == world.videos.get(VIDEO).lane
    assert ["frames.backfill"] == [step.queue_name for step in world.sent]
    world.run()
    assert {Lane.BACKFILL} == {row.lane for row in world.images.scan()}


@pytest.fixture
def with_jobs(world, tmp_path):
    """Have videos get a job; give one that jobs take."""
    object.__setattr__(world.services, "job_plan", JobPlan(("labels",)))
    object.__setattr__(world.services.job_runner, "job_plan", JobPlan(("labels",)))
    pictures = [np.full((96, 96, 3), shade, np.uint8) for shade in (20, 80, 140)]
    world.put(VIDEO, write_clip(tmp_path / "jobs.mp4", pictures, 2).read_bytes())
    world.job_client.entries["labels"] = [
        {
            "Timestamp": 0,
            "StartTimestampMillis": 0,
            "EndTimestampMillis": 2500,
            "Label": {"Name": "Dog", "Confidence": 88},
        }
    ]
    return VIDEO


def test_jobs_are_quoted_and_not_started_before_somebody_agrees(run, world, with_jobs):
    result = run("add", with_jobs)
    assert "job labels: 1 minutes (StartLabelDetection): at most 0.100 USD" in result.stderr
    assert (1, []) == (result.exit_code, world.video_jobs.all())
    (told,) = json.loads(run("add", with_jobs, "--yes", "--json").stdout)["videos"]
    assert {"labels": 0.1} == told["jobs"]
    world.run()
    assert 1 == len(world.job_client.jobs)


def test_what_a_job_found_is_shown(run, world, with_jobs):
    run("add", with_jobs, "--yes")
    world.run()
    (job,) = json.loads(run("show", with_jobs, "--json").stdout)["jobs"]
    assert ("labels", "started", 1, None) == (job["kind"], job["state"], job["minutes"], job["entries"])
    world.clock.move(timedelta(minutes=3))
    reconcile_videos(world.services, lambda: True, world.send)
    world.run()
    (job,) = json.loads(run("show", with_jobs, "--json").stdout)["jobs"]
    assert [{"name": "Dog", "times": 1, "seconds": 2.5, "confidence": 88.0, "first_ms": 0}] == job["found"]
    table = run("show", with_jobs).stdout
    assert "found by the job labels" in table
    assert "s3://sightline/sightline/video-jobs/" in table


def test_a_video_that_jobs_do_not_take_gets_frames_and_the_reason(run, world, with_jobs, tmp_path):
    world.put(VIDEO, clip_bytes(tmp_path))
    result = run("add", with_jobs, "--yes")
    assert "no jobs: Rekognition's jobs take H.264 alone" in result.stderr
    assert (0, []) == (result.exit_code, world.video_jobs.all())
