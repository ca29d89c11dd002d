"""The capture times that a camera wrote into its picture, and how it held it (EXIF 2.32, on the structure of TIFF 6.0).

Cameras write DateTimeOriginal in many spellings, beside tags that are blank or malformed, or leave it out and write
DateTime alone. What can be read is read; what cannot is named.
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from sightline.rekognition.camera_times import read_offset, read_time, without_zone
from sightline.rekognition.pictures import JPEG_SIGNATURE, PNG_SIGNATURE, jpeg_segments, png_chunks

_JPEG_APPLICATION_1 = b"\xe1"
_JPEG_EXIF = b"Exif\0\0"
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}

_EXIF_DIRECTORY = 0x8769

_ORIENTATION = 0x0112
_ORIENTATIONS = range(1, 9)
_UPRIGHT = 1

_ENTRY_BYTES = 12
_VALUE_BYTES = 4
"""A value no longer than this stands in the entry itself."""

_BEST_FIRST = ("EXIF", "DateTimeOriginal", "DateTimeDigitized", "DateTime")
"""Of what is said of times: first what is malformed, then the tags."""

_MOST_SHOWN = 40


class ExifTime(NamedTuple):
    """What one tag says. taken: aware if its offset could be read as well; ignored: what could not be read, and why."""

    tag: str
    taken: datetime | None
    ignored: tuple[str, ...] = ()


_MALFORMED = ExifTime("EXIF", None, ("EXIF is malformed",))


def exif_times(data: bytes) -> Iterator[ExifTime]:
    """Return what each tag of a time says, the best tag first. A part that is malformed does not spoil the others."""
    yield from sorted(_each_time(data), key=lambda said: _BEST_FIRST.index(said.tag))


def _each_time(data: bytes) -> Iterator[ExifTime]:
    try:
        for tiff in _exif_blocks(data):
            yield from _times_or_note(tiff)
    except (ValueError, struct.error):
        yield _MALFORMED


def _times_or_note(tiff: bytes) -> Iterator[ExifTime]:
    try:
        yield from _times(tiff)
    except (ValueError, struct.error):
        yield _MALFORMED


def exif_orientation(data: bytes) -> int:
    """Return how a JPEG is turned, 1 to 8; 1 (upright) if it does not say so in a form that can be read."""
    try:
        found = [_orientation_or_none(tiff) for tiff in _exif_blocks(data)] if data.startswith(JPEG_SIGNATURE) else []
    except (ValueError, struct.error):
        return _UPRIGHT
    return next((each for each in found if each is not None and each in _ORIENTATIONS), _UPRIGHT)


def _orientation_or_none(tiff: bytes) -> int | None:
    try:
        return _orientation(tiff)
    except (ValueError, struct.error):
        return None


def _orientation(tiff: bytes) -> int | None:
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        raise ValueError("EXIF must begin with its byte order")
    main = _entries(tiff, order, struct.unpack_from(f"{order}I", tiff, 4)[0])
    if _ORIENTATION not in main:
        return None
    (value,) = struct.unpack_from(f"{order}H", tiff, main[_ORIENTATION] + 8)
    return int(value)


def _times(tiff: bytes) -> Iterator[ExifTime]:
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        raise ValueError("EXIF must begin with its byte order")
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    main = _entries(tiff, order, first)
    inner, malformed = _inner_entries(tiff, order, main)
    if malformed:
        yield ExifTime("EXIF", None, malformed)
    both = {**main, **inner}  # some tools write all tags into the main directory
    for tag, time, offset in (
        ("DateTimeOriginal", 0x9003, 0x9011),
        ("DateTimeDigitized", 0x9004, 0x9012),
        ("DateTime", 0x0132, 0x9010),
    ):
        if time in both:
            yield _said(tag, _text(tiff, order, both[time]), _text(tiff, order, both.get(offset)))


def _inner_entries(tiff: bytes, order: str, main: Mapping[int, int]) -> tuple[dict[int, int], tuple[str, ...]]:
    if _EXIF_DIRECTORY not in main:
        return {}, ()
    try:
        return _entries(tiff, order, struct.unpack_from(f"{order}I", tiff, main[_EXIF_DIRECTORY] + 8)[0]), ()
    except struct.error:
        return {}, ("EXIF's own directory is malformed",)


def _said(tag: str, text: str, offset: str) -> ExifTime:
    taken, unread = read_time(text), ""
    if taken is None and (found := without_zone(text)):
        taken, unread = found
    if taken is None:
        return ExifTime(tag, None, (f"{tag} {shown(text)} is no time",))
    if unread:
        offset = offset if read_offset(offset) else unread
    zone = read_offset(offset)
    if taken.tzinfo or not offset or zone:
        return ExifTime(tag, taken if taken.tzinfo else taken.replace(tzinfo=zone))
    return ExifTime(tag, taken, (f"the offset {shown(offset)} of {tag} is no UTC offset",))


def shown(text: str) -> str:
    """Return the text as a note shows it: in quotes, hidden characters visible, cut if it is long."""
    return ascii(text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…")


def _exif_blocks(data: bytes) -> Iterator[bytes]:
    if data.startswith(JPEG_SIGNATURE):
        for part in jpeg_segments(data):
            if part.kind == _JPEG_APPLICATION_1 and part.payload.startswith(_JPEG_EXIF):
                yield part.payload.removeprefix(_JPEG_EXIF)
    elif data.startswith(PNG_SIGNATURE):
        # Some writers keep the prefix that only a JPEG has
        yield from (part.payload.removeprefix(_JPEG_EXIF) for part in png_chunks(data) if part.kind == b"eXIf")


def _entries(tiff: bytes, order: str, start: int) -> dict[int, int]:
    """Return a directory's entries: tag → where the entry stands. A directory that is cut has those before the cut."""
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    places = range(start + 2, min(start + 2 + _ENTRY_BYTES * count, len(tiff) - _ENTRY_BYTES + 1), _ENTRY_BYTES)
    return {struct.unpack_from(f"{order}H", tiff, place)[0]: place for place in places}


def _text(tiff: bytes, order: str, place: int | None) -> str:
    """Read the text of an entry; empty if there is no entry. Blanks stay: they are shown if the text is ignored."""
    if place is None:
        return ""
    length, outside = struct.unpack_from(f"{order}II", tiff, place + 4)
    start = place + 8 if length <= _VALUE_BYTES else outside
    return tiff[start : start + length].split(b"\0")[0].decode("latin-1")
