from pathlib import Path

import numpy as np
import pytest

from bench.detector import Frame, fit, left_out, person_percent, read_frames
from dev.rekognition.confidence import BODIES, FACES
from dev.rekognition.seen import Seen
from sightline.models.answers import Detection

CAMERAS = np.array(["a", "a", "a", "b", "b", "b"])


def seen(logit, face=None):
    faces = () if face is None else (Detection("Face", FACES.percent(face)),)
    return Seen((Detection("Person", BODIES.percent(logit)),), faces)


def frames_of(truth):
    return [Frame("g", camera, Path(), shows) for camera, shows in zip(CAMERAS, truth, strict=True)]


def test_a_fitted_curve_crosses_half_between_what_is_there_and_what_is_not():
    slope, offset = fit(np.array([2.0, 1.8, -0.8, 2.2, -1.0, -1.2]), np.array([1, 1, 0, 1, 0, 0], bool), CAMERAS)
    assert -0.8 < -offset / slope < 1.8
    assert slope > 0


def test_a_camera_is_judged_by_a_fit_that_does_not_know_it():
    truth = [True, True, False, True, False, False]
    logits = [2.0, 1.8, -0.8, 2.2, -1.0, -1.2]
    percent, (slope, offset) = left_out(frames_of(truth), [seen(each) for each in logits], BODIES)
    alone = fit(np.array(logits[3:]), np.array(truth[3:]), CAMERAS[3:])
    assert 100 / (1 + np.exp(-(alone[0] * 2.0 + alone[1]))) == pytest.approx(percent[0], abs=0.1)
    assert (slope, offset) != pytest.approx(tuple(alone))


def test_a_face_makes_a_person():
    assert person_percent(seen(-2.0, face=3.0)) == FACES.percent(3.0)
    assert 0.0 == person_percent(Seen((), ()))


def test_the_truth_is_read_by_camera(tmp_path):
    (tmp_path / "truth.csv").write_text("key,camera,person\na/1.jpg,hall,1\na/2.jpg,yard,0\n")
    first, second = read_frames(tmp_path, "folder")
    assert ("folder/hall", tmp_path / "a/1.jpg", True) == (first.camera, first.path, first.has_person)
    assert not second.has_person
