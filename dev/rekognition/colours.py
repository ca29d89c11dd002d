"""The main colours of a picture: a median cut of its pixels, named by the nearest CSS colour."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

_GREYS = ("black", "grey", "white")
_GREY_RANGE = 30
"""A colour whose channels differ by less is grey."""

_SIMPLE = ("black", "blue", "brown", "cyan", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow")


@dataclass(frozen=True, slots=True)
class Colour:
    """One main colour, with its percentage of the pixels."""

    red: int
    green: int
    blue: int
    css: str
    simplified: str
    pixel_percent: float

    @property
    def hex_code(self) -> str:
        """Return the colour as #rrggbb."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


def main_colours(pixels: NDArray[np.uint8], most: int) -> tuple[Colour, ...]:
    """Return up to `most` colours of `pixels` (any shape that ends in 3, blue first), the most common first."""
    flat = pixels.reshape(1, -1, 3)[:, :, ::-1]
    if not flat.size or not most:
        return ()
    reduced = Image.fromarray(np.ascontiguousarray(flat)).quantize(most, Image.Quantize.MEDIANCUT).convert("RGB")
    counted = reduced.getcolors(maxcolors=256) or []
    shares = [(100 * count / flat.shape[1], rgb) for count, rgb in sorted(counted, reverse=True)]
    return tuple(_colour(share, *rgb) for share, rgb in shares if isinstance(rgb, tuple))


def _colour(pixel_percent: float, red: int, green: int, blue: int) -> Colour:
    rgb = (red, green, blue)
    simple_names = _GREYS if max(rgb) - min(rgb) < _GREY_RANGE else _SIMPLE
    css, simplified = _nearest(rgb, tuple(ImageColor.colormap)), _nearest(rgb, simple_names)
    return Colour(red, green, blue, css, simplified, pixel_percent)


def _nearest(rgb: tuple[int, int, int], names: tuple[str, ...]) -> str:
    distances = np.abs(_values(names) - np.array(rgb)).sum(axis=1)
    return names[int(distances.argmin())]


@cache
def _values(names: tuple[str, ...]) -> NDArray[np.int64]:
    return np.array([ImageColor.getrgb(name)[:3] for name in names], dtype=np.int64)
