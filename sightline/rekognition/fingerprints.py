"""Perceptual hashes: pictures that look alike have fingerprints that differ in few bits.

Difference hash (dHash) in both directions: whether each of 8 × 8 cells is brighter than its right neighbour, and than
the one below. It survives another size, another compression and another brightness; it does not survive a crop.
"""

from io import BytesIO

import numpy as np
from PIL import Image

from sightline.rekognition.upright import smaller

SIDE = 8
BITS = 2 * SIDE * SIDE

FEWEST_SET = 4
"""A picture with fewer differences, or with as few equal cells, has no structure to be recognised by: it is flat."""

_DECODED_PIXELS = 256
_LEAST_STEP = 2
"""Of 255: smaller differences of brightness are noise of the compression."""


def fingerprint(data: bytes) -> int:
    """Return the 128 bits of a picture that has passed `inspect_picture`; raise OSError if it is broken."""
    with Image.open(BytesIO(smaller(data, _DECODED_PIXELS))) as image:
        grey = np.asarray(image.convert("L").resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX), dtype=np.int16)
    right = grey[:SIDE, :SIDE] - grey[:SIDE, 1:] > _LEAST_STEP
    below = grey[:SIDE, :SIDE] - grey[1:, :SIDE] > _LEAST_STEP
    return int.from_bytes(np.packbits(np.concatenate([right.ravel(), below.ravel()])).tobytes())
