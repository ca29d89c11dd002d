import struct
import subprocess
import sys
import zlib
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sightline.errors import (
    EmptyImage,
    ImageTooLarge,
    ImageTooSmall,
    NotAnImage,
    TooManyBytes,
    TruncatedImage,
    UnsupportedFormat,
)
from sightline.rekognition import preflight
from sightline.rekognition.preflight import MAX_BYTES_IN_S3, MAX_BYTES_SENT, Picture, inspect_picture
from tests.examples import examples
from tests.unit.services.pictures import chunks_of, encoded, good_pictures, noise, png_of

IMAGE = "s3://cameras/yard/a.jpg"
GOOD = sorted(good_pictures())
PREFLIGHT_ERRORS = (
    *(EmptyImage, NotAnImage, UnsupportedFormat, TruncatedImage),
    *(ImageTooSmall, ImageTooLarge, TooManyBytes),
)


@pytest.mark.parametrize("name", GOOD)
def test_a_picture_that_rekognition_takes_is_told_by_its_bytes(name):
    kind = "PNG" if "PNG" in name else "JPEG"
    assert Picture(96, 80, kind) == inspect_picture("s3://cameras/yard/a.txt", good_pictures()[name])


@pytest.mark.parametrize("name", GOOD)
def test_what_follows_the_end_of_a_picture_does_no_harm(name):
    assert 96 == inspect_picture(IMAGE, good_pictures()[name] + b"left by the camera\xff\xd8\x00").width_pixels


def test_an_empty_object_is_no_picture():
    with pytest.raises(EmptyImage, match=r"^s3://cameras/yard/a\.jpg: an image must have at least one byte"):
        inspect_picture(IMAGE, b"")


@pytest.mark.parametrize("data", [b"camera offline\n", b"\x00" * 500, b"\xff\xd8", b"\x89PNG", b"PK\x03\x04zip"])
def test_bytes_that_are_no_picture_are_refused_whatever_their_name(data):
    with pytest.raises(NotAnImage, match="whatever its name says"):
        inspect_picture(IMAGE, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        *((kind, encoded(noise(), kind)) for kind in ("GIF", "WebP", "BMP", "TIFF")),
        ("HEIF or AVIF", encoded(noise(), "AVIF")),
        ("JPEG 2000", encoded(noise(), "JPEG2000")),
        ("icon", encoded(noise(64, 64), "ICO")),
        ("Photoshop", b"8BPS\x00\x01"),
        ("SVG", b'<?xml version="1.0"?>\n<svg width="100">'),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_picture_of_another_format_is_named(name, data):
    with pytest.raises(UnsupportedFormat, match=rf"^{IMAGE}: Rekognition reads JPEG and PNG only; this is {name}\."):
        inspect_picture(IMAGE, data)


@pytest.mark.parametrize("name", [name for name in GOOD if name not in {"MPO", "animated PNG"}])
def test_a_picture_that_ends_anywhere_too_early_is_truncated(name):
    data = good_pictures()[name]
    for size in {*range(8, len(data), 97), *range(len(data) - 40, len(data))}:
        with pytest.raises(TruncatedImage, match="the whole picture must decode"):
            inspect_picture(IMAGE, data[:size])


def test_an_animation_needs_no_more_than_its_first_picture_to_be_whole():
    chunks = [chunk for chunk in chunks_of(good_pictures()["animated PNG"]) if chunk[0] != b"fdAT"]
    assert Picture(96, 80, "PNG") == inspect_picture(IMAGE, png_of(chunks))


def test_a_png_with_a_wrong_checksum_is_damaged():
    data = bytearray(good_pictures()["PNG"])
    data[data.index(b"IDAT") + 100] ^= 1
    with pytest.raises(TruncatedImage, match="the checksum of chunk IDAT is wrong"):
        inspect_picture(IMAGE, bytes(data))


def test_text_that_unpacks_to_a_hundred_times_its_size_does_not_matter():
    head, *rest = chunks_of(good_pictures()["PNG"])
    bomb = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000)))
    assert Picture(96, 80, "PNG") == inspect_picture(IMAGE, png_of([head, bomb, *rest]))


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (80, 80, None),
        (79, 80, ImageTooSmall),
        (80, 79, ImageTooSmall),
        (60, 60, ImageTooSmall),
        (10_000, 80, None),
        (10_001, 80, ImageTooLarge),
        (12_000, 100, ImageTooLarge),
        (12_000, 10, ImageTooLarge),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_each_side_is_within_what_rekognition_takes(kind, width, height, expected):
    data = encoded(Image.new("L", (width, height)), kind)
    if expected is None:
        assert Picture(width, height, kind) == inspect_picture(IMAGE, data)
    else:
        with pytest.raises(expected, match=rf"^{IMAGE}: .* pixels; it has {width:,} × {height:,}\."):
            inspect_picture(IMAGE, data)


def test_a_picture_that_says_it_is_enormous_is_refused_before_it_is_decoded():
    head, *rest = chunks_of(good_pictures()["PNG"])
    enormous = struct.pack(">II", 2**31 - 1, 2**31 - 1) + head[1][8:]
    with pytest.raises(ImageTooLarge):
        inspect_picture(IMAGE, png_of([(b"IHDR", enormous), *rest]))


def test_the_largest_picture_that_rekognition_takes_is_decoded_without_a_warning():
    assert Picture(10_000, 10_000, "PNG") == inspect_picture(IMAGE, encoded(Image.new("1", (10_000, 10_000)), "PNG"))


def test_a_file_has_as_many_bytes_as_rekognition_takes_and_no_more():
    whole = good_pictures()["JPEG"].ljust(MAX_BYTES_IN_S3, b"\0")
    assert Picture(96, 80, "JPEG") == inspect_picture(IMAGE, whole)
    with pytest.raises(
        TooManyBytes, match=rf"^{IMAGE}: an image must have at most 15 MB .*; it has 15,728,641 bytes\."
    ):
        inspect_picture(IMAGE, whole + b"\0")


def test_bytes_that_are_to_be_sent_may_be_fewer():
    with pytest.raises(TooManyBytes):
        inspect_picture("a.jpg", good_pictures()["JPEG"].ljust(MAX_BYTES_SENT + 1, b"\0"), max_bytes=MAX_BYTES_SENT)


def test_a_third_big_picture_waits_for_the_first_two_and_a_small_one_does_not():
    big = encoded(Image.new("1", (5_000, 4_001)), "PNG")
    seen: list[Picture] = []
    third = Thread(target=lambda: seen.append(inspect_picture(IMAGE, big)))
    with preflight._big_decodes, preflight._big_decodes:
        third.start()
        third.join(0.3)
        assert [] == seen
        assert 96 == inspect_picture(IMAGE, good_pictures()["JPEG"]).width_pixels
    third.join(60)
    assert [Picture(5_000, 4_001, "PNG")] == seen


def of_size(jpeg: bytes, side: int) -> bytes:
    """Give a progressive JPEG another size in its frame."""
    at = jpeg.index(b"\xff\xc2") + 5
    return jpeg[:at] + struct.pack(">HH", side, side) + jpeg[at + 4 :]


MEASURE = """
import resource, sys
from sightline.rekognition.preflight import inspect_picture
data = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(inspect_picture("s3://a/b", data).width_pixels)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_progressive_picture_of_the_largest_size_takes_no_memory_for_its_coefficients(mode):
    bomb = of_size(encoded(noise(mode=mode), "JPEG", progressive=True, subsampling=0), 10_000)
    ran = subprocess.run([sys.executable, "-c", MEASURE], input=bomb, capture_output=True, check=True)
    side, megabytes = map(int, ran.stdout.split())
    assert (10_000, True) == (side, megabytes < 50)


def test_a_big_picture_that_is_damaged_gives_its_place_back():
    head, (kind, pixels), end = chunks_of(encoded(Image.new("1", (5_000, 4_001)), "PNG"))
    for _ in range(3):
        with pytest.raises(TruncatedImage):
            inspect_picture(IMAGE, png_of([head, (kind, pixels[:50]), end]))
    with preflight._big_decodes, preflight._big_decodes:
        assert not preflight._big_decodes.acquire(blocking=False)


def looked_at(data: bytes) -> type:
    """What became of `data`; anything else than a picture or an error of preflight fails the test."""
    try:
        return type(inspect_picture(IMAGE, data))
    except PREFLIGHT_ERRORS as error:
        return type(error)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(data) - 1)) | st.integers(0, 400))
        length = draw(st.sampled_from([0, 1, 2, 4, 50]))
        data[start : start + length] = draw(st.binary(max_size=6))
    return bytes(data)


@given(st.data())
@examples(400)
def test_a_mutated_picture_is_a_picture_or_is_refused_for_a_reason_of_ours(data):
    whole = good_pictures()[data.draw(st.sampled_from(GOOD))]
    assert looked_at(data.draw(mutated(whole))) in {Picture, *PREFLIGHT_ERRORS}


@given(st.data())
@examples(200)
def test_a_png_with_mutated_chunks_and_right_checksums_is_a_picture_or_is_refused(data):
    chunks = chunks_of(good_pictures()[data.draw(st.sampled_from([name for name in GOOD if "PNG" in name]))])
    position = data.draw(st.integers(0, len(chunks) - 1))
    kind, payload = chunks[position]
    kinds = st.sampled_from([kind, b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"iCCP", b"eXIf"])
    chunks[position] = (data.draw(kinds), data.draw(mutated(payload)) if payload else data.draw(st.binary(max_size=40)))
    assert looked_at(png_of(chunks)) in {Picture, *PREFLIGHT_ERRORS}


@given(st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"BM", b"GIF8"]), st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_are_refused(start, rest):
    assert looked_at(start + rest) in {Picture, *PREFLIGHT_ERRORS}
