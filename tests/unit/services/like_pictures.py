"""Pictures whose fingerprints differ in as many bits as a test asks for."""

import io
from functools import cache

import numpy as np
from PIL import Image

from sightline.rekognition.fingerprint import SIDE

STEP = 7
"""Between neighbouring greys: sixteen steps from the middle leave none."""


@cache
def looking(scene: int, flipped: int = 0, mark: int = 0) -> bytes:
    """Draw a scene of grey cells. flipped: so many rows differ in one bit each; mark: makes other bytes."""
    rises = np.random.default_rng(scene).integers(0, 2, (SIDE, SIDE))
    rises[:flipped, -1] ^= 1
    cells = 128 + STEP * np.cumsum(np.hstack([np.zeros((SIDE, 1)), 2 * rises - 1]), axis=1)
    pixels = np.kron(cells, np.ones((8, 8))).astype(np.uint8)
    pixels[0, 0] ^= mark
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
