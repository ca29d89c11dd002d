"""The verdict on what people reported: it is right over a world in memory, and each promise can be broken."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from bench.reported import FOREIGN, not_taken_from, others_of
from bench.soak_environment import Environment
from bench.soak_faults import CANCEL, Act, Faults
from bench.soak_pictures import picture_of
from bench.soak_reported import EMPTY_FIRST, IN_OTHER_REGION, SNAPSHOTS, ReportedFaults, ReportedFiles
from sightline.errors import ImageNotSeen
from sightline.models.images import Rejection, State
from sightline.queues.steps import DETECT
from sightline.services.dead_letters import write_dead_letter
from sightline.storage.pauses import Cause, Stop
from sightline.testing.fake import FakeSightline

TODAY = datetime(2026, 11, 28, tzinfo=UTC)


class Workers:
    """Workers as Celery's control knows them: the queues of each."""

    def __init__(self, queues: Mapping[str, list[str]]) -> None:
        self.control = self
        self._queues = queues

    def inspect(self, **_: float) -> "Workers":
        return self

    def active_queues(self) -> dict[str, list[dict[str, str]]] | None:
        return {node: [{"name": name} for name in names] for node, names in self._queues.items()} or None


class Healed:
    """An environment in memory after the faults: the foreign bucket's images wait, and a dead letter says so."""

    def __init__(self, folder: Path) -> None:
        self.stack = self
        self.world = FakeSightline()
        self.world.buckets.create("images")
        self.services = self.world.services
        self.calls_log = folder / "calls.jsonl"
        self.app = Workers({"labels-0@here": ["labels", "labels.backfill"], "faces-0@here": ["faces"]})
        self.files = ReportedFiles(TODAY, 96.0)
        self.world.add(*(each.uri for each in self.files.foreign))

    def moves(self) -> None:
        """Stand still."""

    def write_letter(self, number: int = 0) -> None:
        error = ImageNotSeen(f"all images under s3://{FOREIGN}/{number or ''}")
        write_dead_letter(
            error, step=DETECT, message={}, image_id=None, operations=self.world.operations, clock=self.world.clock
        )

    def log(self, *calls: Mapping[str, str | None]) -> None:
        with self.calls_log.open("a") as lines:
            lines.writelines(json.dumps(call) + "\n" for call in calls)

    def broken(self) -> set[str]:
        """Return the promises that are broken."""
        faults = Faults(cast("Environment", self), [Act(1, CANCEL, "labels"), Act(2, "flush", "redis")])
        reported = ReportedFaults(cast("Environment", self), self.files)
        return {line.words for line in reported.lines(faults, minutes=5.0) if line.is_broken}


@pytest.fixture
def healed(tmp_path) -> Healed:
    return Healed(tmp_path)


def refused(bucket: str) -> dict[str, str | None]:
    return {"bucket": bucket, "content": None, "operation": "DetectLabels", "outcome": "refused"}


def answered(name: str) -> dict[str, str | None]:
    content = hashlib.sha256(picture_of(name)).hexdigest()
    return {"bucket": "images", "content": content, "operation": "DetectLabels", "outcome": "answered"}


def test_all_promises_are_kept_where_the_foreign_bucket_alone_waits(healed):
    healed.write_letter()
    healed.log(*[refused(FOREIGN)] * 10, *[refused("images")] * 90)
    assert set() == healed.broken()


def test_a_foreign_bucket_needs_its_dead_letter_and_no_second_one(healed):
    assert {"foreign buckets without a dead letter"} == healed.broken()
    healed.write_letter()
    healed.write_letter(2)
    assert {"dead letters of the foreign bucket"} == healed.broken()


def test_calls_for_the_foreign_bucket_are_few(healed):
    healed.write_letter()
    healed.log(*[refused(FOREIGN)] * 100)
    assert {"calls refused for the foreign bucket"} == healed.broken()


def test_an_image_of_the_foreign_bucket_that_ended_does_not_wait(healed):
    healed.write_letter()
    row = healed.world.images.get(healed.files.foreign[0].uri)
    healed.world.images.end(row, State.GONE, Rejection("ImageMissing", "x"))
    assert {"images of the foreign bucket that do not wait"} == healed.broken()


def test_a_clip_with_a_row_a_stopped_camera_and_a_queue_that_nobody_takes_from_are_found(healed):
    healed.write_letter()
    healed.world.add(others_of(healed.files.with_clips[3])[0])
    healed.world.operations.pauses.stop(Stop("ingest", Cause.CAMERA, "x", healed.world.clock(), camera="ftp"))
    healed.app = Workers({"labels-0@here": ["labels"], "labels-1@here": ["labels.backfill"]})
    assert {
        "clips and indexes with a row",
        "stopped cameras and lanes",
        "cancelled queues that no worker takes from",
    } == healed.broken()


def test_a_queue_without_a_worker_is_not_taken_from(healed):
    healed.app = Workers({"faces-0@here": ["faces"]})
    assert {"labels"} == not_taken_from(cast("Environment", healed), ["labels", "faces"])


def test_answers_about_the_snapshot_key_that_were_dropped_are_bounded(healed):
    healed.write_letter()
    names = healed.files.snapshot.names
    healed.log(*(answered(name) for name in names[:12]), answered("reported ftp 1"))
    assert set() == healed.broken()
    healed.log(answered(names[12]))
    assert {"calls − analyses, of the snapshot key"} == healed.broken()


def test_all_but_the_foreign_bucket_must_be_complete_and_every_picture_has_bytes_of_its_own(healed):
    files = healed.files
    assert EMPTY_FIRST + SNAPSHOTS + 1 == len(set(files.to_be_complete))
    assert not any(each.uri in files.to_be_complete for each in files.foreign)
    pictures = [*files.pictures()]
    assert EMPTY_FIRST + SNAPSHOTS + IN_OTHER_REGION + 97 == len(pictures) == len(set(pictures))


def test_an_upload_that_dies_is_noted(healed):
    healed.services = None  # the soak's own mistake
    reported = ReportedFaults(cast("Environment", healed), ReportedFiles(TODAY, 0.0))
    reported.start_uploading()
    reported.finish()
    assert [AttributeError] * 3 == [type(error) for error in reported.failed]
