from dev.rekognition.labels import labels_of
from dev.rekognition.text import Line
from sightline.models.answers import Box, Detection

ON_THE_LEFT, ON_THE_RIGHT = Box(0.1, 0.1, 0.2, 0.4), Box(0.6, 0.1, 0.2, 0.4)


def summary(people=(), faces=(), text=()):
    return [(each.name, each.confidence) for each in labels_of(people, faces, text)]


def test_what_lies_on_text_is_not_a_person():
    people = (Detection("Person", 90.0, ON_THE_LEFT), Detection("Person", 60.0, ON_THE_RIGHT))
    text = (Line((Detection("STOP", 95.0, ON_THE_LEFT),)),)
    assert summary(people, text=text) == [("Text", 95.0), ("Person", 60.0)]


def test_a_person_is_as_sure_as_the_surest_of_body_and_face():
    people, faces = (Detection("Person", 40.0, ON_THE_LEFT),), (Detection("Face", 70.0, ON_THE_RIGHT),)
    assert summary(people, faces) == [("Person", 70.0), ("Head", 70.0), ("Face", 70.0)]


def test_nothing_seen_is_no_label():
    assert summary() == []
