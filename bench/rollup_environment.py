"""The environment of the rollup benchmark: rows with 20 labels each, summaries of earlier days, and some verdicts."""

import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from threading import Event
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from sightline.models.images import CameraDay, Capture, Content, FeatureResult, ImageRow, Lane, ResultStatus, State
from sightline.services.collaborators import Services
from sightline.services.rollups.cells import Day
from sightline.services.rollups.plan import AccuracyPlan
from sightline.services.rollups.run import RollUp
from sightline.services.rollups.writing import DAY, Revisions, write_day
from sightline.stats.strata import StrataRule, Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images import encoding
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.keys import NEW_TABLE
from sightline.storage.operations import dynamo_operations
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.rollups.protocol import Rollup
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore, encode_verdict, verdicts_table
from sightline.storage.verdicts.protocol import KeptVerdict
from sightline.testing.rollups import InMemoryRollupStore

CAMERAS = tuple(f"camera-{number}" for number in range(1, 10))
LABELS = ("Person", *(f"Label {number}" for number in range(2, 21)))
REVIEWS_A_CAMERA = 20
WRITERS = 8
IMAGES_OF_A_PAST_DAY = 900
PRIME = 7_919
"""Seconds between two images: it spreads any number of them over the day."""
PLAN = AccuracyPlan(tuple(map(StrataRule, LABELS)), "bench", 5.0, (ZoneInfo("UTC"),))


class NoWait(Event):
    """Never waits: the index of the benchmark is up to date."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - the signature of Event
        """Return at once."""
        return False


class Environment:
    """The tables, under their own prefix."""

    def __init__(self, client: Any, prefix: str) -> None:
        self.client, self.prefix = client, prefix
        self.images = DynamoImageStore(client, prefix, _now)
        self.verdicts = DynamoVerdictStore(client, prefix)
        self.rollups = DynamoRollupStore(client, prefix)
        self.operations = dynamo_operations(client, prefix, _now)
        for store in (self.images, self.verdicts, self.rollups, self.operations):
            store.setup()

    @cached_property
    def services(self) -> Services:
        """Return the services that a run uses."""
        taken = SimpleNamespace(
            images=self.images,
            verdicts=self.verdicts,
            rollups=self.rollups,
            operations=self.operations,
            accuracy=PLAN,
            clock=_now,
            stopping=NoWait(),
        )
        return cast("Services", taken)

    def forget(self) -> None:
        """Delete everything except the images."""
        for name in ("verdicts", "rollups", "operations"):
            self.client.delete_table(TableName=f"{self.prefix}{name}")
        for store in (self.verdicts, self.rollups, self.operations):
            store.setup()


def _now() -> datetime:
    return datetime.now(UTC)


def rows_of(day: date, numbers: Iterable[int]) -> Iterable[ImageRow]:
    """Yield rows of a day by their numbers, of each camera in turn, with about ten labels each."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for number in numbers:
        source = random.Random(number)
        camera = CAMERAS[number % len(CAMERAS)]
        uri = f"s3://bench/{camera}/{day}/{number:06}.jpg"
        digest = f"{day:%Y%m%d}{number:056x}"
        finding = tuple((label, round(source.uniform(30, 100), 2)) for label in LABELS if source.random() < 0.5)  # noqa: PLR2004 - half
        part = FeatureResult(digest, ResultStatus.ANSWERED, finding, cut_percent=30.0, model_version="3.0")
        capture = Capture(camera, midnight + timedelta(seconds=number * PRIME % 86_400), "key")
        content = Content(digest, digest[:32], 200_000, 1920, 1080)
        yield ImageRow(
            uri,
            Lane.LIVE,
            State.COMPLETE,
            midnight,
            2,
            2,
            content,
            capture,
            {"labels": digest},
            {"labels": part},
            listed=capture,
        )


def write_images(environment: Environment, day: date, numbers: range) -> list[CameraDay]:
    """Write rows of a day by their numbers; return the camera days."""
    table = DynamoTable(environment.client, encoding.images_table(environment.prefix))

    def write(share: range) -> None:
        table.put_many(encoding.encode_row(row, NEW_TABLE) for row in rows_of(day, share))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, [numbers[first::WRITERS] for first in range(WRITERS)]))
    return [CameraDay(camera, day.isoformat()) for camera in CAMERAS]


def write_verdicts(environment: Environment, days: Iterable[CameraDay]) -> None:
    """Write some verdicts on the first label for each camera day."""
    table = DynamoTable(environment.client, verdicts_table(environment.prefix))
    for camera_day in days:
        images = list(environment.images.by_day(camera_day.camera, camera_day.day))[:REVIEWS_A_CAMERA]
        given = [
            Verdict(e.image_id, LABELS[0], "bench", Answer.PRESENT, e.content_sha256, Source.SAMPLED, _now(), Stratum.A)
            for e in images
        ]
        table.put_many(encode_verdict(KeptVerdict(verdict, camera_day)) for verdict in given)


def write_history(environment: Environment, last_day: date, days: int) -> None:
    """Write the summaries of the days before, as earlier nights would have left them.

    Those of one day are computed and written again for each day: computing all would take longer than the benchmark.
    """
    before = last_day - timedelta(days=1)
    with ThreadPoolExecutor(WRITERS) as pool:
        of_days = (
            _moved(rollup, last_day - timedelta(days=back))
            for rollup in _past_day(before)
            for back in range(1, days + 1)
        )
        list(pool.map(environment.rollups.write, of_days))


def _past_day(day: date) -> list[Rollup]:
    made = InMemoryRollupStore()
    rows = list(rows_of(day, range(IMAGES_OF_A_PAST_DAY)))
    for camera in CAMERAS:
        mine = [row for row in rows if row.capture and row.capture.camera == camera]
        summaries = [encoding.decode_summary(_as_read(row)) for row in mine]
        write_day(Day(CameraDay(camera, day.isoformat()), summaries, []), PLAN, Revisions(made, _now))
    return [
        rollup
        for camera in CAMERAS
        for label in LABELS
        for rollup in made.between(camera, label, DAY, str(day), str(day))
    ]


def _moved(rollup: Rollup, day: date) -> Rollup:
    """Return the rollup with another day."""
    key = replace(rollup.key, end_day=day.isoformat())
    summary = {**rollup.figures["day"], "cell": [key.camera, key.label, key.end_day]}
    return replace(rollup, key=key, figures={**rollup.figures, "day": summary})


def _as_read(row: ImageRow) -> Any:
    item = encoding.encode_row(replace(row), NEW_TABLE)
    capture = item["capture"] | {"taken_at": item["capture"]["taken_at"].isoformat()}
    return item | {"capture": capture}


def runs(services: Services, last_day: str) -> Iterator[int]:
    """Roll up as beat does, again if time was short; yield the number of rollups that each run has written."""
    is_complete = False
    while not is_complete:
        run = RollUp(services, last_day)
        yield int(run.do(lambda: True)["written"])
        is_complete = run.is_complete
