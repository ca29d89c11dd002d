import csv
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from dev.demo.__main__ import VISIT
from dev.frames.making import make_frames
from dev.frames.scenes import yard
from sightline.models.images import Capture
from sightline.stats.visits import Glimpse, visits
from tests.unit.dev.rekognition.drawings import person, sign, wall

NEWEST_AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
KEY = re.compile(r"[a-z]+/(\d{4}-\d\d-\d\d)/Hour-(\d\d)/snap/MDAlarm_(\d{8})-(\d\d)(\d{4})\.jpg")


def write_clip(path, pictures):
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = pictures[0].shape[:2]
    clip = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (width, height))
    for picture in pictures:
        clip.write(picture)
    clip.release()


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """Make a folder like the package's, with drawn clips and signs."""
    folder = tmp_path_factory.mktemp("examples")
    write_clip(folder / "data/vtest.avi", [np.roll(person(120), 5 * step, axis=1) for step in range(40)])
    write_clip(folder / "data/tree.avi", [np.roll(wall(), step, axis=0) for step in range(60)])
    (folder / "text").mkdir()
    (folder / "data").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "data/home.jpg"), np.full((240, 320, 3), 90, np.uint8))
    for name in [*(f"scenetext_segmented_word{n:02}.jpg" for n in range(1, 6)), "scenetext04.jpg", "scenetext05.jpg"]:
        cv2.imwrite(str(folder / "text" / name), sign(name[-10:-4]))
    return folder


@pytest.fixture(scope="module")
def made(examples, tmp_path_factory):
    out = tmp_path_factory.mktemp("frames")
    return out, make_frames(out, NEWEST_AT, 66, examples)


def test_there_are_as_many_frames_as_asked_each_under_a_key_of_its_own(made):
    out, frames = made
    assert len({frame.key for frame in frames}) == 66
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.jpg")} == {frame.key for frame in frames}


def test_a_key_tells_when_its_frame_was_taken(made):
    for frame in made[1]:
        day, hour, date, hour_again, _ = KEY.fullmatch(frame.key).groups()
        assert (day, hour) == (f"{frame.captured_at:%Y-%m-%d}", f"{frame.captured_at:%H}")
        assert (date, hour_again) == (f"{frame.captured_at:%Y%m%d}", hour)


def test_there_are_three_cameras_and_each_saw_two_days(made):
    days = {(frame.camera, frame.captured_at.date().isoformat()) for frame in made[1]}
    assert days == {(camera, f"2026-11-{day}") for camera in ("yard", "garden", "gate") for day in (20, 21)}


def test_the_newest_frame_of_each_camera_was_taken_at_the_moment_given(made):
    newest = {
        camera: max(f.captured_at for f in made[1] if f.camera == camera) for camera in ("yard", "garden", "gate")
    }
    assert set(newest.values()) == {NEWEST_AT}


def test_the_last_two_hours_hold_people_and_an_empty_yard(made):
    recent = {f.is_person for f in made[1] if f.camera == "yard" and NEWEST_AT - f.captured_at < timedelta(hours=2)}
    assert recent == {True, False}


def test_the_demos_frames_come_in_visits_of_as_many_pictures(examples, tmp_path):
    frames = make_frames(tmp_path, NEWEST_AT, 66, examples, VISIT)
    taken = [Glimpse(f.key, Capture(f.camera, f.captured_at, "key"), 0.0) for f in frames]
    sizes = Counter(len(each.pictures) for each in visits(taken, timedelta(seconds=60)))
    assert VISIT == sizes.most_common(1)[0][0], sizes
    assert len({frame.key for frame in frames}) == 66
    assert {f.is_person for f in frames if f.camera == "yard" and NEWEST_AT - f.captured_at < timedelta(hours=2)} == {
        True,
        False,
    }


def test_the_table_says_the_truth_of_each_frame(made):
    out, frames = made
    with (out / "truth.csv").open(newline="") as file:
        rows = [
            (row["key"], row["camera"], row["captured_at"], row["person"], row["source"])
            for row in csv.DictReader(file)
        ]
    assert rows == [(f.key, f.camera, f.captured_at.isoformat(), str(int(f.is_person)), f.source) for f in frames]
    assert sum(frame.is_person for frame in frames) == 33


def test_the_same_arguments_write_the_same_bytes(made, examples, tmp_path):
    again = make_frames(tmp_path, NEWEST_AT, 66, examples)
    assert [frame.path.read_bytes() for frame in again] == [frame.path.read_bytes() for frame in made[1]]


def test_no_two_frames_share_their_bytes(made):
    assert len({frame.path.read_bytes() for frame in made[1] if frame.camera != "garden"}) == 48


def test_the_empty_yard_has_nobody_in_it(made):
    empty = [cv2.imread(str(frame.path)) for frame in made[1] if "median" in frame.source]
    assert [np.abs(picture.astype(int) - 200).mean() < 5 for picture in empty] == [True] * 8


def test_fewer_than_sixty_frames_are_refused(examples, tmp_path):
    with pytest.raises(ValueError, match="59 frames: the demo needs at least 60"):
        make_frames(tmp_path, NEWEST_AT, 59, examples)


def test_a_package_without_its_clip_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"vtest\.avi: no frame in it"):
        list(yard(tmp_path, 3))
