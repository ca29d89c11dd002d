"""A perceptual hash: two pictures that look alike have fingerprints that differ in few bits.

A difference hash (Krawetz, Kind of Like That, 2013): each bit says whether a cell of a coarse grey grid is darker than
its right neighbour. The grid is 16 × 16, not the usual 8 × 8: what a fixed camera is there for is often a twentieth of
the picture, and must not vanish between two cells.
"""

from io import BytesIO

import numpy as np
from PIL import Image

SIDE = 16

BITS = SIDE * SIDE


MOST_PIXELS = 40_000_000
"""Decoding more takes memory that workers do not have for a comparison."""


def fingerprint(data: bytes) -> str | None:
    """Return the fingerprint of a picture: 256 bits as 64 hex digits.

    None if it is too large, or its pixels are damaged behind a good header: it is like no other picture.
    """
    try:
        with Image.open(BytesIO(data)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            picture.draft("L", (8 * SIDE, 8 * SIDE))  # a JPEG is decoded at an eighth of its size
            grey = picture.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # how Pillow says that it is broken
        return None
    cells = np.asarray(grey)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes().hex()


def distance(one: str, other: str) -> int:
    """Count the bits in which two fingerprints differ, 0 to 256."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
