"""People and eighty kinds of things by nanodet (RangiLyu, 2020, Apache-2.0), in one pass over the whole picture.

The network scores three grids of cells. Each cell says of what it is the middle, and how far its four edges lie, as a
distribution over 0 to 10 cells.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dev.rekognition.graph_model import convert
from dev.rekognition.kinds import COCO
from dev.rekognition.picture import Picture, box_of
from dev.rekognition.ssd import RUNTIME
from sightline.models.answers import Box

GRAPH, WEIGHTS = "nanodet.json", "nanodet.bin"
SIDE_PIXELS = 416

_GRIDS = {52: "PartitionedCall/Add_29", 26: "PartitionedCall/Add_33", 13: "PartitionedCall/Add_37"}
"""Cells a side, and the node of the graph that scores them, before the graph rearranges the scores."""

_CELLS_FAR = np.arange(11)
_MEAN = np.array((103.53, 116.28, 123.675), np.float32)
_DEVIATION = np.array((57.375, 57.12, 58.395), np.float32)
_INPUT_OF_VALUE = ((np.arange(256, dtype=np.float32)[:, None] - _MEAN) / _DEVIATION)[None]
_SAME = 0.6
_MOST_CELLS = 500


@dataclass(frozen=True, slots=True)
class Thing:
    """Something found: its number in COCO, the log-odds, and its edges in pixels: left, top, right, bottom."""

    kind: int
    logit: float
    edges: NDArray[np.float64]

    @property
    def name(self) -> str | None:
        """Return AWS's name."""
        return COCO[self.kind]

    def box(self, picture: Picture) -> Box:
        """Return its place as fractions of the picture."""
        left, top, right, bottom = (float(each) for each in self.edges)
        return box_of(left, top, right - left, bottom - top, picture)


class Nanodet:
    """The network, loaded. Make it in the process that uses it; it computes in one thread."""

    def __init__(self, folder: Path) -> None:
        graph = json.loads((folder / GRAPH).read_text())
        model = convert(graph, (folder / WEIGHTS).read_bytes(), list(_GRIDS.values()))
        self._interpreter: Any = import_module(RUNTIME).Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        (self._input,) = (each["index"] for each in self._interpreter.get_input_details())
        self._outputs = {int(each["shape"][1]): each["index"] for each in self._interpreter.get_output_details()}

    def look(self, picture: Picture, least_logits: NDArray[np.float32]) -> list[Thing]:
        """Find what scores at least the log-odds of its kind, the most certain first, each thing once."""
        pixels, factor, corner = _letterbox(picture)
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        found = [thing for cells, index in self._outputs.items() for thing in self._decode(cells, index, least_logits)]
        scaled = [Thing(each.kind, each.logit, (each.edges - corner) / factor) for each in found]
        return distinct(sorted(scaled, key=lambda each: -each.logit)[:_MOST_CELLS])

    def _decode(self, cells: int, index: int, least_logits: NDArray[np.float32]) -> Iterator[Thing]:
        scores = self._interpreter.get_tensor(index)[0]
        rows, columns, kinds = np.nonzero(scores[..., : len(COCO)] >= least_logits)
        shares = np.exp(scores[rows, columns, len(COCO) :].reshape(-1, 4, len(_CELLS_FAR)).astype(np.float64))
        distances = (shares * _CELLS_FAR).sum(-1) / shares.sum(-1)
        middles = np.stack([columns, rows], axis=-1) + 0.5
        edges = np.concatenate([middles - distances[:, :2], middles + distances[:, 2:]], axis=-1) * (
            SIDE_PIXELS / cells
        )
        for kind, logit, each in zip(kinds, scores[rows, columns, kinds], edges, strict=True):
            yield Thing(int(kind), float(logit), each)


def distinct(things: list[Thing]) -> list[Thing]:
    """Keep the most certain of those of one kind that cover nearly the same area. They come in this order."""
    kept: list[Thing] = []
    for kind in dict.fromkeys(each.kind for each in things):
        rest = [each for each in things if each.kind == kind]
        while rest:
            kept.append(rest[0])
            rest = [each for each in rest[1:] if _likeness(each.edges, kept[-1].edges) <= _SAME]
    return sorted(kept, key=lambda each: -each.logit)


def _likeness(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the shared area as a fraction of the area that either covers."""
    shared = np.prod(np.maximum(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0))
    both = np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - shared
    return float(shared / both) if both else 0.0


def _letterbox(picture: Picture) -> tuple[NDArray[np.float32], float, NDArray[np.float64]]:
    """Scale the picture into the middle of the black input, blue first."""
    height, width = picture.shape[:2]
    factor = SIDE_PIXELS / max(width, height)
    wide, high = max(1, round(width * factor)), max(1, round(height * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, (wide, high), interpolation=method)
    left, top = (SIDE_PIXELS - wide) // 2, (SIDE_PIXELS - high) // 2
    around = (top, SIDE_PIXELS - high - top, left, SIDE_PIXELS - wide - left)
    framed = cv2.copyMakeBorder(scaled, *around, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    pixels = np.asarray(cv2.LUT(framed, _INPUT_OF_VALUE), np.float32)[None]
    return pixels, factor, np.array([left, top, left, top], np.float64)
