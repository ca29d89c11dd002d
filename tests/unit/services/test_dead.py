"""Dead letters are chosen, redriven and closed."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from sightline.models.images import Lane, State
from sightline.services.capture import DEFAULT_KEY_PATTERN, CaptureReader
from sightline.services.redrive import Choice
from sightline.storage.dead_letters import dead_letter_id_of
from sightline.testing.fake import FakeSightline, picture, uri_of

URI, OTHER = uri_of("01"), uri_of("02", camera="gate")
camera_of = CaptureReader(DEFAULT_KEY_PATTERN, {}, ZoneInfo("UTC")).camera_of


@pytest.fixture
def world() -> FakeSightline:
    """Give a world with two images that are no pictures, the second a minute after the first."""
    world = FakeSightline()
    for uri in (URI, OTHER):
        world.put(uri, b"this is no picture" if uri == URI else b"")
        world.add(uri)
        world.run()
        world.clock.move(timedelta(minutes=1))
    return world


def dead_letters(world, *, closed=False):
    return [(each.error, each.image_id, each.attempts) for each in world.operations.dead_letters.read(closed=closed)]


def chosen(world, **choice):
    return [each.image_id for each in world.operations.dead_letters.read() if Choice(**choice).takes(each, camera_of)]


def redriven(world, **choice):
    """Redrive letters and do what was sent; give the counts."""
    meant = [each for each in world.operations.dead_letters.read() if Choice(**choice).takes(each, camera_of)]
    (done,) = world.redrive(meant)
    world.run()
    return {name: count for name, count in done.items() if count}


def test_letters_are_chosen_by_type_camera_time_and_image(world):
    first, second = (
        each.last_at for each in sorted(world.operations.dead_letters.read(), key=lambda each: each.last_at)
    )
    assert [OTHER, URI] == chosen(world)
    assert [OTHER] == chosen(world, error="EmptyImage") == chosen(world, camera="gate") == chosen(world, image=OTHER)
    assert [OTHER] == chosen(world, since=second)
    assert [URI] == chosen(world, until=first)
    assert [] == chosen(world, camera="gate", error="NotAnImage")


def test_a_redrive_after_a_fix_completes_the_image_and_closes_its_letter(world):
    world.put(URI, picture())
    assert {"sent": 1} == redriven(world, image=URI)
    assert world.images.get(URI).state is State.COMPLETE
    assert [("NotAnImage", URI, 1)] == dead_letters(world, closed=True)
    assert [("EmptyImage", OTHER, 1)] == dead_letters(world)


def test_a_redrive_without_a_fix_counts_another_attempt_of_the_same_letter(world):
    first_at = next(each.first_at for each in world.operations.dead_letters.read() if each.image_id == URI)
    redriven(world, image=URI)
    assert ("NotAnImage", URI, 2) in dead_letters(world)
    assert first_at == next(each.first_at for each in world.operations.dead_letters.read() if each.image_id == URI)


def test_a_letter_closes_also_where_a_producer_adds_the_mended_image_again(world):
    world.put(URI, picture())
    world.add(URI)
    world.run()
    assert [("NotAnImage", URI, 1)] == dead_letters(world, closed=True)


def test_an_image_that_breaks_another_rule_now_has_one_letter_open(world):
    world.put(URI, b"")
    redriven(world, image=URI)
    assert [("EmptyImage", OTHER, 1), ("EmptyImage", URI, 1)] == dead_letters(world)
    assert [("NotAnImage", URI, 1)] == dead_letters(world, closed=True)


def test_a_redrive_pays_nothing_for_content_that_was_paid_before(world):
    third = uri_of("03")
    world.put(third, picture())
    world.add(third)
    world.run()
    world.put(URI, picture())
    redriven(world, image=URI)
    assert len(world.detector.asked) == 3


def test_a_letter_that_an_image_left_behind_is_closed_without_a_message(world):
    third = uri_of("03")
    world.put(third, picture())
    world.add(third)
    world.run()
    dead_letter = next(each for each in world.operations.dead_letters.read() if each.image_id == URI)
    world.operations.dead_letters.write(type(dead_letter)(**{**as_facts(dead_letter), "image_id": third}))
    assert {"closed": 1} == redriven(world, image=third)
    assert dead_letter_id_of("NotAnImage", third) in {
        each.dead_letter_id for each in world.operations.dead_letters.read(closed=True)
    }


def as_facts(dead_letter):
    return {name: getattr(dead_letter, name) for name in type(dead_letter).__slots__}


def test_a_message_that_names_no_image_can_not_be_sent_again_and_stays(world):
    world.add("http://elsewhere/a.jpg")
    assert {"refused": 1} == redriven(world, error="InvalidUri")
    assert ("InvalidUri", None, 1) in dead_letters(world)


def test_an_image_without_a_row_gets_one_and_a_backfilled_one_stays_in_its_lane(world):
    dead_letter = next(each for each in world.operations.dead_letters.read() if each.image_id == URI)
    new, old = uri_of("04"), uri_of("05")
    world.images.add(old, Lane.BACKFILL)
    named = [type(dead_letter)(**{**as_facts(dead_letter), "image_id": uri}) for uri in (new, old)]
    world.redrive(named)
    assert {new: "ingest", old: "ingest.backfill"} == {step.args[0]: step.queue_name for step in world.sent}
    assert world.images.get(new).state is State.RECEIVED


def test_the_letter_of_a_picture_that_is_too_large_names_the_image_and_not_its_size(world):
    large = uri_of("06")
    world.put(large, picture(size=(81, 10_001), form="PNG"))
    world.add(large)
    world.run()
    assert ("ImageTooLarge", large, 1) in dead_letters(world)
