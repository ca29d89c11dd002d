"""Check an image before paying for an analysis: is it a whole picture that Rekognition accepts?

Source of the limits: Guidelines and quotas, Amazon Rekognition Developer Guide, 2025.
"""

import struct
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from threading import BoundedSemaphore

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from sightline.errors import (
    EmptyImage,
    ImageTooLarge,
    ImageTooSmall,
    NotAnImage,
    TooManyBytes,
    TruncatedImage,
    UnsupportedFormat,
)
from sightline.rekognition.pictures import (
    JPEG_SIGNATURE,
    PNG_SIGNATURE,
    bare_jpeg,
    bare_png,
    coefficient_bytes,
    other_format,
)

MEBIBYTE = 1024 * 1024

MAX_BYTES_IN_S3 = 15 * MEBIBYTE
"""Of an image that lies in S3."""

MAX_BYTES_SENT = 5 * MEBIBYTE
"""Of an image that is sent within the request."""

MIN_SIDE_PIXELS = 80
MAX_SIDE_PIXELS = 10_000

_PIXEL_BYTES = 4
_MANY_BYTES = 80_000_000
_big_decodes = BoundedSemaphore(2)
"""At most two decodes of many bytes at once in a process: a PNG of the largest size takes 400 MB."""

MOST_COEFFICIENT_BYTES = 380_000_000
"""Of a JPEG in several scans; with the decoder's other buffers it takes no more than the largest PNG.

One of 10,000 pixels with three components would take 600 MB. It is good for Rekognition, so it is not refused, and only
its structure is checked: if its data are damaged, Rekognition refuses it, which costs nothing.
"""

DAMAGE = (OSError, SyntaxError, ValueError, IndexError, struct.error)
"""How Pillow and the file's own structure say that a picture is broken."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole picture, as Rekognition takes it. format: `JPEG` or `PNG`."""

    width_pixels: int
    height_pixels: int
    format: str


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    bare: Callable[[bytes], bytes]
    coefficient_bytes: Callable[[bytes], int]
    decoder: Callable[[BytesIO], ImageFile]  # by name, not Image.open: that warns of sizes which are allowed here


_FORMATS = {
    JPEG_SIGNATURE: _Format("JPEG", bare_jpeg, coefficient_bytes, JpegImageFile),
    PNG_SIGNATURE: _Format("PNG", bare_png, lambda _: 0, PngImageFile),
}


def inspect_picture(image_id: str, data: bytes, max_bytes: int = MAX_BYTES_IN_S3) -> Picture:
    """Return the format and size of the image's bytes; raise the RejectedError that names what is wrong."""
    if not data:
        raise EmptyImage(image_id)
    if len(data) > max_bytes:
        raise TooManyBytes(image_id, rule=f"{TooManyBytes.rule}; it has {len(data):,} bytes")
    kind = _format(image_id, data)
    try:
        image = kind.decoder(BytesIO(kind.bare(data)))
        picture = Picture(image.width, image.height, kind.name)
        _check_sides(image_id, picture)
        kept_bytes = kind.coefficient_bytes(data)
        if kept_bytes <= MOST_COEFFICIENT_BYTES:
            _decode(image, kept_bytes)
    except DAMAGE as error:
        raise TruncatedImage(image_id, rule=f"{TruncatedImage.rule} ({error})") from error
    return picture


def _format(image_id: str, data: bytes) -> _Format:
    for signature, kind in _FORMATS.items():
        if data.startswith(signature):
            return kind
    other = other_format(data)
    if other:
        raise UnsupportedFormat(image_id, rule=f"{UnsupportedFormat.rule}; this is {other}")
    raise NotAnImage(image_id)


def _check_sides(image_id: str, picture: Picture) -> None:
    sides = f"it has {picture.width_pixels:,} × {picture.height_pixels:,}"
    if max(picture.width_pixels, picture.height_pixels) > MAX_SIDE_PIXELS:
        raise ImageTooLarge(image_id, rule=f"{ImageTooLarge.rule}; {sides}")
    if min(picture.width_pixels, picture.height_pixels) < MIN_SIDE_PIXELS:
        raise ImageTooSmall(image_id, rule=f"{ImageTooSmall.rule}; {sides}")


def _decode(image: ImageFile, kept_bytes: int) -> None:
    """Decode it all. A JPEG in an eighth of its size: every coefficient is still read, at a fraction of the memory."""
    with _room_for(max(kept_bytes, image.width * image.height * _PIXEL_BYTES)):
        image.draft("L", (1, 1))
        image.load()


def _room_for(size_bytes: int) -> AbstractContextManager[object]:
    return _big_decodes if size_bytes > _MANY_BYTES else nullcontext()
