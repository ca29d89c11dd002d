from dev.rekognition.kinds import KINDS
from dev.rekognition.labels import labels_of
from dev.rekognition.seen import Seen
from dev.rekognition.text import Line
from sightline.models.answers import Box, Detection

ON_THE_LEFT, ON_THE_RIGHT = Box(0.1, 0.1, 0.2, 0.4), Box(0.6, 0.1, 0.2, 0.4)


def summary(people=(), faces=(), text=(), objects=()):
    return [(each.name, each.confidence) for each in labels_of(Seen(people, faces, objects), text)]


def test_what_lies_on_text_is_not_a_person():
    people = (Detection("Person", 90.0, ON_THE_LEFT), Detection("Person", 60.0, ON_THE_RIGHT))
    text = (Line((Detection("STOP", 95.0, ON_THE_LEFT),)),)
    assert summary(people, text=text) == [("Text", 95.0), ("Person", 60.0)]


def test_a_person_is_as_sure_as_the_surest_of_body_and_face():
    people, faces = (Detection("Person", 40.0, ON_THE_LEFT),), (Detection("Face", 70.0, ON_THE_RIGHT),)
    assert summary(people, faces) == [("Person", 70.0), ("Head", 70.0), ("Face", 70.0)]


def test_nothing_seen_is_no_label():
    assert summary() == []


def test_a_car_is_a_vehicle_and_transportation_as_sure_as_the_surest_of_its_kinds():
    cars = (Detection("Car", 60.0, ON_THE_LEFT), Detection("Car", 45.0, ON_THE_RIGHT))
    found = labels_of(Seen((), (), (*cars, Detection("Bus", 70.0, ON_THE_LEFT))), ())
    assert [("Bus", 70.0), ("Transportation", 70.0), ("Vehicle", 70.0), ("Car", 60.0)] == [
        (each.name, each.confidence) for each in found
    ]
    assert ("Vehicle", "Transportation") == found[-1].kind.parents
    assert cars == found[-1].instances
    assert [(), ()] == [each.instances for each in found[1:3]]


def test_each_kind_that_is_answered_has_a_category_and_all_its_ancestors():
    for name, kind in KINDS.items():
        assert kind.categories, name
        for parent in kind.parents:
            assert set(KINDS[parent].parents) <= set(kind.parents), (name, parent)
