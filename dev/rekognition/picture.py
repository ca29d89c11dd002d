"""Decode pictures by AWS's rules: JPEG or PNG by content, complete, within the limits of size."""

import warnings
from io import BytesIO
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dev.rekognition.refusals import Refusal
from sightline.models.answers import Box
from sightline.rekognition.preflight import MAX_SIDE_PIXELS, MIN_SIDE_PIXELS
from sightline.rekognition.upright import as_rgb, turned

Picture: TypeAlias = NDArray[np.uint8]
"""Pixels, (height, width, 3), blue first as OpenCV has it."""

_NOT_AN_IMAGE = (OSError, SyntaxError, ValueError)  # what Pillow raises for bytes that it cannot read


def read_picture(content: bytes) -> Picture:
    """Decode `content`, a JPEG turned upright by its EXIF orientation; raise the Refusal that AWS would return."""
    try:  # Pillow warns of sizes that Rekognition takes
        with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(content), formats=("JPEG", "PNG")) as image:
            _refuse_by_size(*image.size)
            pixels = np.asarray(turned(as_rgb(image), content))
    except Image.DecompressionBombError as error:
        raise Refusal("ImageTooLargeException") from error
    except _NOT_AN_IMAGE as error:
        raise Refusal("InvalidImageFormatException") from error
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), np.uint8)


def _refuse_by_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE_PIXELS:
        raise Refusal(
            "ImageTooLargeException",
            f"Input image dimensions {width} x {height} exceed maximum dimension size of {MAX_SIDE_PIXELS} pixels",
        )
    if min(width, height) < MIN_SIDE_PIXELS:
        raise Refusal("InvalidParameterException")  # AWS says no more than this


def scale_to(picture: Picture, longest_pixels: int) -> Picture:
    """Return `picture`, scaled so that its longer side has `longest_pixels`."""
    factor = longest_pixels / max(picture.shape[:2])
    method = cv2.INTER_LINEAR if factor > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=method), dtype=np.uint8)


def reduce_to(picture: Picture, longest_pixels: int) -> Picture:
    """Return `picture`, scaled down if its longer side has more than `longest_pixels`."""
    return scale_to(picture, longest_pixels) if max(picture.shape[:2]) > longest_pixels else picture


def box_of(x: float, y: float, width: float, height: float, picture: Picture) -> Box:
    """Return a rectangle in pixels of `picture` as fractions, cut at its edges."""
    tall, wide = picture.shape[:2]
    left, right = (float(min(max(each, 0), wide) / wide) for each in (x, x + width))
    top, bottom = (float(min(max(each, 0), tall) / tall) for each in (y, y + height))
    return Box(left=left, top=top, width=right - left, height=bottom - top)


def covered_share(box: Box, others: tuple[Box, ...]) -> float:
    """Return the share of `box` that `others` cover, 0 to 1; these do not overlap each other."""
    area = box.width * box.height
    return sum(_overlap(box, other) for other in others) / area if area else 0.0


def _overlap(one: Box, other: Box) -> float:
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return max(width, 0.0) * max(height, 0.0)
