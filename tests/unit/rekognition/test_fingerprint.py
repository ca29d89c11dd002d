"""Perceptual hashes."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from sightline.rekognition.fingerprint import BITS, distance, fingerprint


def scene(with_person: bool = False, noise: int = 0) -> Image.Image:  # noqa: FBT001, FBT002 - a test's picture
    cells = np.random.default_rng(5).integers(0, 200, (6, 8), dtype=np.uint8)
    picture = Image.fromarray(cells).resize((640, 480), Image.Resampling.BICUBIC)
    if with_person:
        ImageDraw.Draw(picture).rectangle((200, 120, 330, 460), fill=250)
    if noise:
        pixels = np.asarray(picture, dtype=np.int16) + np.random.default_rng(noise).integers(-3, 4, (480, 640))
        picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return picture


def encoded(picture: Image.Image, quality: int = 90) -> bytes:
    data = BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return data.getvalue()


def seen(picture: Image.Image, quality: int = 90) -> str:
    found = fingerprint(encoded(picture, quality))
    assert found is not None
    return found


def test_the_same_picture_with_noise_and_another_quality_has_almost_the_same_fingerprint():
    assert distance(seen(scene()), seen(scene(noise=1), quality=60)) <= 8


def test_a_picture_with_somebody_in_it_has_another_fingerprint():
    assert distance(seen(scene()), seen(scene(with_person=True))) > 8


def test_a_fingerprint_is_256_bits_as_hex():
    assert BITS == 4 * len(seen(scene()))


def test_a_picture_whose_pixels_cannot_be_read_has_none():
    assert fingerprint(encoded(scene())[:200]) is None
    assert fingerprint(b"no picture") is None


def test_a_picture_that_would_take_too_much_memory_has_none():
    data = BytesIO()
    Image.new("1", (8000, 6000)).save(data, "PNG")
    assert fingerprint(data.getvalue()) is None
