"""Perceptual hashes: pictures that look alike have fingerprints that are alike.

Difference hash (dHash) in both directions: whether each of 8 × 8 cells is brighter than its right neighbour, and than
the one below. It survives another size, another compression and another brightness; it does not survive a crop. Plain
pictures have similar bits although they differ, so the cells of a finer grid are kept to compare with.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from sightline.rekognition.upright import smaller

SIDE = 8
BITS = 2 * SIDE * SIDE
FINER = 16

FEWEST_SET = 4
"""A picture with fewer differences, or with as few equal cells, has no structure to be recognised by: it is flat."""

_DECODED_PIXELS = 256
_LEAST_STEP = 2
"""Of 255: smaller differences of brightness are noise of the compression."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a picture looks like. bits: 128 of them; grey: brightness of 16 × 16 cells, row by row."""

    bits: int
    grey: bytes

    @property
    def is_flat(self) -> bool:
        """Return whether there is no structure to recognise it by."""
        return not FEWEST_SET <= self.bits.bit_count() <= BITS - FEWEST_SET

    def correlation(self, other: "Fingerprint") -> float:
        """Return how the brightness of the cells correlates, -1 to 1; 0 if either has but one brightness."""
        one, two = (np.frombuffer(each.grey, np.uint8).astype(np.float64) for each in (self, other))
        one, two = one - one.mean(), two - two.mean()
        norm = float(np.linalg.norm(one) * np.linalg.norm(two))
        return float(one @ two) / norm if norm else 0.0


def fingerprint(data: bytes) -> Fingerprint:
    """Return that of a picture that has passed `inspect_picture`; raise OSError if it is broken."""
    with Image.open(BytesIO(smaller(data, _DECODED_PIXELS))) as image:
        whole = image.convert("L")
    grey = np.asarray(whole.resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX), dtype=np.int16)
    right = grey[:SIDE, :SIDE] - grey[:SIDE, 1:] > _LEAST_STEP
    below = grey[:SIDE, :SIDE] - grey[1:, :SIDE] > _LEAST_STEP
    bits = int.from_bytes(np.packbits(np.concatenate([right.ravel(), below.ravel()])).tobytes())
    return Fingerprint(bits, whole.resize((FINER, FINER), Image.Resampling.BOX).tobytes())
