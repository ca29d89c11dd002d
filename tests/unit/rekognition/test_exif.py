import struct
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.rekognition.exif import ExifTime, exif_orientation, exif_times
from sightline.rekognition.pictures import jpeg_segments
from tests.unit.services.pictures import chunks_of, encoded, exif_of, good_pictures, noise, png_of

TAKEN = "2026:05:04 03:02:01"
NAIVE = datetime(2026, 5, 4, 3, 2, 1)  # noqa: DTZ001 - what a camera without an offset says


def jpeg_with(tiff: bytes) -> bytes:
    return encoded(noise(), "JPEG", exif=b"Exif\0\0" + tiff)


def exif_time(data: bytes) -> datetime | None:
    """The time of the best tag that says one."""
    return next((each.taken for each in exif_times(data) if each.taken), None)


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
def test_what_is_no_time_is_named(taken):
    (said,) = exif_times(encoded(noise(), "JPEG", exif=exif_of(taken)))
    assert ("DateTimeOriginal", None, (f"DateTimeOriginal {taken!r} is no time",)) == said


@pytest.mark.parametrize("offset", ["   :  ", "+  :  ", "      ", "+15:00", "+02:60", "summer"])
def test_an_offset_that_is_none_leaves_the_time_on_the_cameras_clock_and_is_named(offset):
    (said,) = exif_times(encoded(noise(), "JPEG", exif=exif_of(TAKEN, offset)))
    ignored = (f"the offset {offset!r} of DateTimeOriginal is no UTC offset",)
    assert (ExifTime("DateTimeOriginal", NAIVE, ignored), None) == (said, said.taken.tzinfo)


@pytest.mark.parametrize("zone", ["CEST", "+??", "MESZ", "-  :  "])
def test_a_zone_within_the_text_that_is_none_leaves_the_time_on_the_cameras_clock_and_is_named(zone):
    (said,) = exif_times(encoded(noise(), "JPEG", exif=exif_of(f"{TAKEN} {zone}")))
    ignored = (f"the offset {zone.rstrip()!r} of DateTimeOriginal is no UTC offset",)
    assert ExifTime("DateTimeOriginal", NAIVE, ignored) == said


def directories(main: list[tuple[int, bytes]], inner: list[tuple[int, bytes]]) -> bytes:
    """A TIFF with texts in its main directory and in EXIF's own."""
    places = 8 + 2 + 12 * (len(main) + 1) + 4
    texts, at = b"", places + 2 + 12 * len(inner) + 4

    def entries(of: list[tuple[int, bytes]]) -> bytes:
        nonlocal texts
        written = b""
        for tag, text in of:
            written += struct.pack("<HHII", tag, 2, len(text) + 1, at + len(texts))
            texts += text + b"\0"
        return written

    pointer = struct.pack("<HHII", 0x8769, 4, 1, places)
    first = struct.pack("<H", len(main) + 1) + entries(main) + pointer + b"\0\0\0\0"
    second = struct.pack("<H", len(inner)) + entries(inner) + b"\0\0\0\0"
    return b"II*\0\x08\0\0\0" + first + second + texts


ORIGINAL, DIGITIZED, DATE_TIME, OFFSET_TIME = 0x9003, 0x9004, 0x0132, 0x9010
LATER = b"2026:05:04 05:02:01"


@pytest.mark.parametrize(
    ("main", "inner", "tags"),
    [
        ([(DATE_TIME, TAKEN.encode())], [], ["DateTime"]),
        ([], [(DIGITIZED, TAKEN.encode())], ["DateTimeDigitized"]),
        ([(DATE_TIME, LATER)], [(DIGITIZED, TAKEN.encode())], ["DateTimeDigitized", "DateTime"]),
        ([(DATE_TIME, TAKEN.encode())], [(ORIGINAL, b"0000:00:00 00:00:00")], ["DateTimeOriginal", "DateTime"]),
    ],
)
def test_other_tags_are_read_after_datetimeoriginal(main, inner, tags):
    found = jpeg_with(directories(main, inner))
    assert (tags, NAIVE) == ([each.tag for each in exif_times(found)], exif_time(found))


def test_tags_that_a_tool_wrote_into_the_main_directory_are_read():
    found = jpeg_with(directories([(ORIGINAL, TAKEN.encode()), (0x9011, b"+02:00")], []))
    assert NAIVE.replace(tzinfo=timezone(timedelta(hours=2))) == exif_time(found)


def with_another_block(data: bytes, tiff: bytes) -> bytes:
    """The JPEG with one more block of EXIF before its own."""
    payload = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + data[2:]


@pytest.mark.parametrize("tiff", [b"", b"XX*\0\0\0\0\x08", b"II*\0\xff\xff\xff\xff"])
def test_a_malformed_block_of_exif_leaves_the_block_after_it(tiff):
    turned = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    good = b"II*\0\x08\0\0\0" + struct.pack("<H", 2) + turned + struct.pack("<HHII", 0x0132, 2, 20, 38)
    data = with_another_block(jpeg_with(good.ljust(38, b"\0") + TAKEN.encode() + b"\0"), tiff)
    assert (NAIVE, ["EXIF", "DateTime"], 6) == (
        exif_time(data),
        [each.tag for each in exif_times(data)],
        exif_orientation(data),
    )


def test_the_best_tag_is_first_whichever_block_it_stands_in():
    data = with_another_block(
        jpeg_with(directories([], [(ORIGINAL, TAKEN.encode())])), directories([(DATE_TIME, LATER)], [])
    )
    assert (["DateTimeOriginal", "DateTime"], NAIVE) == ([each.tag for each in exif_times(data)], exif_time(data))


def test_a_png_whose_exif_begins_as_in_a_jpeg_is_read():
    head, *rest = chunks_of(good_pictures()["PNG"])
    tiff = directories([(DATE_TIME, TAKEN.encode())], [])
    assert NAIVE == exif_time(png_of([head, (b"eXIf", b"Exif\0\0" + tiff), *rest]))


def test_datetime_has_its_own_offset():
    tiff = directories([(DATE_TIME, TAKEN.encode())], [(OFFSET_TIME, b"+2:00"), (0x9011, b"-05:00")])
    assert timedelta(hours=2) == exif_time(jpeg_with(tiff)).utcoffset()


def test_a_malformed_directory_of_exif_leaves_datetime():
    tiff = bytearray(directories([(DATE_TIME, TAKEN.encode())], []))
    pointer = tiff.index(struct.pack("<HHI", 0x8769, 4, 1)) + 8
    tiff[pointer : pointer + 4] = b"\xff\xff\xff\x7f"
    found = [*exif_times(jpeg_with(bytes(tiff)))]
    assert [("EXIF's own directory is malformed",), ()] == [each.ignored for each in found]
    assert NAIVE == found[1].taken


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
def test_metadata_that_is_malformed_has_no_time_and_is_named_or_empty(tiff):
    assert [] == [each for each in exif_times(jpeg_with(tiff)) if each.taken or len(each.ignored) > 1]


@given(st.data())
def test_mutated_metadata_gives_times_or_says_what_is_ignored(data):
    *_, (payload,) = [
        [part.payload] for part in jpeg_segments(good_pictures()["JPEG with EXIF"]) if part.kind == b"\xe1"
    ]
    tiff = bytearray(payload.removeprefix(b"Exif\0\0"))
    for place in data.draw(st.lists(st.integers(0, len(tiff) - 1), min_size=1, max_size=5)):
        tiff[place] = data.draw(st.integers(0, 255))
    head, *rest = chunks_of(good_pictures()["PNG"])
    for said in exif_times(png_of([head, (b"eXIf", bytes(tiff)), *rest])):
        assert isinstance(said.taken, datetime) or said.ignored
