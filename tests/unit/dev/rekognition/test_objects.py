"""What is made of the network's finds; the network itself if its files are on this machine."""

import numpy as np
import pytest

from dev.rekognition.confidence import PEOPLE_OF_NANODET
from dev.rekognition.detectors import OBJECTS, detector_here
from dev.rekognition.kinds import COCO
from dev.rekognition.nanodet import Thing, distinct
from dev.rekognition.objects import find_objects
from dev.rekognition.picture import read_picture
from tests.unit.dev.rekognition.drawings import encoded, sign, wall

PERSON, CAR = COCO.index("Person"), COCO.index("Car")


def thing(kind, logit, *edges):
    return Thing(kind, logit, np.array(edges, float))


class Finds:
    """A network that finds given things, as far as they are sure enough."""

    def __init__(self, *things):
        self.things = things

    def look(self, picture, least_logits):
        assert picture.ndim == 3
        return [each for each in self.things if each.logit >= least_logits[each.kind]]


class Nobody:
    """A network that finds no faces, and remembers where it has looked."""

    def __init__(self):
        self.tiles = []

    def look(self, picture, tile, least_logit):
        assert tile.left + tile.width <= picture.shape[1]
        assert tile.top + tile.height <= picture.shape[0]
        assert least_logit < 0
        self.tiles.append(tile)
        return iter(())


def test_things_are_answered_from_40_percent_and_people_below_it():
    finds = Finds(thing(CAR, -0.5, 0, 0, 50, 50), thing(CAR, -0.3, 90, 0, 140, 50), thing(PERSON, -0.9, 0, 0, 20, 60))
    seen = find_objects(wall(), finds, Nobody())
    assert [("Car", pytest.approx(42.6, abs=0.1))] == [(each.name, each.confidence) for each in seen.objects]
    assert [PEOPLE_OF_NANODET.percent(-0.9)] == [each.confidence for each in seen.people]
    assert (0.0, 0.125) == (seen.people[0].box.left, seen.people[0].box.height)


def test_a_kind_whose_name_is_not_certain_is_not_answered():
    unnamed = COCO.index(None)
    assert () == find_objects(wall(), Finds(thing(unnamed, 5, 0, 0, 50, 50)), Nobody()).objects


def test_what_is_found_in_the_border_of_the_input_is_not_in_the_picture():
    finds = Finds(*(thing(kind, 2, 0, -90, 50, -1) for kind in (PERSON, CAR)), thing(CAR, 1, 600, 10, 900, 50))
    seen = find_objects(wall(), finds, Nobody())
    assert ((), [600 / 640]) == (seen.people, [each.box.left for each in seen.objects])


def test_faces_are_looked_for_around_the_heads_of_at_most_three_people():
    people = [thing(PERSON, 2, x, 100, x + 60, 400) for x in range(0, 600, 100)]
    with_people, without = Nobody(), Nobody()
    find_objects(wall(), Finds(*people), with_people)
    find_objects(wall(), Finds(), without)
    heads = [tile for tile in with_people.tiles if tile not in without.tiles]
    assert 3 == len(heads)
    assert all(tile.top < 100 < tile.top + tile.height < 300 for tile in heads)


def test_sixty_people_are_sixty_and_what_two_cells_found_is_one():
    people = [thing(PERSON, 2, 10 * x, 40 * y, 10 * x + 8, 40 * y + 30) for x in range(10) for y in range(6)]
    again = [Thing(each.kind, 1, each.edges + 1) for each in people]
    assert people == distinct([*people, *again])
    assert 2 == len(distinct([people[0], Thing(CAR, 1, people[0].edges)]))


@pytest.fixture(scope="module")
def objects():
    found = detector_here(wanted=OBJECTS)
    if found.name != OBJECTS:
        pytest.skip(found.because)
    return found


@pytest.mark.parametrize("shape", [(80, 10_000, 3), (10_000, 80, 3), (80, 80, 3)])
def test_a_narrow_or_tiny_picture_is_looked_at(objects, shape):
    seen = objects.see(np.random.default_rng(1).integers(0, 256, shape, np.uint8))
    for each in (*seen.people, *seen.objects):
        assert 0 <= each.box.left <= each.box.left + each.box.width <= 1.0001


def test_nobody_is_in_a_frame_of_one_colour_or_in_letters(objects):
    for picture in (wall(), read_picture(encoded(sign("I Y T A X", "l i k M H")))):
        assert [] == [each for each in objects.see(picture).people if each.confidence >= 50]
