"""The container around them: one track of video, its index behind the frames. Source: ISO/IEC 14496-12, -15."""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dev.clips.h264 import frames, parameter_sets

SCALE = 1000
"""Ticks a second."""

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def write_clip(
    path: Path, pictures: Iterable[npt.NDArray[np.uint8]], frames_a_second: int = 5, seconds_each: float = 1.0
) -> Path:
    """Write pictures of one size (even sides, blue first) as H.264 in MP4, each shown for so many seconds."""
    shown = list(pictures)
    height, width = shown[0].shape[:2]
    made = list(frames(shown, max(1, round(frames_a_second * seconds_each))))
    samples = [struct.pack(">I", len(data)) + data for _, data in made]
    starts = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomavc1mp41")
    index = _index(width, height, [is_whole for is_whole, _ in made], samples, frames_a_second, len(starts) + 8)
    path.write_bytes(starts + box(b"mdat", *samples) + index)
    return path


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box: its size, its type, its content."""
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind + content


def _full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", flags), *parts)


def _index(width: int, height: int, keys: Sequence[bool], samples: Sequence[bytes], rate: int, begin: int) -> bytes:
    lasts = len(samples) * SCALE // rate
    header = _full(b"mvhd", struct.pack(">4I", 0, 0, SCALE, lasts), struct.pack(">IH10x", 0x10000, 0x100), _MATRIX,
                   bytes(24), struct.pack(">I", 2))  # fmt: skip
    track = _full(b"tkhd", struct.pack(">5I", 0, 0, 1, 0, lasts), bytes(16), _MATRIX,
                  struct.pack(">2I", width << 16, height << 16), flags=3)  # fmt: skip
    media = box(
        b"mdia",
        _full(b"mdhd", struct.pack(">4I2H", 0, 0, SCALE, lasts, 0x55C4, 0)),
        _full(b"hdlr", bytes(4), b"vide", bytes(12), b"\0"),
        box(
            b"minf",
            _full(b"vmhd", bytes(8), flags=1),
            box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1))),
            _samples(width, height, keys, samples, rate, begin),
        ),
    )
    return box(b"moov", header, box(b"trak", track, media))


def _samples(width: int, height: int, keys: Sequence[bool], samples: Sequence[bytes], rate: int, begin: int) -> bytes:
    sequence, pictures = parameter_sets(width, height)
    decoder = box(
        b"avcC", b"\x01", sequence[1:4], b"\xff\xe1", _sized(sequence), b"\x01", _sized(pictures)
    )  # lengths have four bytes; one set of each
    entry = box(b"avc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">2H", width, height),
                struct.pack(">2I4xH", 0x480000, 0x480000, 1), bytes(32), struct.pack(">Hh", 24, -1),
                decoder)  # fmt: skip
    whole = [number for number, is_key in enumerate(keys, start=1) if is_key]
    return box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), entry),
        _full(b"stts", struct.pack(">3I", 1, len(samples), SCALE // rate)),
        _full(b"stss", struct.pack(f">{len(whole) + 1}I", len(whole), *whole)),
        _full(b"stsc", struct.pack(">4I", 1, 1, len(samples), 1)),
        _full(b"stsz", struct.pack(f">{len(samples) + 2}I", 0, len(samples), *map(len, samples))),
        _full(b"stco", struct.pack(">2I", 1, begin)),
    )


def _sized(unit: bytes) -> bytes:
    return struct.pack(">H", len(unit)) + unit
