"""The networks on awkward pictures, and what happens without them. CI has the models; at home they may be missing."""

import os
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dev.rekognition import confidence
from dev.rekognition.bodies import Eyes, Look, apart, distinct, face_side, faces_of, find_bodies
from dev.rekognition.detectors import detector_here
from dev.rekognition.models import FOLDER, problems, read_lock
from dev.rekognition.picture import read_picture
from dev.rekognition.ssd import Sighting, Tile, cover
from tests.unit.dev.rekognition.drawings import encoded, sign, wall

LEAST_PERCENT = 50


@pytest.fixture(scope="module")
def networks():
    found = detector_here()
    if found.because:
        if os.environ.get("CI"):
            pytest.fail(found.because)
        pytest.skip(found.because)
    return found


def sure(seen):
    return [each for each in seen.people if each.confidence >= LEAST_PERCENT]


def noise(height, width):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("shape", [(80, 10_000), (10_000, 80), (80, 80), (81, 123), (1080, 1920)])
def test_every_shape_is_covered_by_few_tiles_that_lie_inside_it(shape):
    height, width = shape
    covered = np.zeros(shape, bool)
    tiles = cover(np.zeros((*shape, 3), np.uint8), 3.0)
    for tile in tiles[1:] or tiles:
        assert 0 <= tile.left <= tile.left + tile.width <= width
        assert 0 <= tile.top <= tile.top + tile.height <= height
        covered[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] = True
    assert covered.all()
    assert len(tiles) <= 5


def test_of_sightings_of_one_face_the_surest_is_kept():
    def face(logit, x):
        return Sighting(logit, np.array([x, 50.0]), np.array([20.0, 20.0]), np.zeros((6, 2)))

    kept = apart([face(1.0, 50), face(2.0, 55), face(0.5, 90)], lambda each: each.centre, face_side)
    assert [2.0, 0.5] == [each.logit for each in kept]


class Searching:
    """A network that answers each tile with one sighting in its middle, and remembers the tiles."""

    def __init__(self, *logits):
        self.logits, self.tiles = list(logits), []

    def look(self, picture, tile, least_logit):
        assert tile.left + tile.width <= picture.shape[1]
        self.tiles.append(tile)
        logit = self.logits.pop(0) if self.logits else least_logit - 1
        if logit >= least_logit:
            hips = np.array([tile.left + tile.width / 2, tile.top + tile.height / 2])
            points = np.array([hips, hips + np.array([0, 20]), hips, hips])
            yield Sighting(logit, hips, np.array([10.0, 10.0]), points)


@pytest.mark.parametrize(("of_the_second_look", "tiles_of_faces"), [(1.0, 2), (-0.9, 2), (-1.1, 1), (-3.0, 1)])
def test_faces_are_looked_for_again_only_if_a_second_look_leaves_a_body_possible(of_the_second_look, tiles_of_faces):
    people, faces = Searching(-0.5, of_the_second_look), Searching()
    Eyes(people, faces).look(noise(200, 200))
    assert 2 == len(people.tiles)
    assert people.tiles[:tiles_of_faces] == faces.tiles


def test_an_enlarged_part_that_was_already_looked_at_is_left_out():
    first, beside, far = Tile(0, 0, 100, 100), Tile(10, 0, 100, 100), Tile(80, 0, 100, 100)
    assert [first, far] == distinct([first, beside, far, first])


def body_at(x, y, reach=20):
    middle = np.array([x, y], float)
    points = middle + np.array([[0, 0], [0, -reach], [0, -reach / 2], [0, -reach]])
    return Sighting(1.0, middle, np.array([reach, reach], float), points)


@pytest.mark.parametrize(("x", "y"), [(-90.0, 50.0), (50.0, -90.0), (290.0, 50.0), (50.0, 190.0)])
def test_what_is_found_in_the_border_of_the_input_is_not_in_the_picture(x, y):
    face = Sighting(1.0, np.array([x, y]), np.array([30.0, 30.0]), np.tile((x, y), (6, 1)))

    class Beside:
        def look(self, _):
            return Look([body_at(x, y), body_at(50, 50)], [face])

    seen = find_bodies(noise(100, 200), Beside())  # type: ignore[arg-type]  # only its look is asked for
    assert (1, ()) == (len(seen.people), seen.faces)


def test_a_face_that_the_edge_cuts_to_a_sliver_is_answered_with_its_light():
    face = Sighting(1.0, np.array([214.9, 50.0]), np.array([30.0, 30.0]), np.full((6, 2), 50.0))
    (found,) = faces_of([face], noise(100, 200))
    assert pytest.approx(0.1 / 200) == found.box.width
    assert 0 < found.attributes["quality"]["brightness"] < 100


def test_confidence_is_a_percent_that_rises_with_the_log_odds():
    rising = [confidence.BODIES.percent(logit) for logit in (-2.0, 0.0, 0.5, 2.0)]
    assert sorted(rising) == rising
    assert 0 < rising[0] < rising[-1] < 100
    assert confidence.BODIES.logit(confidence.BODIES.percent(0.7)) == pytest.approx(0.7)
    assert confidence.FACES.percent(-1) < LEAST_PERCENT < confidence.FACES.percent(2)


@pytest.mark.parametrize("shape", [(80, 10_000), (10_000, 80), (80, 80)])
def test_a_narrow_or_tiny_picture_is_looked_at(networks, shape):
    assert_in_its_place(networks.see(noise(*shape)))


def assert_in_its_place(seen):
    """Everything that was found lies in the picture, and its confidence is a percent."""
    for each in (*seen.people, *seen.faces, *seen.objects):
        assert 0 <= each.box.left < each.box.left + each.box.width <= 1.0001
        assert 0 <= each.box.top < each.box.top + each.box.height <= 1.0001
        assert 0 < each.confidence <= 100


@pytest.mark.parametrize(("orientation", "transposed"), [(3, False), (6, True), (8, True)])
def test_a_jpeg_that_lies_on_its_side_is_looked_at_upright(networks, orientation, transposed):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(encoded(noise(120, 200), exif=exif))
    assert ((200, 120) if transposed else (120, 200)) == picture.shape[:2]
    assert_in_its_place(networks.see(picture))


@pytest.mark.parametrize("value", [0, 128, 255])
def test_nobody_is_in_a_frame_of_one_colour(networks, value):
    assert sure(networks.see(np.full((480, 640, 3), value, np.uint8))) == []


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_grey_and_cmyk_pictures_are_looked_at(networks, mode):
    file = BytesIO()
    Image.fromarray(wall()).convert(mode).save(file, "JPEG")
    assert sure(networks.see(read_picture(file.getvalue()))) == []


def test_letters_are_not_people(networks):
    assert sure(networks.see(read_picture(encoded(sign("I Y T A X", "l i k M H"))))) == []


def test_sixty_sightings_are_sixty_people_with_a_box_each():
    def body(number):
        middle = np.array([40.0 + 100 * (number % 10), 60.0 + 150 * (number // 10)])
        return Sighting(2.0, middle, np.array([10.0, 10.0]), middle + np.array([[0, 10], [0, -50], [0, -10], [0, -40]]))

    assert 60 == len(apart([body(number) for number in range(60)], lambda each: each.points[0], lambda _: 60.0))


def test_the_model_version_names_the_detector(networks):
    assert "sightline-networks-1" == networks.model_version
    assert problems(FOLDER, read_lock()) == []
