import numpy as np
import pytest

from dev.rekognition.colours import main_colours
from dev.rekognition.faces import find_faces
from dev.rekognition.light import light_of
from dev.rekognition.people import find_people
from dev.rekognition.scene import measure_scene
from dev.rekognition.text import find_text
from sightline.models.answers import Box
from tests.unit.dev.rekognition.drawings import face, person, sign, wall


@pytest.mark.parametrize("height", [120, 200, 400])
def test_a_standing_figure_is_a_person_whether_far_or_near(height):
    found = find_people(person(height))
    assert [each.confidence > 90 for each in found[:1]] == [True]
    middle = found[0].box.left + found[0].box.width / 2
    assert middle == pytest.approx(0.5, abs=0.05)
    assert found[0].box.height == pytest.approx(height / 480, rel=0.35)


def test_one_figure_is_one_person():
    assert len([each for each in find_people(person()) if each.confidence >= 50]) == 1


def test_nobody_is_before_an_empty_wall():
    assert find_people(wall()) == ()


@pytest.mark.parametrize("shape", [(80, 8_000), (8_000, 80), (80, 1_000)])
def test_a_picture_that_is_narrower_than_the_window_for_people_is_searched_as_far_as_it_goes(shape):
    """OpenCV writes past its memory, or ends the process, if it searches less than its window."""
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    assert [] == [each for each in (*find_people(noise), *find_faces(noise)) if each.confidence >= 50]


def test_a_face_from_the_front_is_found_in_its_place():
    (found,) = find_faces(face())
    assert found.confidence > 90
    assert found.box.left + found.box.width / 2 == pytest.approx(0.5, abs=0.05)
    assert set(found.attributes["quality"]) == {"brightness", "sharpness"}


def test_a_face_upside_down_is_not_found():
    assert find_faces(np.ascontiguousarray(face()[::-1])) == ()


def test_text_is_read_line_by_line():
    assert [line.text for line in find_text(sign("NO PARKING", "AT ANY TIME"))] == ["NO PARKING", "AT ANY TIME"]


def test_words_lie_where_they_are_drawn():
    (line,) = find_text(sign("NO PARKING"))
    no, parking = (word.box for word in line.words)
    assert no.left < no.left + no.width < parking.left
    assert 0.15 < no.top < 0.4


def test_an_empty_wall_has_no_text():
    assert find_text(wall()) == ()


def test_white_is_bright_and_black_is_dark_and_neither_is_sharp():
    black, white = (light_of(np.full((90, 90, 3), value, np.uint8)) for value in (0, 255))
    assert (black.brightness, black.sharpness, black.contrast) == (0.0, 0.0, 0.0)
    assert (white.brightness, white.sharpness, white.contrast) == (100.0, 0.0, 0.0)


def test_an_edge_is_sharper_than_a_ramp():
    ramp = np.repeat(np.linspace(0, 255, 128).astype(np.uint8)[None, :, None], 128, axis=0).repeat(3, axis=2)
    edge = np.where(ramp > 127, 255, 0).astype(np.uint8)
    assert light_of(edge).sharpness > light_of(ramp).sharpness
    assert light_of(edge).contrast == pytest.approx(100)


def test_main_colours_come_with_their_share_and_their_names():
    picture = np.zeros((80, 100, 3), np.uint8)
    picture[:, :75] = (0, 0, 255)
    found = main_colours(picture, 5)
    assert [(c.css, c.simplified, c.hex_code, c.pixel_percent) for c in found] == [
        ("red", "red", "#ff0000", 75.0),
        ("black", "black", "#000000", 25.0),
    ]


def test_a_pale_colour_is_a_grey():
    (found,) = main_colours(np.full((9, 9, 3), (194, 190, 188), np.uint8), 3)
    assert found.simplified == "grey"


def test_the_scene_tells_the_foreground_from_the_rest():
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, :50] = 255
    scene = measure_scene(picture, (Box(0, 0, 0.5, 1),))
    assert scene.foreground.light.brightness == pytest.approx(100)
    assert scene.background.light.brightness == 0.0


def test_without_boxes_there_is_no_foreground():
    assert measure_scene(wall(), ()).foreground is None
