"""The rules of paying by need."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from sightline.models.images import Capture
from sightline.services.need import Ask, Near, Need, is_missed

FEATURES = ("labels", "faces", "text")


def taken(camera: str = "yard", hour: int = 12) -> Capture:
    return Capture(camera, datetime(2026, 11, 2, hour, tzinfo=UTC), "key")


def need(**asks: Ask) -> Need:
    return Need(asks=asks)


def test_a_feature_without_a_rule_is_paid_for_at_once():
    assert need(faces=Ask(labels={"Person": 50})).at_once(FEATURES, taken()) == ["labels", "text"]


def test_camera_and_hour_ask_before_the_labels_are_known():
    rules = need(faces=Ask(cameras={"gate"}, hours={3}))
    assert "faces" in rules.at_once(FEATURES, taken("gate"))
    assert "faces" in rules.at_once(FEATURES, taken(hour=3))
    assert "faces" not in rules.at_once(FEATURES, taken())


@pytest.mark.parametrize(
    ("found", "cut_percent", "is_asked"),
    [
        ((("Person", 50.0),), None, True),
        ((("Person", 49.9),), None, False),
        ((("Person", 20.0), ("Person", 90.0)), None, True),
        ((("Car", 99.0),), None, False),
        ((("Car", 99.0),), 50.0, False),  # Person at 50 % or more would be in the answer
        ((("Car", 99.0),), 60.0, True),  # it may have been cut away
    ],
)
def test_a_label_asks_if_it_was_found_or_may_have_been_cut_away(found, cut_percent, is_asked):
    rules = need(faces=Ask(labels={"Person": 50}))
    assert is_asked is ("faces" in rules.after_labels(FEATURES, taken(), found, cut_percent))


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({}, "name asks or near"),
        ({"asks": {"labels": {"hours": [1]}}}, "labels come first"),
        ({"asks": {"faces": {}}}, "name labels, cameras or hours"),
        ({"asks": {"faces": {"hours": [24]}}}, "less than or equal to 23"),
        ({"asks": {"faces": {"labels": {"Person": 101}}}}, "less than or equal to 100"),
        ({"asks": {"faces": {"label": {"Person": 50}}}}, "Extra inputs are not permitted"),
        ({"near": {"seconds": 0, "bits": 4}}, "greater than or equal to 1"),
        ({"near": {"seconds": 30, "bits": 4}, "control_percent": 0}, "greater than 0"),
    ],
)
def test_rules_that_cannot_hold_are_refused(given, rule):
    with pytest.raises(ValidationError, match=rule):
        Need.model_validate(given)


def test_the_control_slice_takes_whole_bursts():
    rules = Need(near=Near(seconds=3600, bits=4), control_percent=50)
    assert len({rules.is_control(taken(hour=12).__class__("yard", moment, "key")) for moment in _of_one_hour()}) == 1


def _of_one_hour():
    return [datetime(2026, 11, 2, 12, minute, tzinfo=UTC) for minute in range(0, 60, 7)]


def test_each_face_counts_but_of_labels_only_those_that_are_named():
    face = ("Face", 99.0)
    assert is_missed((face, face), (face,))
    assert not is_missed((face,), (face, face))
    person, tree = ("Person", 80.0), ("Tree", 99.0)
    assert not is_missed((tree,), (), {"Person": 50})
    assert is_missed((person, tree), (tree,), {"Person": 50})
    assert not is_missed((person,), (), {"Person": 90})
    assert is_missed((person,), (("Person", 40.0),), {"Person": 50})
