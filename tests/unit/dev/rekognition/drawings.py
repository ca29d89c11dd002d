"""Drawn pictures: enough of a person, a face and a sign for the detectors to see one."""

import io

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dev.rekognition.picture import Picture

_DARK = (40, 40, 40)


def wall() -> Picture:
    """Draw a wall with nobody before it."""
    return np.full((480, 640, 3), 200, np.uint8)


def person(height: int = 200) -> Picture:
    """Draw a standing figure of `height` pixels before a wall."""
    picture = wall()
    x, top, unit = 320, (480 - height) // 2, height / 8
    cv2.ellipse(picture, (x, int(top + unit * 0.6)), (int(unit * 0.42), int(unit * 0.58)), 0, 0, 360, _DARK, -1)
    neck, hips = int(top + unit), int(top + unit * 4.2)
    cv2.rectangle(picture, (int(x - unit * 0.15), neck), (int(x + unit * 0.15), hips), _DARK, -1)
    body = [(-0.95, 1.5), (0.95, 1.5), (0.6, 4.2), (-0.6, 4.2)]
    cv2.fillPoly(picture, [np.array([(x + a * unit, top + b * unit) for a, b in body], np.int32)], _DARK)
    for side in (-unit, unit):
        shoulder, hand = (int(x + side * 0.85), int(top + unit * 1.7)), (int(x + side), hips)
        cv2.line(picture, shoulder, hand, _DARK, int(unit * 0.38))
        hip, foot = (int(x + side * 0.3), int(top + unit * 4)), (int(x + side * 0.45), int(top + unit * 7.8))
        cv2.line(picture, hip, foot, _DARK, int(unit * 0.55))
    return cv2.GaussianBlur(picture, (5, 5), 0)  # type: ignore[return-value]


def face(radius: int = 80) -> Picture:
    """Draw a face from the front, in the middle of a square."""
    picture = np.full((320, 320, 3), 90, np.uint8)
    c, r = 160, radius
    cv2.ellipse(picture, (c, c), (r, int(r * 1.3)), 0, 0, 360, (180, 190, 210), -1)
    cv2.ellipse(picture, (c, int(c - r * 0.95)), (int(r * 1.02), int(r * 0.55)), 0, 180, 360, (30, 30, 40), -1)
    for side in (-r, r):
        eye = (int(c + side * 0.42), int(c - r * 0.28))
        cv2.ellipse(picture, eye, (int(r * 0.24), int(r * 0.11)), 0, 0, 360, (60, 60, 70), -1)
        brow = (int(c + side * 0.18), int(c - r * 0.5)), (int(c + side * 0.68), int(c - r * 0.52))
        cv2.line(picture, *brow, (40, 40, 50), int(r * 0.09))
    cv2.line(picture, (c, int(c - r * 0.2)), (c, int(c + r * 0.25)), (205, 215, 235), int(r * 0.18))
    cv2.ellipse(picture, (c, int(c + r * 0.32)), (int(r * 0.2), int(r * 0.07)), 0, 0, 360, (120, 125, 140), -1)
    cv2.ellipse(picture, (c, int(c + r * 0.68)), (int(r * 0.36), int(r * 0.1)), 0, 0, 360, (80, 80, 130), -1)
    return cv2.GaussianBlur(picture, (7, 7), 0)  # type: ignore[return-value]


def sign(*lines: str) -> Picture:
    """Draw a sign with `lines` on it."""
    image = Image.new("RGB", (640, 480), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((60, 80 + 120 * number), line, "black", font=ImageFont.load_default(72))
    return np.asarray(image)[:, :, ::-1].copy()


def encoded(picture: Picture, image_format: str = "JPEG", **settings: object) -> bytes:
    """Store `picture` as a file's bytes."""
    file = io.BytesIO()
    Image.fromarray(picture[:, :, ::-1]).save(file, image_format, **settings)
    return file.getvalue()
