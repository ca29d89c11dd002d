"""The environment of `bench.accuracy_pixels`: frames with their truth, analysed once by a whole stack, sampled often.

The rows stay where the workers wrote them. Each salt has its own tables for verdicts, figures and marks, so that no
sample affects another.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench.rollup_environment import NoWait
from dev.demo.stages import follow
from dev.demo.uploads import BUCKET, Upload, demo_uploads, upload_all
from dev.frames.making import make_frames
from dev.frames.package import examples
from dev.stack.quotas import for_this_machine
from dev.stack.stack import Stack
from sightline.bootstrap import STORES_CONFIG, aws_session, s3_client
from sightline.cli.factory import Factory
from sightline.models.images import CameraDay, ImageRow, Lane
from sightline.services.collaborators import Services
from sightline.services.ingest import add_images
from sightline.storage.operations import dynamo_operations
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore

NEWEST_AT = datetime(2026, 3, 31, 18, tzinfo=UTC)
"""When the newest demo frame was taken. It is fixed, so names, samples and figures are the same in each run."""
FRAMES = 66
WORKERS = ("ingest", "labels", "rows", "graph")


@dataclass(frozen=True, slots=True)
class Environment:
    """Frames that the workers have analysed. truth: URI → whether it shows a person."""

    rows: Sequence[ImageRow]
    truth: Mapping[str, bool | None]
    factory: Factory

    @property
    def days(self) -> set[CameraDay]:
        """Return the camera days of the frames."""
        return {row.capture.camera_day for row in self.rows if row.capture}

    def services_of(self, salt: str, threshold_percent: float) -> Services:
        """Return the services for another sample: the same rows, with nothing reviewed yet."""
        settings, services = self.factory.settings, self.factory.services
        client = aws_session(settings).client("dynamodb", endpoint_url=settings.dynamodb_endpoint, config=STORES_CONFIG)
        prefix = f"{settings.table_prefix}{threshold_percent:g}-{salt}-"
        operations = dynamo_operations(client, prefix, services.clock)
        verdicts, rollups = DynamoVerdictStore(client, prefix), DynamoRollupStore(client, prefix)
        for store in (operations, verdicts, rollups):
            store.setup()
        rules = [replace(rule, threshold_percent=threshold_percent) for rule in services.accuracy.rules]
        plan = replace(services.accuracy, salt=salt, rules=rules)
        return replace(
            services, operations=operations, verdicts=verdicts, rollups=rollups, accuracy=plan, stopping=NoWait()
        )


@contextmanager
def analysed(folder: Path, images: Path | None) -> Iterator[Environment]:
    """Analyse the frames of a folder, by default the demo frames, with servers and workers of their own.

    images: holds a `truth.csv` with the columns key (a path below the folder) and person (1 or 0).
    """
    uploads = demo_uploads(images or _demo_frames(folder / "frames"))
    options = replace(for_this_machine(), dynamodb_in_memory=True, settings={"SIGHTLINE_FEATURES": "labels"})
    with Stack(folder / "stack", options=options) as stack:
        os.environ.update(stack.env)
        stack.set_up()
        stack.start_workers(dict.fromkeys(WORKERS, 1))
        factory = Factory()
        try:
            rows = _analyse(uploads, factory)
            stack.replicas.stop()
            yield Environment(rows, {str(each.uri): each.has_person for each in uploads}, factory)
        finally:
            factory.close()


def _demo_frames(folder: Path) -> Path:
    make_frames(folder, NEWEST_AT, FRAMES, examples(Path(".cache")))
    return folder


def _analyse(uploads: list[Upload], factory: Factory) -> list[ImageRow]:
    services, settings = factory.services, factory.settings
    _ = factory.app
    services.buckets.create(BUCKET)
    for _ in upload_all(uploads, s3_client(settings, aws_session(settings))):
        pass
    ids = [str(each.uri) for each in uploads]
    add_images(ids, Lane.LIVE, services)
    return follow(services.images, ids, settings.features, lambda: None)
