"""The books: lines and position stand or fall together. Over the real table and its fake."""

from datetime import date
from typing import Any

import pytest

from sightline.models.spending import Line, Reason
from sightline.storage.books import MOST_LINES, Position

LABELS = Line("2026-11-10", "labels", ("DetectLabels.GENERAL_LABELS",), "live", Reason.NEW, "yard")
TEXT = Line("2026-11-11", "text", ("DetectText",), "backfill", Reason.BY_HAND, "Front Door #1|+")
BOTH = Line("2026-11-11", "labels", ("DetectLabels.GENERAL_LABELS", "DetectLabels.IMAGE_PROPERTIES"), "", Reason.NEW)
NOTHING, FIRST, SECOND = Position("s1"), Position("s1", "001"), Position("s1", "002", is_ended=True)


@pytest.fixture
def books(operations: Any) -> Any:
    return operations.books


def test_lines_are_read_as_they_were_booked(books):
    assert books.book({LABELS: 2, TEXT: 1, BOTH: 3}, NOTHING, FIRST)
    assert {LABELS: 2, TEXT: 1} == books.read_cameras("2026-11-10", "2026-11-11")
    summed = {LABELS.of_all_cameras: 2, TEXT.of_all_cameras: 1, BOTH: 3}
    assert summed == books.read("2026-11-10", "2026-11-11")


def test_days_are_read_with_both_ends(books):
    books.book({LABELS: 2, TEXT: 1}, NOTHING, FIRST)
    assert {LABELS.of_all_cameras: 2} == books.read("2026-11-09", "2026-11-10")
    assert {TEXT: 1} == books.read_cameras("2026-11-11", "2026-11-11")
    assert {} == books.read("2026-11-12", "2026-11-13")


def test_lines_add_up(books):
    books.book({LABELS: 2}, NOTHING, FIRST)
    books.book({LABELS: 3}, FIRST, SECOND)
    assert {LABELS: 5} == books.read_cameras("2026-11-10", "2026-11-10")


def test_what_was_booked_is_not_booked_again(books):
    assert books.book({LABELS: 2}, NOTHING, FIRST)
    assert not books.book({LABELS: 2}, NOTHING, FIRST)
    assert not books.book({LABELS: 2}, NOTHING, SECOND)
    assert {LABELS: 2} == books.read_cameras("2026-11-10", "2026-11-10")
    assert {"s1": FIRST} == books.positions()


def test_a_shard_ends_without_lines(books):
    assert books.book({}, NOTHING, FIRST)
    assert books.book({}, FIRST, SECOND)
    assert {"s1": SECOND} == books.positions()


def test_as_many_lines_as_are_allowed_are_booked_together(books):
    many = {
        Line(LABELS.day, "labels", ("DetectText",), "live", Reason.NEW, f"camera {n}"): 1 for n in range(MOST_LINES)
    }
    assert books.book(many, NOTHING, FIRST)
    assert many == books.read_cameras(LABELS.day, LABELS.day)


def test_calls_that_the_ledger_does_not_have_are_added(books):
    books.add({BOTH: 1})
    books.add({BOTH: 1})
    assert {BOTH: 2} == books.read(BOTH.day, BOTH.day)


def test_the_first_word_about_what_is_lacking_stands(books):
    assert (False, None) == books.lacking()
    books.begin(None)
    books.begin(date(2026, 11, 10))
    assert (True, None) == books.lacking()


def test_the_books_know_the_last_day_that_they_lack(books):
    books.begin(date(2026, 11, 10))
    assert (True, date(2026, 11, 10)) == books.lacking()
