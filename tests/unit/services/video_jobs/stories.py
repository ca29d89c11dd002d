"""Jobs on videos in a world of fakes."""

from datetime import timedelta

from sightline.models.images import Lane
from sightline.services.video_job_plan import JobPlan
from sightline.services.video_jobs import reconcile_jobs
from sightline.services.videos import quote
from sightline.testing.fake import FakeSightline
from sightline.timing import CHECK_AFTER

URI = "s3://frames/yard/2026-11-02/MDAlarm_20261102-075811.mp4"
LABELS = [
    {
        "Timestamp": 1000,
        "StartTimestampMillis": begin,
        "EndTimestampMillis": end,
        "DurationMillis": end - begin,
        "Label": {"Name": name, "Confidence": percent},
    }
    for name, begin, end, percent in (("Person", 1000, 3000, 90.5), ("Car", 0, 2000, 80.0), ("Person", 9000, 9500, 70))
]
FACES = [{"Timestamp": at, "Face": {"Confidence": 95.0}} for at in (0, 500, 1000, 8000)]


def house_of(*kinds, **more):
    house = FakeSightline(job_plan=JobPlan(kinds or ("labels",), more.pop("at_once", 20)), **more)
    house.job_client.entries = {"labels": LABELS, "faces": FACES}
    return house


def agree(house, clip, uri=URI):
    """Upload a video, and add it with its jobs as the command line does."""
    house.put(uri, clip)
    quoted = quote(uri, house.services)
    house.add_video(uri, max(1, quoted.frames))
    house.services.job_runner.add(quoted.jobs, Lane.LIVE, house.send)
    return quoted


def reconcile(house, after=CHECK_AFTER):
    house.clock.move(after + timedelta(seconds=1))
    told = reconcile_jobs(house.services.job_runner, lambda: True, house.send)
    house.run()
    return told


def jobs_of(house):
    return {job.asked.kind: job for job in house.video_jobs.all()}


def letters(house):
    return {each.error: each for each in house.operations.dead_letters.read()}
