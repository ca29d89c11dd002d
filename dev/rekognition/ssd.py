"""One-shot detectors: a network that scores a grid of anchors, run on one tile of a picture at a time.

Sources: Liu et al., SSD, 2016; Bazarevsky et al., BlazeFace, 2019, and BlazePose, 2020, for the grids and the order of
the numbers (box, then points, each as an offset from its anchor in pixels of the input).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from dev.rekognition.picture import Picture

Points: TypeAlias = NDArray[np.float64]
"""(n, 2), x and y in pixels of the whole picture."""


RUNTIME = "ai_edge_litert.interpreter"
"""Imported when a network is loaded: not every machine has it."""

_MOST_ANCHORS = 200
"""Of one tile: a person makes some twenty anchors answer."""


_INPUT_OF_VALUE = np.arange(256, dtype=np.float32) * np.float32(2 / 255) - 1
"""The networks' input for each value of a pixel: looked up, because that is quicker than computing it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a picture, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def likeness(self, other: "Tile") -> float:
        """Return the area that both share, as a fraction of the area that either covers."""
        width = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        height = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        shared = max(width, 0) * max(height, 0)
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something found: log-odds of the network, the box's centre and size, and its key points, in pixels."""

    logit: float
    centre: Points
    size: Points
    points: Points


@dataclass(frozen=True, slots=True)
class Network:
    """A file, the side of its square input in pixels, its grids as (cells a side, anchors a cell), its points."""

    file: str
    side: int
    grids: Sequence[tuple[int, int]]
    points: int


class Ssd:
    """A network that is loaded. Make it in the process that uses it; it computes in one thread."""

    def __init__(self, network: Network, folder: Path) -> None:
        self._network = network
        self._interpreter: Any = import_module(RUNTIME).Interpreter(str(folder / network.file), num_threads=1)
        self._interpreter.allocate_tensors()
        (self._input,) = (each["index"] for each in self._interpreter.get_input_details())
        outputs = {int(each["shape"][-1]): each["index"] for each in self._interpreter.get_output_details()}
        self._scores, self._numbers = outputs[1], outputs[4 + 2 * network.points]
        self._anchors = np.concatenate([_anchors(*grid) for grid in network.grids]) * network.side

    def look(self, picture: Picture, tile: Tile, least_logit: float) -> Iterator[Sighting]:
        """Find what scores at least `least_logit`; several anchors may find one thing, the best comes first."""
        pixels, factor, corner = self._letterbox(picture, tile)
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._scores)[0, :, 0]
        answering = np.flatnonzero(logits >= least_logit)
        found = answering[np.argsort(-logits[answering])][:_MOST_ANCHORS]
        numbers = self._interpreter.get_tensor(self._numbers)[0, found].astype(np.float64)
        pairs = numbers.reshape(len(found), 2 + self._network.points, 2)
        sizes = pairs[:, 1] / factor
        places = (pairs + self._anchors[found, None] - corner) / factor + (tile.left, tile.top)
        for logit, size, place in zip(logits[found], sizes, places, strict=True):
            yield Sighting(float(logit), place[0], size, place[2:])

    def _letterbox(self, picture: Picture, tile: Tile) -> tuple[NDArray[np.float32], float, Points]:
        """Scale a tile into the middle of the black input, -1 to 1, red first."""
        side = self._network.side
        factor = side / max(tile.width, tile.height)
        wide, high = (max(1, round(each * factor)) for each in (tile.width, tile.height))
        cut = picture[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
        scaled = cv2.resize(cut, (wide, high), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        left, top = (side - wide) // 2, (side - high) // 2
        framed = cv2.copyMakeBorder(
            scaled, top, side - high - top, left, side - wide - left, cv2.BORDER_CONSTANT, value=(0, 0, 0)
        )
        pixels = np.asarray(cv2.LUT(cv2.cvtColor(framed, cv2.COLOR_BGR2RGB), _INPUT_OF_VALUE), np.float32)[None]
        return pixels, factor, np.array([left, top], np.float64)


def _anchors(cells: int, each: int) -> Points:
    """Return the middles of a grid's cells, row by row, as fractions of the input; `each` of them in each cell."""
    middles = (np.arange(cells) + 0.5) / cells
    y, x = np.meshgrid(middles, middles, indexing="ij")
    return np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), each, axis=0)


def cover(picture: Picture, most: float) -> list[Tile]:
    """Return the whole picture and the overlapping squares of its shorter side that cover it.

    They are no narrower than 1/`most` of the longer side: a narrow strip is not cut into hundreds.
    """
    height, width = picture.shape[:2]
    side = max(min(width, height), round(max(width, height) / most))
    squares = [
        Tile(x, y, min(side, width), min(side, height)) for y in _starts(height, side) for x in _starts(width, side)
    ]
    return list(dict.fromkeys([Tile(0, 0, width, height), *squares]))


def _starts(length: int, side: int) -> list[int]:
    """Return the starts of tiles that overlap with the next by at least a fifth of their side."""
    if length <= side:
        return [0]
    return [round(start) for start in np.linspace(0, length - side, int(np.ceil((length / side - 0.2) / 0.8)))]
