"""Asking deeper where too much was cut away: for those images alone, and for each only once."""

from dataclasses import replace

import pytest

from sightline.errors import ConfigurationError
from sightline.models.answers import Answer, Detection
from sightline.models.images import CameraDay, State
from sightline.services.reanalyse import ask_again, find_unknown, quote
from sightline.services.review import Scope
from sightline.services.rollups.plan import AccuracyPlan
from sightline.stats.strata import StrataRule
from sightline.storage.dirty_days import Purpose
from sightline.testing.fake import PERSON, WATCHED, FakeSightline, picture, uri_of

SCOPE = Scope("Person", [CameraDay("yard", "2026-11-02")])
CUT = Answer((Detection("Plant", 90.0), Detection("Tree", 80.0)), "test-1", cut_percent=80.0, is_truncated=True)
DEEP = Answer((Detection("Plant", 90.0), Detection("Person", 20.0)), "test-1", cut_percent=10.0)


@pytest.fixture
def world() -> FakeSightline:
    """Give two images: a person in one, and one whose labels were cut at 80 %."""
    world = FakeSightline(features=("labels",))
    world.detector.script.extend([PERSON, CUT])
    for number in range(2):
        world.put(uri_of(f"0{number}"), picture(number))
        world.add(uri_of(f"0{number}"))
        world.run()
    world.operations.dirty_days.mark(SCOPE.camera_days, [Purpose.ROLLUPS])
    return world


def again(world: FakeSightline) -> list[str]:
    sent = list(ask_again(find_unknown(SCOPE, world.services), world.services, world.send))
    world.run()
    return sent


def test_only_what_is_unknown_is_asked_again_and_the_price_is_said_first(world):
    unknown = find_unknown(SCOPE, world.services)
    assert [uri_of("01")] == unknown
    price = quote(unknown, world.services)
    assert (1, 1_000) == (price.analyses, price.cost_micro_usd)
    assert 2 == len(world.detector.asked)
    world.detector.script.append(DEEP)
    assert [uri_of("01")] == again(world)
    assert 3 == len(world.detector.asked)
    row = world.images.get(uri_of("01"))
    assert row is not None
    assert State.COMPLETE is row.state
    assert (("Plant", 90.0), ("Person", 20.0)) == row.parts["labels"].finding


def test_asking_again_and_again_pays_once(world):
    world.detector.script.append(replace(DEEP, cut_percent=60.0))  # still too little
    assert [[uri_of("01")], [], []] == [again(world) for _ in range(3)]
    assert 3 == len(world.detector.asked)


def test_an_image_that_is_ingested_again_keeps_its_deeper_analysis(world):
    world.detector.script.append(DEEP)
    again(world)
    before = world.images.get(uri_of("01"))
    world.add(uri_of("01"))
    world.run()
    assert before == world.images.get(uri_of("01"))
    assert 3 == len(world.detector.asked)


def test_new_bytes_are_asked_as_any_others(world):
    world.detector.script.append(DEEP)
    again(world)
    world.put(uri_of("01"), picture(77))
    world.add(uri_of("01"))
    world.run()
    row, usual = world.images.get(uri_of("01")), world.images.get(uri_of("00"))
    assert row is not None
    assert usual is not None
    assert PERSON.cut_percent == row.parts["labels"].cut_percent


def test_what_was_paid_for_the_same_bytes_is_not_quoted_again(world):
    world.detector.script.extend([DEEP, CUT])
    again(world)
    world.put(uri_of("02"), picture(1))
    world.add(uri_of("02"))
    world.run()
    unknown = find_unknown(SCOPE, world.services)
    assert ([uri_of("02")], 0) == (unknown, quote(unknown, world.services).analyses)
    asked = len(world.detector.asked)
    assert [uri_of("02")] == again(world)
    assert asked == len(world.detector.asked)


def test_a_threshold_below_what_can_be_asked_is_refused(world):
    low = AccuracyPlan((StrataRule("Person", 5.0, 5.0),), WATCHED.salt, 5.0, WATCHED.zones)
    with pytest.raises(ConfigurationError, match="below the threshold"):
        find_unknown(SCOPE, replace(world.services, accuracy=low))
