"""A clip of the demo's frames through real servers and workers, two of which are killed."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from dev.frames.making import Frame
from dev.stack import Stack
from dev.stack.settings import settings_of
from dev.stack.waiting import wait_until
from sightline.bootstrap import connect
from sightline.models.images import ImageRow, Lane, State
from sightline.models.videos import VideoState
from sightline.queues.client import make_client
from sightline.services.collaborators import Services
from sightline.services.frame_names import frame_uri
from sightline.services.ingest import add_images
from sightline.services.videos import price_of_image, quote
from sightline.storage.buckets.protocol import ObjectUri

FEATURES = ("labels",)
WORKERS = {"ingest": 1, "frames": 1, "labels": 1, "rows": 1, "graph": 1, "operations": 1, "beat": 1}
URI = "s3://images/yard/2026-11-02/MDAlarm_20261102-120000.mp4"
RATE = 5
THRESHOLD_PERCENT = 50
CALLS_BEFORE_THE_KILL = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. unknown: attempts whose outcome nobody knows: each may have been billed."""

    seconds: int
    taken_at_kill: int
    images: int
    contents: int
    calls: int
    unknown: int
    present: int
    found: int
    false_alarms: int
    usd: float
    took_seconds: float

    @property
    def recall(self) -> float:
        """Return which part of the seconds with a person was found."""
        return self.found / self.present

    @property
    def is_kept(self) -> bool:
        """Return whether each second has its image, and nothing was paid for twice but what was in flight."""
        return self.images == self.seconds and self.calls - self.contents <= self.unknown


def make_clip(path: Path, frames: Sequence[Frame]) -> Path:
    """Write a clip in which each frame is shown for a second."""
    pictures: list[Any] = [cv2.imread(str(each.path)) for each in frames]
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (width, height))
    for picture in pictures:
        for _ in range(RATE):
            writer.write(cv2.resize(picture, (width, height)))
    writer.release()
    return path


def run(stack: Stack, frames: Sequence[Frame], path: Path) -> Outcome:
    """Take the clip's frames, kill two workers meanwhile, wait until every image has ended, and count."""
    stack.set_up()
    settings = settings_of(stack.env)
    services = connect(settings)
    stack.start_workers(WORKERS)
    services.buckets.put(ObjectUri.parse(URI), make_clip(path, frames).read_bytes())
    agreed = quote(URI, services).frames
    make_client(settings.redis_url.get_secret_value(), settings.key_prefix).set_current()
    began = time.monotonic()
    add_images([URI], Lane.LIVE, services, most_frames=agreed)
    _until(stack, lambda: _offsets(services))
    _kill(stack, "frames-0")
    taken_at_kill = len(_offsets(services))
    _until(stack, lambda: len(_calls(stack)) >= CALLS_BEFORE_THE_KILL)
    _kill(stack, "labels-0")
    _until(stack, lambda: services.videos.get(URI).state is VideoState.TAKEN)  # type: ignore[union-attr] # it was added
    _until(stack, lambda: all(row and row.state is State.COMPLETE for row in _rows(services).values()))
    outcome = _count(stack, services, frames, taken_at_kill, time.monotonic() - began)
    services.graph.close()
    return outcome


def _until(stack: Stack, is_so: Callable[[], object]) -> None:
    """Wait; end the run if nothing moves any more."""
    if not wait_until(is_so, stack.moves, every=0.25):
        print("nothing moves any more", file=sys.stderr)
        sys.exit(1)


def _kill(stack: Stack, name: str) -> None:
    process = next(each for each in stack.processes if each.name == name)
    os.killpg(process.pid, signal.SIGKILL)
    _until(stack, lambda: not process.is_running())
    stack.revive(name)


def _offsets(services: Services) -> tuple[int, ...]:
    row = services.videos.get(URI)
    return row.take.offsets_ms if row and row.take else ()


def _rows(services: Services) -> dict[int, ImageRow | None]:
    """Return the row of each frame by its offset."""
    row = services.videos.get(URI)
    take = row.take if row else None
    uris = (
        {offset: str(frame_uri(services.checkpoint_bucket, take, offset)) for offset in take.offsets_ms} if take else {}
    )
    found = services.images.get_many(uris.values())
    return {offset: found.get(uri) for offset, uri in uris.items()}


def _calls(stack: Stack) -> list[dict[str, Any]]:
    log = stack.layout.data("rekognition") / "calls.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    return [call for call in map(json.loads, lines) if call["outcome"] == "answered"]


def _count(stack: Stack, services: Services, frames: Sequence[Frame], taken_at_kill: int, took: float) -> Outcome:
    rows = {offset: row for offset, row in _rows(services).items() if row and row.content}
    said = {offset // 1000: _has_person(row) for offset, row in rows.items()}
    truth = {second: frame.is_person for second, frame in enumerate(frames)}
    contents = {row.content.sha256 for row in rows.values() if row.content}
    return Outcome(
        seconds=len(frames),
        taken_at_kill=taken_at_kill,
        images=len(said),
        contents=len(contents),
        calls=len(_calls(stack)),
        unknown=sum(entry.unknown_attempts for entry in services.ledger.scan()),
        present=sum(truth.values()),
        found=sum(said.get(second, False) for second, is_there in truth.items() if is_there),
        false_alarms=sum(said.get(second, False) for second, is_there in truth.items() if not is_there),
        usd=len(contents) * price_of_image(services) / 1e6,
        took_seconds=took,
    )


def _has_person(row: ImageRow) -> bool:
    return any(name == "Person" and percent >= THRESHOLD_PERCENT for name, percent in row.parts["labels"].finding)
