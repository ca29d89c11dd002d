"""Dead letters: kept, counted, closed, opened again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.storage.dead_letters import CLOSED_LETTERS_LAST, DeadLetter, dead_letter_id_of
from sightline.storage.operations import Operations
from sightline.testing.clocks import MovingClock
from tests.integration.operations.stories import LONG_KEY, MINUTE, SECOND, STRANGE, letter_of


def test_a_letter_is_kept_whole(operations: Operations, dead_letter: DeadLetter) -> None:
    about_an_image = replace(dead_letter, image_id="s3://yard/a.jpg", error="ImageTooSmall")

    operations.dead_letters.write(dead_letter)
    operations.dead_letters.write(about_an_image)

    assert [dead_letter, about_an_image] == list(operations.dead_letters.read())
    assert [] == list(operations.dead_letters.read(closed=True))


def test_a_letter_that_comes_again_keeps_its_first_time_and_counts(
    operations: Operations, dead_letter: DeadLetter, clock: MovingClock
) -> None:
    operations.dead_letters.write(dead_letter)
    clock.move(MINUTE)
    again = replace(letter_of(dead_letter.subject, clock), remedy="another remedy")
    operations.dead_letters.write(again)

    assert [replace(again, first_at=dead_letter.first_at, attempts=2)] == list(operations.dead_letters.read())


def test_a_closed_letter_is_listed_apart_and_is_closed_once(
    operations: Operations, dead_letter: DeadLetter, clock: MovingClock
) -> None:
    operations.dead_letters.write(dead_letter)
    clock.move(MINUTE)

    assert [True, False] == [operations.dead_letters.close(dead_letter.dead_letter_id) for _ in range(2)]
    assert [] == list(operations.dead_letters.read())
    assert [replace(dead_letter, closed_at=clock.now)] == list(operations.dead_letters.read(closed=True))


def test_a_letter_that_comes_again_after_it_was_closed_is_open(operations: Operations, dead_letter: DeadLetter) -> None:
    operations.dead_letters.write(dead_letter)
    operations.dead_letters.close(dead_letter.dead_letter_id)
    operations.dead_letters.write(dead_letter)

    assert [replace(dead_letter, attempts=2)] == list(operations.dead_letters.read())
    assert [] == list(operations.dead_letters.read(closed=True))


def test_a_walk_has_open_and_closed_letters_of_an_error_and_reads_no_more_than_it_is_told(
    operations: Operations, dead_letter: DeadLetter
) -> None:
    subjects = [f"s3://yard/{number}.jpg" for number in range(6)]
    for subject in subjects:
        operations.dead_letters.write(replace(dead_letter, subject=subject))
    operations.dead_letters.write(replace(dead_letter, error="ZeroBytes"))
    for subject in subjects[:3]:
        operations.dead_letters.close(dead_letter_id_of(dead_letter.error, subject))

    def walk(limit: int, after: str | None = None) -> list[str]:
        found = operations.dead_letters.walk(error=dead_letter.error, after=after, limit=limit, page=2)
        return [each.subject for each in found]

    assert subjects[:5] == walk(5)
    assert subjects[5:] == walk(5, after=dead_letter_id_of(dead_letter.error, subjects[4]))


def test_what_was_never_a_letter_can_not_be_closed(operations: Operations) -> None:
    assert operations.dead_letters.close("EmptyImage#nobody") is False
    assert [] == list(operations.dead_letters.read(closed=True))


def test_a_closed_letter_is_forgotten_after_ninety_days_also_where_it_is_still_stored(
    operations: Operations, dead_letter: DeadLetter, clock: MovingClock
) -> None:
    operations.dead_letters.write(dead_letter)
    operations.dead_letters.close(dead_letter.dead_letter_id)

    clock.move(CLOSED_LETTERS_LAST - SECOND)
    assert 1 == len(list(operations.dead_letters.read(closed=True)))
    clock.move(SECOND)
    assert [] == list(operations.dead_letters.read(closed=True))


def test_an_open_letter_is_never_forgotten(operations: Operations, dead_letter: DeadLetter, clock: MovingClock) -> None:
    operations.dead_letters.write(dead_letter)
    clock.move(timedelta(days=4000))

    assert [dead_letter] == list(operations.dead_letters.read())


@pytest.mark.parametrize("subject", STRANGE, ids=lambda subject: ascii(subject[:20]))
def test_any_text_can_be_the_subject_of_a_letter(operations: Operations, clock: MovingClock, subject: str) -> None:
    dead_letter = letter_of(subject, clock)

    operations.dead_letters.write(dead_letter)
    operations.dead_letters.write(dead_letter)

    assert [replace(dead_letter, attempts=2)] == list(operations.dead_letters.read())
    assert operations.dead_letters.close(dead_letter.dead_letter_id) is True


def test_long_subjects_that_differ_in_their_last_letter_are_two_letters(
    operations: Operations, clock: MovingClock
) -> None:
    for end in "ab":
        operations.dead_letters.write(letter_of("x" * 2_000_000 + end, clock))
        operations.dead_letters.write(letter_of(LONG_KEY + end, clock))

    assert 4 == len(list(operations.dead_letters.read()))


def test_a_message_of_megabytes_is_cut_and_says_so(operations: Operations, clock: MovingClock) -> None:
    operations.dead_letters.write(letter_of("😀" * 500_000, clock))

    (kept,) = operations.dead_letters.read()
    assert "(500,000 characters, sha256 " in kept.subject
    assert ["cut"] == list(kept.message)
    assert operations.dead_letters.close(kept.dead_letter_id) is True


def test_letters_come_by_id(operations: Operations, clock: MovingClock) -> None:
    for subject in ["c", "a", "é", "B", "😀", "漢"]:
        operations.dead_letters.write(letter_of(subject, clock))

    assert ["B", "a", "c", "é", "漢", "😀"] == [dead_letter.subject for dead_letter in operations.dead_letters.read()]


def test_letters_of_many_pages_are_all_given(make_dynamo: Callable[..., Operations], clock: MovingClock) -> None:
    """A page of DynamoDB holds 1 MB."""
    operations = make_dynamo()
    for n in range(20):
        operations.dead_letters.write(replace(letter_of(str(n), clock), message={"text": "x" * 100_000}))

    assert 20 == len(list(operations.dead_letters.read()))


@pytest.fixture
def many(operations: Operations, clock: MovingClock) -> list[DeadLetter]:
    """Write letters of two errors; every third is closed."""
    made = [
        replace(letter_of(f"s3://yard/{number:02}.jpg", clock), error=error)
        for error in ("EmptyImage", "EmptyImages", "NotAnImage")
        for number in range(9)
    ]
    for each in made:
        operations.dead_letters.write(each)
    for each in made[::3]:
        operations.dead_letters.close(each.dead_letter_id)
    return [each for number, each in enumerate(made) if number % 3]


@pytest.mark.parametrize("error", [None, "EmptyImage", "NotAnImage"])
def test_letters_are_read_page_by_page_though_some_are_closed_meanwhile(
    operations: Operations, many: list[DeadLetter], error: str | None
) -> None:
    expected = [each for each in many if error in {None, each.error}]
    found, after = list[DeadLetter](), None
    while page := list(operations.dead_letters.read(error=error, after=after, limit=4)):
        assert len(page) <= 4
        found += page
        after = page[-1].dead_letter_id
        operations.dead_letters.close(after)
    assert expected == found


def test_letters_are_counted_by_error_and_read_by_their_ids(operations: Operations, many: list[DeadLetter]) -> None:
    assert {"EmptyImage": 6, "EmptyImages": 6, "NotAnImage": 6} == operations.dead_letters.count_by_error()
    assert [(each.dead_letter_id, each.last_at) for each in many] == [*operations.dead_letters.open_ids()]
    assert many[3] == operations.dead_letters.get(many[3].dead_letter_id)
    closed = operations.dead_letters.get("EmptyImage#s3://yard/00.jpg")
    assert closed is not None
    assert closed.closed_at is not None
    assert operations.dead_letters.get("EmptyImage#s3://yard/none.jpg") is None


def test_a_page_of_open_letters_is_one_request_that_reads_no_more(
    make_dynamo: Callable[..., Operations], dynamodb_client: Any, clock: MovingClock
) -> None:
    store = make_dynamo().dead_letters
    for number in range(60):
        store.write(letter_of(f"s3://yard/{number}.jpg", clock))
    asked: list[Any] = []

    def note(params: Any, **_: object) -> None:
        asked.append(params)

    name = "provide-client-params.dynamodb.Query"
    dynamodb_client.meta.events.register(name, note)
    try:
        assert 50 == len(list(store.read(limit=50)))
    finally:
        dynamodb_client.meta.events.unregister(name, note)
    assert [50] == [each["Limit"] for each in asked]
