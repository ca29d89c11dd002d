"""The capture time that a camera wrote into its picture (EXIF 2.32, on the structure of TIFF 6.0)."""

import struct
from collections.abc import Iterator
from datetime import datetime

from sightline.rekognition.pictures import JPEG_SIGNATURE, PNG_SIGNATURE, jpeg_segments, png_chunks

_JPEG_APPLICATION_1 = b"\xe1"
_JPEG_EXIF = b"Exif\0\0"
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}

_EXIF_DIRECTORY = 0x8769
_DATE_TIME_ORIGINAL = 0x9003
_OFFSET_TIME_ORIGINAL = 0x9011

_ENTRY_BYTES = 12
_VALUE_BYTES = 4
"""A value no longer than this stands in the entry itself."""


def exif_time(data: bytes) -> datetime | None:
    """Return DateTimeOriginal: aware where the camera wrote its offset, else naive; None if it wrote no time.

    Raises ValueError or struct.error where the picture's metadata is malformed.
    """
    tiff = next(_exif_blocks(data), None)
    if tiff is None:
        return None
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        raise ValueError("EXIF must begin with its byte order")
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    pointer = _entries(tiff, order, first).get(_EXIF_DIRECTORY)
    if pointer is None:
        return None
    entries = _entries(tiff, order, struct.unpack_from(f"{order}I", tiff, pointer + 8)[0])
    taken = _text(tiff, order, entries.get(_DATE_TIME_ORIGINAL))
    return _parse(taken, _text(tiff, order, entries.get(_OFFSET_TIME_ORIGINAL))) if taken else None


def _exif_blocks(data: bytes) -> Iterator[bytes]:
    if data.startswith(JPEG_SIGNATURE):
        for part in jpeg_segments(data):
            if part.kind == _JPEG_APPLICATION_1 and part.payload.startswith(_JPEG_EXIF):
                yield part.payload.removeprefix(_JPEG_EXIF)
    elif data.startswith(PNG_SIGNATURE):
        yield from (part.payload for part in png_chunks(data) if part.kind == b"eXIf")


def _entries(tiff: bytes, order: str, start: int) -> dict[int, int]:
    """Return a directory's entries: tag → where the entry stands."""
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    places = [start + 2 + _ENTRY_BYTES * position for position in range(count)]
    return {struct.unpack_from(f"{order}H", tiff, place)[0]: place for place in places}


def _text(tiff: bytes, order: str, place: int | None) -> str:
    """Read the text of an entry; empty if there is no entry."""
    if place is None:
        return ""
    length, outside = struct.unpack_from(f"{order}II", tiff, place + 4)
    start = place + 8 if length <= _VALUE_BYTES else outside
    return tiff[start : start + length].split(b"\0")[0].decode("ascii").strip()


def _parse(taken: str, offset: str) -> datetime:
    if offset:
        return datetime.strptime(taken + offset, "%Y:%m:%d %H:%M:%S%z")
    return datetime.strptime(taken, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - naive on purpose: the camera said no offset
