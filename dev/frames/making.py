"""Frames as in a camera's archive: keys by camera, day and hour, and a table with the truth."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import cv2

from dev.frames.scenes import Shot, bush, empty_yard, signs, yard

FEWEST = 60
TRUTH = "truth.csv"
_SHARES: tuple[tuple[Callable[[Path, int], Iterator[Shot]], int], ...] = (
    (yard, 33),
    (empty_yard, 8),
    (bush, 18),
    (signs, 7),
)
_JPEG_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 90]
_NEWEST_SPACING = timedelta(minutes=7)
_SPACING_IN_A_VISIT = timedelta(seconds=20)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Frame:
    """One demo image. captured_at: with its zone; is_person: the truth; path: on disk."""

    key: str
    camera: str
    captured_at: datetime
    is_person: bool
    source: str
    path: Path


def make_frames(out: Path, newest_at: datetime, count: int, examples: Path, visit: int = 1) -> list[Frame]:
    """Write `count` frames and their truth below `out`; the newest of each camera was taken at `newest_at`.

    Half of a camera's frames are from the hours before `newest_at`, the others from the day before. visit: so many were
    taken one soon after the other; 1: each is alone. The same arguments write the same bytes.
    Raises ValueError if there are fewer than 60 frames.
    """
    if count < FEWEST:
        raise ValueError(f"{count} frames: the demo needs at least {FEWEST}")
    shots: defaultdict[str, list[Shot]] = defaultdict(list)
    for shot in _shots(examples, count):
        shots[shot.camera].append(shot)
    frames = [frame for taken in shots.values() for frame in _archive(out, _mixed(taken), newest_at, visit)]
    _write_truth(out / TRUTH, frames)
    return frames


def _shots(examples: Path, count: int) -> Iterator[Shot]:
    whole = sum(share for _, share in _SHARES)
    counts = [count * share // whole for _, share in _SHARES]
    counts[0] += count - sum(counts)
    for (scene, _), wanted in zip(_SHARES, counts, strict=True):
        yield from scene(examples, wanted)


def _mixed(shots: list[Shot]) -> list[Shot]:
    """Mix the shots with and without a person evenly, so that each day of a camera has both."""
    groups = [[s for s in shots if s.has_person], [s for s in shots if not s.has_person]]
    placed = [((index + 0.5) / len(group), shot) for group in groups for index, shot in enumerate(group)]
    return [shot for _, shot in sorted(placed, key=lambda each: each[0])]


def _archive(out: Path, shots: list[Shot], newest_at: datetime, visit: int) -> Iterator[Frame]:
    for index, shot in enumerate(reversed(shots)):
        days_before, step = divmod(index, (len(shots) + 1) // 2)
        in_visit = step % visit
        back = (step - in_visit) * _NEWEST_SPACING + in_visit * _SPACING_IN_A_VISIT
        yield _store(out, shot, newest_at - days_before * _DAY - back)


def _store(out: Path, shot: Shot, at: datetime) -> Frame:
    key = f"{shot.camera}/{at:%Y-%m-%d}/Hour-{at:%H}/snap/MDAlarm_{at:%Y%m%d-%H%M%S}.jpg"
    path = out / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".jpg", shot.picture, _JPEG_QUALITY)[1].tobytes())
    return Frame(key, shot.camera, at, shot.has_person, shot.source, path)


def _write_truth(path: Path, frames: Iterable[Frame]) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["key", "camera", "captured_at", "person", "source"])
        rows.writerows(
            [each.key, each.camera, each.captured_at.isoformat(), int(each.is_person), each.source] for each in frames
        )
