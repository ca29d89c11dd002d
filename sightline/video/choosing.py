"""Which frames of a video are taken: the first, one every k seconds, those where the scene has changed, or none."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]
"""Height × width × 3, in OpenCV's order of colours: blue, green, red."""

ROWS, COLUMNS = 36, 64
"""The raster by which scenes are compared."""

CELL_CHANGED = 25.0
"""A cell of the raster counts as changed if its brightness, 0 to 255, differs by more: more than noise does."""

SCENE_LOOKED_AT_EVERY_MS = 200
"""Scenes are compared no more often than this."""


class Taking(StrEnum):
    """Which frames are taken."""

    NONE = "none"
    FIRST = "first"
    EVERY = "every"
    SCENES = "scenes"


@dataclass(frozen=True, slots=True)
class FrameChoice:
    """Which frames are taken.

    every_ms: how far apart frames are that are taken; of scenes, at least
    changed_percent: so much of the raster must have changed since the last frame that was taken
    """

    taking: Taking = Taking.EVERY
    every_ms: int = 2000
    changed_percent: float = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame that was reached. picture: decodes it; only until the next frame is reached."""

    offset_ms: int
    picture: Callable[[], Picture]


def choose(frames: Iterable[Seen], choice: FrameChoice) -> Iterator[Seen]:
    """Yield those frames that are taken; the first one always is, unless none is.

    The choice depends on nothing but the frames, so that it is the same each time. `every` keeps to a grid: of each
    span of k seconds it takes the first frame.
    """
    if choice.taking is Taking.NONE:
        return
    if choice.taking is Taking.SCENES:
        yield from _changes(frames, choice)
        return
    due = 0
    for frame in frames:
        if frame.offset_ms >= due:
            yield frame
            if choice.taking is Taking.FIRST:
                return
            due = (frame.offset_ms // choice.every_ms + 1) * choice.every_ms


def _changes(frames: Iterable[Seen], choice: FrameChoice) -> Iterator[Seen]:
    taken, due = None, 0
    for frame in frames:
        if frame.offset_ms < due:
            continue
        scene = raster(frame.picture())
        due = frame.offset_ms + SCENE_LOOKED_AT_EVERY_MS
        if taken is None or changed_percent(taken, scene) >= choice.changed_percent:
            yield frame
            taken, due = scene, frame.offset_ms + max(choice.every_ms, SCENE_LOOKED_AT_EVERY_MS)


def raster(picture: Picture) -> npt.NDArray[np.float32]:
    """Return the mean brightness, 0 to 255, of each cell of a picture."""
    grey = picture.mean(axis=2, dtype=np.float32)
    rows, columns = (np.linspace(0, side, cells, endpoint=False).astype(int) for side, cells in _sides(grey.shape))
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=0), columns, axis=1)
    heights, widths = (np.diff([*begins, side]) for begins, side in zip((rows, columns), grey.shape, strict=True))
    return np.asarray(sums / np.outer(heights, widths).astype(np.float32), dtype=np.float32)


def _sides(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return each side with its number of cells: a picture of fewer pixels has fewer."""
    return [(side, min(side, cells)) for side, cells in zip(shape, (ROWS, COLUMNS), strict=True)]


def changed_percent(before: npt.NDArray[np.float32], now: npt.NDArray[np.float32]) -> float:
    """Return how many of a hundred cells have changed; all of them if the size of the picture has."""
    if before.shape != now.shape:
        return 100.0
    return float((np.abs(now - before) > CELL_CHANGED).mean() * 100)
