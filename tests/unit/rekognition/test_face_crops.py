from io import BytesIO

import pytest
from PIL import Image

from sightline.models.answers import Box
from sightline.rekognition.face_crops import LEAST_SIDE_PIXELS, FaceCrop, cut_out
from sightline.rekognition.preflight import MIN_SIDE_PIXELS

RED, GREEN, GREY = (200, 0, 0), (0, 200, 0), (127, 127, 127)


def picture(size=(1000, 500), *faces):
    image = Image.new("RGB", size, (255, 255, 255))
    for colour, box in faces:
        left, top = round(box.left * size[0]), round(box.top * size[1])
        image.paste(colour, (left, top, left + round(box.width * size[0]), top + round(box.height * size[1])))
    return image


def opened(crop):
    return Image.open(BytesIO(crop.data))


def is_near(colour, other):
    return all(abs(one - two) < 20 for one, two in zip(colour, other, strict=True))


def at(image, x, y):
    return image.getpixel((round(x * image.width), round(y * image.height)))


def test_a_face_is_cut_out_with_a_margin_and_its_place_is_told():
    face = Box(0.4, 0.4, 0.2, 0.4)
    crop = cut_out(picture((1000, 500), (RED, face)), face, [])
    image = opened(crop)
    assert (600, 500) == image.size  # above and below there is no more of the picture
    assert is_near(RED, at(image, crop.face.left + 0.02, crop.face.top + 0.02))
    assert is_near((255, 255, 255), at(image, crop.face.left - 0.02, crop.face.top))
    assert (200 / 600, 200 / 500) == (crop.face.left, crop.face.top)


def test_another_face_in_the_margin_is_covered_and_none_of_the_own_is():
    face, other = Box(0.4, 0.4, 0.2, 0.4), Box(0.55, 0.3, 0.3, 0.6)
    image = opened(cut_out(picture((1000, 500), (GREEN, other), (RED, face)), face, [other]))
    colours = [each for _, each in image.getcolors(1_000_000)]
    assert not any(is_near(GREEN, each) for each in colours)
    assert is_near(GREY, at(image, 0.8, 0.5))
    assert is_near(RED, at(image, 0.65, 0.5))


def test_around_a_small_face_more_of_the_picture_is_cut_out_and_nothing_is_enlarged():
    face = Box(0.5, 0.5, 0.02, 0.04)
    crop = cut_out(picture((1000, 500), (RED, face)), face, [])
    assert (LEAST_SIDE_PIXELS, LEAST_SIDE_PIXELS) == opened(crop).size
    assert (20 / LEAST_SIDE_PIXELS, 20 / LEAST_SIDE_PIXELS) == (crop.face.width, crop.face.height)


@pytest.mark.parametrize("box", [Box(0.5, 0.5, 0.01, 0.02), Box(0.995, 0.99, 0.1, 0.1), Box(-0.1, -0.1, 0.15, 0.15)])
def test_what_is_small_or_reaches_beyond_the_picture_is_large_enough_to_be_sent(box):
    crop = cut_out(picture(), box, [])
    assert min(opened(crop).size) >= MIN_SIDE_PIXELS
    assert 0 < crop.face.width <= 1


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Box(0.3, 0.3, 0.4, 0.4), True),
        (Box(0.2, 0.2, 0.6, 0.6), True),
        (Box(0.0, 0.3, 0.2, 0.4), False),
        (Box(0.0, 0.0, 0.5, 0.49), False),
    ],
)
def test_a_face_elsewhere_in_the_cut_out_is_another(seen, expected):
    assert expected == FaceCrop(b"", Box(0.25, 0.25, 0.5, 0.5)).is_of(seen)
