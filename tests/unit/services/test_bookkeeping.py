"""The books: each change of the ledger becomes a line once, and says why the call was billed."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sightline.errors import ImageChanged, OutcomeUnknown, Throttled
from sightline.models.answers import Answer
from sightline.models.images import Lane
from sightline.models.spending import Line, Reason
from sightline.queues.carried import IS_REDRIVEN
from sightline.queues.steps import ingest_step
from sightline.services.bookkeeping import keep_books, lines_of
from sightline.storage.books import MOST_LINES
from sightline.storage.ledger.changes import LedgerChange
from sightline.storage.ledger.protocol import Analysis, Entry, Status
from sightline.testing.fake import PERSON, FakeSightline, picture, uri_of
from sightline.testing.ledger import InMemoryLedgerChanges
from sightline.timing import CLAIM_LEASE

YARD, GATE = uri_of("01"), uri_of("02", "gate")
AT = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
ANALYSIS = Analysis("a1", "bytes", "labels", {}, "1", YARD, Lane.LIVE)
CLAIMED = Entry(ANALYSIS, Status.CLAIMED, "c1", AT + CLAIM_LEASE, attempts=1)


@pytest.fixture
def world():
    return FakeSightline(features=("labels",))


def _add(world, *uris, lane=Lane.LIVE):
    for shade, uri in enumerate(uris):
        world.put(uri, picture(shade, form="PNG"))
    world.add(*uris, lane=lane)


def _by(world, what):
    keep_books(world.services, lambda: True)
    counted: Counter[str] = Counter()
    for line, number in world.operations.books.read_cameras("2000-01-01", "9999-12-31").items():
        counted[what(line)] += number
    return dict(counted)


def _reasons(world):
    return _by(world, lambda line: str(line.reason))


def _lines(before, after):
    return dict(lines_of(LedgerChange(before, after, AT, "1"), lambda _: "yard"))


def _line(reason, day="2026-11-30"):
    return Line(day, "labels", ("DetectLabels.GENERAL_LABELS",), "live", reason, "yard")


ENDED = {_line(Reason.UNDER_WAY): -1}


def test_each_call_is_booked_once_however_often_the_changes_are_read(world):
    _add(world, YARD, GATE)
    world.run()
    for _ in range(3):
        assert {"gate": 1, "yard": 1} == _by(world, lambda line: line.camera)


def test_sums_of_a_day_are_those_of_its_cameras(world):
    _add(world, YARD, GATE)
    world.run()
    keep_books(world.services, lambda: True)
    day = world.clock().date().isoformat()
    assert {2} == {*world.operations.books.read(day, day).values()}


def test_a_line_says_lane_and_reason(world):
    _add(world, YARD, lane=Lane.BACKFILL)
    world.run()
    assert {("backfill", Reason.NEW): 1} == _by(world, lambda line: (line.lane, line.reason))


def test_a_throttled_call_is_not_billed_and_its_second_attempt_is_retried(world):
    world.detector.script.append(Throttled(YARD))
    _add(world, YARD)
    world.run()
    assert {"retried": 1} == _reasons(world)


def test_an_answer_for_overwritten_bytes_was_billed(world):
    def overwritten() -> Answer:
        world.put(YARD, picture(7))
        return PERSON

    world.detector.script.append(overwritten)
    _add(world, YARD)
    with pytest.raises(ImageChanged):
        world.run()
    world.send([ingest_step(YARD, Lane.LIVE)])
    world.run()
    assert {"outdated": 1, "new": 1} == _reasons(world)


def test_a_call_without_an_answer_may_have_been_billed(world):
    world.detector.script.append(OutcomeUnknown(YARD))
    _add(world, YARD)
    world.run()
    assert {"unknown": 1, "retried": 1} == _reasons(world)


def test_an_image_of_a_dead_letter_says_so(world):
    world.put(YARD, picture(1))
    world.images.add(YARD, Lane.LIVE)
    world.send([replace(ingest_step(YARD, Lane.LIVE), headers={IS_REDRIVEN: True})])
    world.run()
    assert {"redriven": 1} == _reasons(world)


def test_a_claim_that_ends_anothers_tells_of_its_call():
    after = replace(CLAIMED, attempts=2, unknown_attempts=1)
    assert {_line(Reason.UNKNOWN): 1} == _lines(CLAIMED, after)


def test_a_late_answer_and_the_attempt_that_was_given_up_are_both_booked():
    claimed = replace(CLAIMED, attempts=2, unknown_attempts=1)
    settled = replace(claimed, status=Status.ANSWERED, cost_micro_usd=1000, paid_at=AT)
    assert {_line(Reason.RETRIED): 1, **ENDED} == _lines(claimed, settled)


def test_a_claim_is_under_way_until_it_ends_and_a_refused_image_costs_nothing():
    assert {_line(Reason.UNDER_WAY): 1} == _lines(None, CLAIMED)
    assert ENDED == _lines(CLAIMED, replace(CLAIMED, status=Status.RELEASED, lease_until=None))
    assert ENDED == _lines(CLAIMED, replace(CLAIMED, status=Status.REJECTED, paid_at=AT))


def test_a_claim_of_a_dead_process_stays_under_way(world):
    world.ledger.claim(ANALYSIS)
    assert {"under way": 1} == _reasons(world)


def test_a_claim_that_is_taken_over_the_next_day_is_under_way_on_that_day():
    tomorrow = replace(CLAIMED, lease_until=AT + CLAIM_LEASE + timedelta(seconds=2), unknown_attempts=1)
    lines = {_line(Reason.UNKNOWN): 1, _line(Reason.UNDER_WAY): -1, _line(Reason.UNDER_WAY, "2026-12-01"): 1}
    assert lines == _lines(CLAIMED, tomorrow)


def test_an_imported_answer_costs_nothing():
    assert {} == _lines(None, replace(CLAIMED, status=Status.ANSWERED, paid_at=AT))


def test_a_call_belongs_to_the_utc_day_on_which_it_was_paid():
    settled = replace(CLAIMED, status=Status.ANSWERED, cost_micro_usd=1000, paid_at=AT)
    change = LedgerChange(CLAIMED, settled, datetime(2026, 12, 1, 0, 0, 5, tzinfo=UTC), "1")
    assert {_line(Reason.NEW): 1, **ENDED} == dict(lines_of(change, lambda _: "yard"))


def test_labels_with_image_properties_are_two_for_aws():
    asked = replace(ANALYSIS, parameters={"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]})
    settled = Entry(asked, Status.ANSWERED, cost_micro_usd=1750, paid_at=AT, attempts=1)
    (line,) = _lines(None, settled)
    assert ("DetectLabels.GENERAL_LABELS", "DetectLabels.IMAGE_PROPERTIES") == line.billed


def test_more_lines_than_a_booking_takes_are_booked_in_parts(world):
    uris = [uri_of(f"{number:02}", f"camera{number}") for number in range(MOST_LINES + 9)]
    _add(world, *uris)
    world.run()
    world.services = replace(world.services, ledger_changes=InMemoryLedgerChanges(world.ledger, page=1000))
    assert dict.fromkeys((f"camera{number}" for number in range(MOST_LINES + 9)), 1) == _by(world, lambda x: x.camera)


def test_a_run_whose_time_is_over_goes_on_in_the_next(world):
    _add(world, YARD, GATE)
    world.run()
    turns = iter([True, False])
    keep_books(world.services, lambda: next(turns))
    assert {"gate": 1, "yard": 1} == _by(world, lambda line: line.camera)


def test_what_another_process_has_booked_is_left_alone(world):
    _add(world, YARD, GATE)
    world.run()

    def meanwhile() -> bool:
        keep_books(world.services, lambda: True)
        return True

    keep_books(world.services, meanwhile)
    assert {"gate": 1, "yard": 1} == _by(world, lambda line: line.camera)
