"""What every store of the review's batches does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer
from sightline.storage.users.batches import BATCHES_LAST, Batch, ChosenFrom, Given, Picture
from sightline.storage.users.protocol import Role, User

HOUR = timedelta(hours=1)
LONG_KEY = f"s3://frames/{'é' * 500}.jpg"
IMAGES = ["s3://frames/yard/1.jpg", "s3://frames/<b>{{7*7}}\u202e.jpg", LONG_KEY, f"{LONG_KEY}.jpg"]


@pytest.fixture
def batches(store):
    return store.batches


def batch(clock, batch_id="01A", **changes):
    pictures = tuple(
        Picture(
            image_id, f"{n:064}", "yard", clock.now, Stratum.C if n % 2 else Stratum.A, 97.5 if n % 2 else None, n == 2
        )
        for n, image_id in enumerate(IMAGES)
    )
    return replace(Batch(batch_id, "ann", "Person", 50.0, pictures, clock.now), **changes)


def test_a_batch_is_kept_as_begun(batches, clock):
    begun = batch(clock)
    assert begun == batches.begin(begun)
    assert begun == batches.get("ann", "01A")
    assert [begun] == batches.open_of("ann") == batches.newest("ann", 5)
    assert batches.get("bob", "01A") is None
    assert [] == batches.open_of("bob")


@pytest.mark.parametrize(
    "chosen_from",
    [None, ChosenFrom("yard <b>\u202e", "2026-11-29", 7), ChosenFrom(None, None, 28), ChosenFrom(is_second=True)],
)
def test_a_batch_remembers_what_it_was_chosen_from_unless_an_older_version_began_it(batches, clock, chosen_from):
    begun = batches.begin(batch(clock, chosen_from=chosen_from))
    batches.answer(begun, 1, Given(Answer.PRESENT, clock.now))
    batches.close(begun, clock.now)
    assert chosen_from == batches.get("ann", "01A").chosen_from == batches.newest("ann", 1)[0].chosen_from


def test_a_user_has_one_open_batch_of_a_label(batches, clock):
    first, second = batch(clock), batch(clock, "01B")
    vehicle = batch(clock, "01C", label="Vehicle")
    batches.begin(first)
    assert first == batches.begin(second)
    assert batches.get("ann", "01B") is None
    assert vehicle == batches.begin(vehicle)
    batches.close(first, clock.now)
    assert [vehicle] == batches.open_of("ann")
    assert second == batches.begin(second)


def test_answers_of_two_pages_are_both_kept_and_the_later_of_one_picture_stands(batches, clock):
    begun = batches.begin(batch(clock))
    batches.answer(begun, 1, Given(Answer.PRESENT, clock.now))
    batches.answer(begun, 3, Given(Answer.UNSURE, clock.now))
    clock.move(HOUR)
    batches.answer(begun, 1, Given(Answer.ABSENT, clock.now))
    batches.put_off(begun, 2)
    batches.lose(begun, 4)
    batches.doubt(begun, 3)
    kept = batches.get("ann", "01A")
    assert {1: Given(Answer.ABSENT, clock.now), 3: Given(Answer.UNSURE, clock.now - HOUR)} == kept.answers
    assert ({2}, {4}, None, {3}) == (kept.put_off, kept.lost, kept.closed_at, kept.doubted)


def test_a_batch_is_closed_once(batches, clock):
    begun, closed_at = batches.begin(batch(clock)), clock.now
    batches.close(begun, closed_at)
    clock.move(HOUR)
    batches.close(begun, clock.now)
    assert closed_at == batches.get("ann", "01A").closed_at
    assert [] == batches.open_of("ann")


def test_the_newest_batches_come_first(batches, clock):
    for number in range(4):
        batches.close(batches.begin(batch(clock, f"01{number}")), clock.now)
    assert ["013", "012"] == [each.batch_id for each in batches.newest("ann", 2)]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_held_by_one_batch_of_a_label(batches, clock, image):
    assert {image} == batches.hold("Person", [image], "01A", HOUR)
    assert set(IMAGES) - {image} == batches.hold("Person", IMAGES, "01B", HOUR)
    assert {image} == batches.hold("Vehicle", [image], "01B", HOUR)
    assert set(IMAGES) == batches.held("Person")
    batches.release("Person", IMAGES, "01B")
    assert {image} == batches.held("Person")
    clock.move(HOUR)
    assert set() == batches.held("Person")
    assert {image} == batches.hold("Person", [image], "01B", HOUR)


def test_of_very_many_images_those_are_held_and_released_that_nobody_else_holds(batches):
    many = [f"s3://frames/{number}.jpg" for number in range(230)]
    assert {*many[90:110], many[229]} == batches.hold("Person", [*many[90:110], many[229]], "01A", HOUR)
    expected = {*many} - {*many[90:110], many[229]}
    assert expected == batches.hold("Person", [*many, many[0]], "01B", HOUR)
    assert expected == batches.hold("Person", many, "01B", HOUR), "again changes nothing"
    assert set() == batches.hold("Person", many, "01C", HOUR)
    assert set() == batches.hold("Person", [], "01C", HOUR)
    batches.release("Person", many, "01A")
    assert expected == batches.held("Person")


def test_those_who_begin_in_the_same_moment_hold_different_images(batches):
    many = [f"s3://frames/{number}.jpg" for number in range(60)]
    wanted = {f"01{number}": many[5 * number : 5 * number + 40] for number in range(4)}
    with ThreadPoolExecutor(len(wanted)) as threads:
        held = [*threads.map(lambda name: batches.hold("Person", wanted[name], name, HOUR), wanted)]
    assert 55 == sum(map(len, held))
    assert {*many[:55]} == set().union(*held) == batches.held("Person")


def test_a_batch_goes_with_its_user_and_with_its_time(store, batches, clock):
    store.add(User("ann", frozenset({Role.REVIEWER}), "x", clock.now))
    batches.begin(batch(clock))
    batches.begin(batch(clock, user="bob"))
    store.remove("ann")
    assert ([], []) == (batches.open_of("ann"), batches.newest("ann", 5))
    assert "01A" == batches.get("bob", "01A").batch_id
    clock.move(BATCHES_LAST)
    assert batches.get("bob", "01A") is None
    assert [] == batches.newest("bob", 5)
