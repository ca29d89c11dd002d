from io import BytesIO
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from dev.rekognition.picture import box_of, covered_share, read_picture, scale_to
from dev.rekognition.refusals import Refusal
from sightline.models.answers import Box
from tests.unit.dev.rekognition.drawings import encoded, wall


def code_of(content):
    with pytest.raises(Refusal) as refused:
        read_picture(content)
    return refused.value.code


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_jpeg_and_png_are_read_whatever_their_name_says(image_format):
    assert read_picture(encoded(wall(), image_format)).shape == (480, 640, 3)


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "BMP"])
def test_other_formats_are_refused(image_format):
    assert code_of(encoded(wall(), image_format)) == "InvalidImageFormatException"


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\xff\xd8\xff\xe0 no picture either"])
def test_what_is_no_picture_is_refused(content):
    assert code_of(content) == "InvalidImageFormatException"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_picture_that_ends_before_it_should_is_refused(image_format):
    whole = encoded(wall(), image_format)
    assert code_of(whole[: len(whole) * 2 // 3]) == "InvalidImageFormatException"


def test_a_side_below_80_pixels_is_refused():
    assert code_of(encoded(wall()[:79])) == "InvalidParameterException"


def test_a_side_of_80_pixels_is_read():
    assert read_picture(encoded(wall()[:80])).shape == (80, 640, 3)


def test_a_side_above_10000_pixels_is_refused():
    assert code_of(encoded(scale_to(wall()[:80], 10_001), "PNG")) == "ImageTooLargeException"


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    bomb = bytearray(encoded(wall(), "PNG"))
    bomb[16:24] = (50_000).to_bytes(4, "big") * 2  # the width and height that the header claims
    assert code_of(bytes(bomb)) in {"ImageTooLargeException", "InvalidImageFormatException"}


def test_a_picture_is_turned_upright_by_its_exif_orientation():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_picture(encoded(wall(), exif=exif)).shape == (640, 480, 3)


def turned_by_6(image_format, **more):
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(wall(), image_format, exif=exif, **more)


def test_a_jpeg_that_holds_a_second_picture_is_turned_like_any_other():
    second = Image.new("RGB", (100, 100))
    content = turned_by_6("MPO", save_all=True, append_images=[second])
    assert read_picture(content).shape == (640, 480, 3)


def test_a_png_is_never_turned():
    assert read_picture(turned_by_6("PNG")).shape == (480, 640, 3)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0garbage", b"Exif\0\0", b"no EXIF at all"])
def test_a_jpeg_whose_exif_cannot_be_read_is_as_it_is(exif):
    assert read_picture(encoded(wall(), exif=exif)).shape == (480, 640, 3)


def stored_as(image, **more):
    file = BytesIO()
    image.save(file, "PNG", **more)
    return read_picture(file.getvalue())


def test_a_grey_png_of_sixteen_bits_is_as_bright_as_one_of_eight():
    grey = np.tile(np.arange(0, 256, dtype=np.uint16), (80, 1))
    assert np.array_equal(stored_as(Image.fromarray(grey.astype(np.uint8))), stored_as(Image.fromarray(grey * 257)))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "1"])
def test_a_png_of_any_mode_has_three_channels(mode):
    assert stored_as(Image.fromarray(wall()).convert(mode)).shape == (480, 640, 3)


def test_a_palette_with_transparent_colours_is_read():
    assert stored_as(Image.fromarray(wall()).convert("P"), transparency=bytes(9)).shape == (480, 640, 3)


def test_a_picture_of_the_largest_size_is_decoded_and_not_taken_for_a_bomb():
    claims = bytearray(encoded(wall(), "PNG"))
    claims[16:24] = (10_000).to_bytes(4, "big") * 2
    claims[29:33] = crc32(claims[12:29]).to_bytes(4, "big")
    assert code_of(bytes(claims)) == "InvalidImageFormatException"  # for the pixels that are missing


def test_a_box_is_cut_at_the_edges_of_the_picture():
    assert box_of(-64, 240, 128, 480, wall()) == Box(left=0.0, top=0.5, width=0.1, height=0.5)


def test_the_covered_share_is_that_of_the_first_box():
    assert covered_share(Box(0, 0, 0.5, 1), (Box(0.25, 0, 0.5, 0.5),)) == 0.25
    assert covered_share(Box(0, 0, 0, 0), (Box(0, 0, 1, 1),)) == 0.0
