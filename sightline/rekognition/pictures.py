"""JPEG and PNG files, part by part: the formats that Rekognition reads, recognised by content and never by name.

The decoder gets only the parts that draw the picture: text, thumbnails, colour profiles and the frames of an
animation cannot make it fail, warn or exhaust memory. Malformed files raise ValueError or struct.error.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

JPEG_SIGNATURE = b"\xff\xd8\xff"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_OTHER_FORMATS = {
    "GIF": rb"GIF8",
    "WebP": rb"RIFF.{4}WEBP",
    "BMP": rb"BM.{12}",
    "TIFF": rb"II\*\0|MM\0\*",
    "HEIF or AVIF": rb".{4}ftyp(?:hei|hev|mif|msf|avi)",
    "JPEG 2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "icon": rb"\0\0[\1\2]\0",
    "Photoshop": rb"8BPS",
    "SVG": rb"\s*(?:<\?xml[^>]*>\s*)?<svg\b",
}

_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_SCAN_END = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)  # restarts stand inside a scan
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = b"\xff\xd9"
_APPLICATION = range(0xE0, 0xF0)
_COMMENT = 0xFE
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE_FRAMES = {0xC2, 0xC6, 0xCA, 0xCE}
_BLOCK_BYTES = 64 * 2
"""A block's coefficients, of two bytes each."""
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}

_MOST_SCANS = 100
"""Encoders write about ten. Each is a pass over the whole picture, so that thousands occupy a decoder for minutes."""

_MOST_SEGMENTS = 10_000
_MOST_CHUNKS = 100_000
"""Encoders write tens, or a chunk for each 4 KB. Reading a file of millions of empty ones takes many seconds."""

_DRAWING_CHUNKS = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


class Block(NamedTuple):
    """A segment of a JPEG (its marker is its kind) or a chunk of a PNG (its type is). whole: with its framing."""

    kind: bytes
    payload: bytes
    whole: bytes


def other_format(data: bytes) -> str | None:
    """Return the picture format of `data` if it is a known one other than JPEG and PNG; None otherwise."""
    named = (name for name, start in _OTHER_FORMATS.items() if re.match(start, data, re.DOTALL))
    return next(named, None)


def jpeg_segments(data: bytes) -> Iterator[Block]:
    """Return a JPEG's segments, the first scan with all that follows as the last of them."""
    at, segments = 2, 0
    while marker := _JPEG_MARKER.search(data, at):  # decoders skip what stands between segments, and so does this
        code, at, segments = marker[1][0], marker.end(), segments + 1
        if segments > _MOST_SEGMENTS:
            raise ValueError(f"a JPEG has at most {_MOST_SEGMENTS:,} segments before its first scan")
        if code == _START_OF_SCAN:
            if data.find(_END_OF_IMAGE, at) < 0:  # without it decoders differ on whether the picture is whole
                raise ValueError("the file ends before its picture does")
            yield Block(marker[1], data[at:], data[marker.start() :])
            return
        if code in _WITHOUT_LENGTH:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        end = at + length
        if length < 2 or end > len(data):  # noqa: PLR2004 - the length counts its own two bytes
            raise ValueError("a segment runs past the end of the file")
        yield Block(marker[1], data[at + 2 : end], data[marker.start() : end])
        at = end
    raise ValueError("the file ends before its first scan")


def png_chunks(data: bytes) -> Iterator[Block]:
    """Return a PNG's chunks up to its end; what follows is ignored. Only critical chunks need a correct checksum."""
    at, kind, chunks = len(PNG_SIGNATURE), b"", 0
    while kind != b"IEND":
        chunks += 1
        if chunks > _MOST_CHUNKS:
            raise ValueError(f"a PNG has at most {_MOST_CHUNKS:,} chunks")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        (checksum,) = struct.unpack_from(">I", data, end)
        payload = data[at + 8 : end]
        if kind[:1].isupper() and zlib.crc32(payload, zlib.crc32(kind)) != checksum:
            raise ValueError(f"the checksum of chunk {kind.decode('ascii', 'replace')} is wrong")
        yield Block(kind, payload, data[at : end + 4])
        at = end + 4


def bare_jpeg(data: bytes) -> bytes:
    """Return a JPEG without its comments and whatever applications left in it. One of too many scans is malformed."""
    kept = (part.whole for part in jpeg_segments(data) if not _is_aside(part.kind[0]))
    bare = b"".join((b"\xff\xd8", *kept))
    if _scans(bare) > _MOST_SCANS:
        raise ValueError(f"a JPEG has at most {_MOST_SCANS} scans")
    return bare


def coefficient_bytes(data: bytes) -> int:
    """Return how much memory a JPEG's coefficients take while it is decoded: 0 if each part is decoded as it comes.

    A decoder keeps those of the whole picture if its parts come in several scans: if it is progressive, or if its first
    scan has not all components (`jpeg_start_decompress`, libjpeg).
    """
    size = 0
    components, is_progressive = 0, False
    for part in jpeg_segments(data):
        kind = part.kind[0]
        if kind in _FRAMES:
            components, is_progressive = part.payload[5], kind in _PROGRESSIVE_FRAMES
            size = max(size, _frame_bytes(part.payload))
        elif kind == _START_OF_SCAN and not is_progressive and part.payload[2] >= components:
            return 0
    return size


def _frame_bytes(frame: bytes) -> int:
    height, width, components = map(int, struct.unpack_from(">HHB", frame, 1))
    samplings = [divmod(frame[7 + 3 * number], 16) for number in range(components)]
    most_across, most_down = (max((each[axis] for each in samplings), default=1) or 1 for axis in (0, 1))
    blocks = sum(
        -(-width * across // (8 * most_across)) * -(-height * down // (8 * most_down)) for across, down in samplings
    )
    return blocks * _BLOCK_BYTES


def bare_png(data: bytes) -> bytes:
    """Return a PNG without its ancillary chunks and what follows its end."""
    kept = (part.whole for part in png_chunks(data) if part.kind in _DRAWING_CHUNKS)
    return b"".join((PNG_SIGNATURE, *kept))


def _scans(data: bytes) -> int:
    """Count a JPEG's scans up to its end; stop counting if there are too many."""
    at, scans = 2, 0
    while scans <= _MOST_SCANS and (marker := _SCAN_END.search(data, at)):
        at = marker.end()
        if marker[0] == _END_OF_IMAGE and scans:
            break
        if marker[1][0] not in _WITHOUT_LENGTH:
            scans += marker[1][0] == _START_OF_SCAN
            at += int.from_bytes(data[at : at + 2])
    return scans


def _is_aside(marker: int) -> bool:
    return marker in _APPLICATION or marker == _COMMENT
