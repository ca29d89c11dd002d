"""Clips in H.264 that are written here: OpenCV, which cannot write them, sees what was put in."""

import cv2
import numpy as np
import pytest

from dev.clips.mp4 import write_clip
from sightline.video.choosing import Picture

_SPOTS = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)
SMOOTH: Picture = np.asarray(cv2.resize(_SPOTS, (122, 90), interpolation=cv2.INTER_CUBIC), np.uint8)
"""A picture whose sides are no multiple of a macroblock's."""


def read(path):
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    codec = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    shown = []
    while (found := capture.read())[0]:
        shown.append((capture.get(cv2.CAP_PROP_POS_MSEC), found[1]))
    capture.release()
    return codec, shown


def test_each_picture_is_shown_for_its_time_and_looks_as_it_did(tmp_path):
    pictures = [np.full((90, 122, 3), shade, np.uint8) for shade in (0, 128, 255)] + [SMOOTH]
    codec, shown = read(write_clip(tmp_path / "clip.mp4", pictures, 5))
    assert codec in {b"h264", b"avc1"}
    assert [200 * number for number in range(20)] == pytest.approx([at for at, _ in shown])
    for number, (_, picture) in enumerate(shown):
        assert np.abs(picture.astype(int) - pictures[number // 5]).mean() < 6  # colours have half the pixels


def test_a_picture_may_be_shown_for_longer_than_frames_are_counted(tmp_path):
    _, shown = read(
        write_clip(tmp_path / "clip.mp4", [SMOOTH, np.asarray(255 - SMOOTH, np.uint8)], 10, seconds_each=4.0)
    )
    assert 80 == len(shown)
    assert np.array_equal(shown[0][1], shown[39][1])
    assert not np.array_equal(shown[39][1], shown[40][1])
