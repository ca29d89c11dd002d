import struct
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.rekognition.exif import exif_time
from sightline.rekognition.pictures import jpeg_segments
from tests.unit.services.pictures import chunks_of, encoded, exif_of, good_pictures, noise, png_of

TAKEN = "2026:05:04 03:02:01"
NAIVE = datetime(2026, 5, 4, 3, 2, 1)  # noqa: DTZ001 - what a camera without an offset says


def jpeg_with(tiff: bytes) -> bytes:
    return encoded(noise(), "JPEG", exif=b"Exif\0\0" + tiff)


def tiff_of(order: str, entries: bytes, count: int, rest: bytes = b"") -> bytes:
    """A TIFF whose directory points to an EXIF directory of `entries`, followed by `rest` at offset 100."""
    signature = {"<": b"II*\0", ">": b"MM\0*"}[order]
    first = struct.pack(f"{order}IHHHIII", 8, 1, 0x8769, 4, 1, 26, 0)
    return (signature + first + struct.pack(f"{order}H", count) + entries).ljust(100, b"\0") + rest


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_time_that_the_camera_wrote_is_read_without_an_offset(kind):
    assert NAIVE == exif_time(encoded(noise(), kind, exif=exif_of(TAKEN)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_offset_that_the_camera_wrote_is_kept(kind):
    found = exif_time(encoded(noise(), kind, exif=exif_of(TAKEN, "-03:30")))
    assert NAIVE.replace(tzinfo=timezone(timedelta(hours=-3, minutes=-30))) == found
    assert timedelta(hours=-3, minutes=-30) == found.utcoffset()


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_are_read(order):
    entry = struct.pack(f"{order}HHII", 0x9003, 2, 20, 100)
    assert NAIVE == exif_time(jpeg_with(tiff_of(order, entry, 1, TAKEN.encode() + b"\0")))


@pytest.mark.parametrize(
    "data",
    [
        b"no picture",
        encoded(noise(), "JPEG"),
        encoded(noise(), "PNG"),
        jpeg_with(tiff_of("<", b"", 0)),
        jpeg_with(b"II*\0" + struct.pack("<IHI", 8, 0, 0)),
    ],
)
def test_a_picture_without_a_capture_time_has_none(data):
    assert exif_time(data) is None


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday", "2026:02:30 00:00:00"])
def test_what_is_no_time_is_an_error(taken):
    with pytest.raises(ValueError, match=r"does not match format|out of range"):
        exif_time(encoded(noise(), "JPEG", exif=exif_of(taken)))


@pytest.mark.parametrize(
    "tiff",
    [
        b"",
        b"XX*\0\0\0\0\x08",
        b"II*\0\xff\xff\xff\xff",
        tiff_of("<", struct.pack("<HHII", 0x9003, 2, 2**31, 2**31), 1)[:30],
        tiff_of("<", struct.pack("<HHII", 0x9003, 2, 3, 0x00FFFFFF), 1),
    ],
)
def test_metadata_that_is_malformed_is_an_error(tiff):
    with pytest.raises((ValueError, struct.error)):
        exif_time(jpeg_with(tiff))


@given(st.data())
def test_mutated_metadata_gives_a_time_or_none_or_an_error_that_is_declared(data):
    *_, (payload,) = [
        [part.payload] for part in jpeg_segments(good_pictures()["JPEG with EXIF"]) if part.kind == b"\xe1"
    ]
    tiff = bytearray(payload.removeprefix(b"Exif\0\0"))
    for place in data.draw(st.lists(st.integers(0, len(tiff) - 1), min_size=1, max_size=5)):
        tiff[place] = data.draw(st.integers(0, 255))
    head, *rest = chunks_of(good_pictures()["PNG"])
    try:
        found = exif_time(png_of([head, (b"eXIf", bytes(tiff)), *rest]))
    except (ValueError, struct.error):
        return
    assert found is None or isinstance(found, datetime)
