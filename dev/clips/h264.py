"""H.264 written by hand: pictures as they are (I_PCM), and frames that repeat the one before (skipped macroblocks).

Baseline profile, no compression: larger than a camera's, and decoded by every player. Source: ITU-T H.264 (08/2021),
chapters 7.3 (syntax) and 7.4 (meaning); names in comments are the standard's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

BLOCK = 16
"""Pixels of a macroblock's side."""

_I_PCM = b"\x0d\x00"
"""mb_type 25, and zeros up to the next byte: so each macroblock but the first of a slice begins."""

_PARAMETERS, _PICTURE_PARAMETERS, _WHOLE, _REPEAT = 0x67, 0x68, 0x65, 0x61
"""First bytes of the units: sequence and picture parameter sets, a picture of its own, one that refers to the last."""


@dataclass(slots=True)
class Bits:
    """Bits, the highest first."""

    said: list[str] = field(default_factory=list)

    def fixed(self, value: int, width: int) -> Self:
        """Add u(n)."""
        self.said.append(f"{value:0{width}b}")
        return self

    def counted(self, *values: int) -> Self:
        """Add ue(v) for each."""
        for value in values:
            code = f"{value + 1:b}"
            self.said.append("0" * (len(code) - 1) + code)
        return self

    def ended(self) -> bytes:
        """Return whole bytes, closed by rbsp_trailing_bits."""
        return self.fixed(1, 1).aligned()

    def aligned(self) -> bytes:
        """Return whole bytes, filled up with zeros."""
        text = "".join(self.said)
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def parameter_sets(width: int, height: int) -> tuple[bytes, bytes]:
    """Return the sequence's and the pictures' parameters. Sides are even numbers of pixels."""
    across, down = -(-width // BLOCK), -(-height // BLOCK)
    sequence = Bits().fixed(66, 8).fixed(0b11000000, 8).fixed(40, 8)  # baseline, level 4
    sequence.counted(0, 0, 2, 1).fixed(0, 1)  # id, log2_max_frame_num_minus4, pic_order_cnt_type, one reference
    sequence.counted(across - 1, down - 1).fixed(0b11, 2)  # frame_mbs_only, direct_8x8_inference
    cut = ((across * BLOCK - width) // 2, (down * BLOCK - height) // 2)
    sequence.fixed(1, 1).counted(0, cut[0], 0, cut[1]).fixed(0, 1)  # cropping; no VUI
    pictures = Bits().counted(0, 0).fixed(0, 2).counted(0, 0, 0).fixed(0, 3)  # ids, CAVLC, one group, one reference
    pictures.counted(0, 0, 0).fixed(0b100, 3)  # quantisers, deblocking_filter_control_present
    return _unit(_PARAMETERS, sequence.ended()), _unit(_PICTURE_PARAMETERS, pictures.ended())


def whole(picture: npt.NDArray[np.uint8], number: int) -> bytes:
    """Return a picture (height × width × 3, blue first) that refers to no other. number: of these, counted up."""
    blocks = _macroblocks(picture)
    header = Bits().counted(0, 7, 0).fixed(0, 4).counted(number % 2)  # first macroblock, slice I, set 0, frame_num
    header.fixed(0, 2).counted(0, 1)  # reference marking, quantiser as it is, no deblocking
    first = header.counted(25).aligned()
    return _unit(_WHOLE, first + _I_PCM.join(blocks) + b"\x80")


def repeat(width: int, height: int, since: int) -> bytes:
    """Return a frame that shows the last one again. since: how many frames ago the last whole picture was."""
    blocks = -(-width // BLOCK) * -(-height // BLOCK)
    header = Bits().counted(0, 5, 0).fixed(since % 16, 4).fixed(0, 3).counted(0, 1)  # slice P; one reference, unmarked
    return _unit(_REPEAT, header.counted(blocks).ended())  # mb_skip_run


def _macroblocks(picture: npt.NDArray[np.uint8]) -> list[bytes]:
    """Return each macroblock's samples: brightness, then both colours at half the size."""
    height, width = picture.shape[:2]
    across, down = -(-width // BLOCK), -(-height // BLOCK)
    padding = ((0, down * BLOCK - height), (0, across * BLOCK - width), (0, 0))
    planes = np.asarray(cv2.cvtColor(np.pad(picture, padding, "edge"), cv2.COLOR_BGR2YUV_I420), np.uint8)
    flat, size = planes.reshape(-1), across * down * BLOCK * BLOCK
    light = _tiles(flat[:size], down, across, BLOCK)
    half = BLOCK // 2
    blue = _tiles(flat[size : size + size // 4], down, across, half)
    red = _tiles(flat[size + size // 4 :], down, across, half)
    return [bytes(block) for block in np.concatenate([light, blue, red], axis=1)]


def _tiles(plane: npt.NDArray[np.uint8], down: int, across: int, side: int) -> npt.NDArray[np.uint8]:
    tiles = plane.reshape(down, side, across, side).transpose(0, 2, 1, 3)
    return tiles.reshape(down * across, side * side)


def _unit(kind: int, content: bytes) -> bytes:
    """Return a NAL unit: a 3 wherever bytes would look like a start code."""
    return bytes([kind]) + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", content)


def frames(pictures: Iterable[npt.NDArray[np.uint8]], each_shown: int) -> Iterable[tuple[bool, bytes]]:
    """Yield a clip's frames, and whether each stands for itself. each_shown: how many frames a picture stays."""
    for number, picture in enumerate(pictures):
        yield True, whole(picture, number)
        height, width = picture.shape[:2]
        yield from ((False, repeat(width, height, since)) for since in range(1, each_shown))
