"""Boxes and words drawn into a picture."""

from dataclasses import asdict
from io import BytesIO

from PIL import Image

from sightline.cli.detections import COLOURS, captions, draw
from sightline.models.answers import Box, Detection

BOX = Box(0.3, 0.4, 0.2, 0.3)


def drawn(tmp_path, **found: list[Detection]) -> Image.Image:
    """Draw on black."""
    picture, out = BytesIO(), tmp_path / "out.png"
    Image.new("RGB", (640, 480)).save(picture, "PNG")
    assert sum(map(len, found.values())) == draw(picture.getvalue(), found, out)
    return Image.open(out)


def pixels_of(image: Image.Image, colour: str) -> int:
    """Count the pixels of a colour: those of a box are few beside the ground of its words."""
    wanted = tuple(bytes.fromhex(colour[1:]))
    return sum(pixel == wanted for pixel in image.get_flattened_data())


def test_words_at_one_place_do_not_hide_each_other(tmp_path):
    person, face = Detection("Person", 98.0, BOX), Detection("Face", 97.0, BOX)
    alone = pixels_of(drawn(tmp_path, labels=[person]), COLOURS[0])
    both = drawn(tmp_path, labels=[person], faces=[face])
    assert pixels_of(both, COLOURS[1]) > 0
    assert pixels_of(both, COLOURS[0]) > alone - 2 * 640


def test_words_that_find_no_place_are_drawn_all_the_same(tmp_path):
    crowd = [Detection(f"Person {number}", 98.0, BOX) for number in range(100)]
    assert pixels_of(drawn(tmp_path, labels=crowd), COLOURS[0]) > 0


def test_a_box_says_how_sure_it_is_itself_and_not_how_sure_the_surest_one_of_its_label_is():
    instances = [{"box": asdict(BOX), "confidence": 99.6}, {"box": None, "confidence": 70.0}]
    instances.append({"box": asdict(BOX), "confidence": 41.2})
    people = Detection("Person", 99.6, attributes={"instances": instances})
    assert [(BOX, "Person 100 %"), (BOX, "Person 41 %")] == list(captions(people))
    assert [(BOX, "Face 73 %")] == list(captions(Detection("Face", 72.8, BOX)))
