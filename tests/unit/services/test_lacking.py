"""Rows that lacked one result: what is remembered, and that a memory that is wrong costs nothing but a request."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sightline.models.images import FeatureResult, ImageRow, Lane, ResultStatus, State
from sightline.models.people_policy import KnownPeople
from sightline.queues.steps import WRITE, Step
from sightline.services.lacking import LackingOne
from sightline.services.need import Ask, Need
from sightline.testing.fake import FakeSightline, picture, uri_of
from tests.unit.services.people.stories import POLICY

URI = uri_of("01")
ALL_AT_ONCE = Need(asks={"text": Ask(labels={"Person": 50})}, control_percent=100)
LABELS, FACES = (FeatureResult(name, ResultStatus.ANSWERED) for name in ("L1", "F1"))
ROW = ImageRow(
    URI, Lane.LIVE, State.ANALYSING, datetime(2026, 5, 1, tzinfo=UTC), wanted={"labels": "L1", "faces": "F1"}
)
LACKS_FACES = replace(ROW, parts={"labels": LABELS})


def test_a_row_that_lacks_one_result_is_remembered_until_that_comes():
    lacking = LackingOne()
    lacking.note(LACKS_FACES)
    assert LACKS_FACES == lacking.take(URI, "faces", FACES)
    assert lacking.take(URI, "faces", FACES) is None


@pytest.mark.parametrize(
    "row",
    [ROW, replace(LACKS_FACES, parts={"labels": LABELS, "faces": FACES}), replace(LACKS_FACES, state=State.ANALYSED)],
    ids=["lacks two", "lacks none", "has ended"],
)
def test_other_rows_are_not(row):
    lacking = LackingOne()
    lacking.note(row)
    assert lacking.take(URI, "faces", FACES) is None


@pytest.mark.parametrize(("feature", "part"), [("labels", LABELS), ("faces", LABELS), ("text", FACES)])
def test_it_is_not_given_for_another_result(feature, part):
    lacking = LackingOne()
    lacking.note(LACKS_FACES)
    assert lacking.take(URI, feature, part) is None


def test_the_oldest_are_forgotten():
    lacking = LackingOne(most=2)
    for number in range(3):
        lacking.note(replace(LACKS_FACES, image_id=str(number)))
    assert [None, "1", "2"] == [
        row and row.image_id for row in (lacking.take(str(n), "faces", FACES) for n in range(3))
    ]


class Counted:
    """Images, whose writes of results and marks are counted."""

    def __init__(self, images):
        self._images = images
        self.writes = []

    def __getattr__(self, name):
        if name in {"write_result", "mark_analysed"}:
            self.writes.append(name)
        return getattr(self._images, name)


def waiting_to_be_written(**settings: Any) -> tuple[FakeSightline, Counted]:
    """Return a world where all features of an image are settled, and nothing is written yet."""
    world = FakeSightline()
    images = Counted(world.images)
    world.services = replace(world.services, images=images, **settings)
    world.put(URI, picture())
    world.add(URI)
    while any(step.task != WRITE for step in world.sent):
        step = next(step for step in world.sent if step.task != WRITE)
        world.sent.remove(step)
        world.do(step)
    return world, images


def all_but_the_last(world: FakeSightline) -> Step:
    """Write all results that wait but one; return the step that is left."""
    *others, last = [step for step in world.sent if step.task == WRITE]
    world.sent.clear()
    for step in others:
        world.do(step)
    return last


def test_the_last_result_and_the_mark_are_one_write():
    world, images = waiting_to_be_written()
    world.run()
    assert ["write_result", "write_result", "mark_analysed"] == images.writes
    row = world.images.get(URI)
    assert row is not None
    assert (State.COMPLETE, []) == (row.state, row.unsettled())


@pytest.mark.parametrize(
    "settings",
    [{"known_people": KnownPeople(POLICY, 99.0)}, {"plan": replace(FakeSightline().plan, need=ALL_AT_ONCE)}],
    ids=["known people", "by need"],
)
def test_the_mark_stays_a_write_of_its_own_where_something_comes_before_it(settings):
    world, images = waiting_to_be_written(**settings)
    world.run()
    assert ["write_result", "write_result", "write_result", "mark_analysed"] == images.writes


def test_a_row_that_was_begun_again_is_written_as_it_now_is():
    world, images = waiting_to_be_written()
    last = all_but_the_last(world)
    row = world.images.get(URI)
    assert row is not None
    world.images.want(row, {**row.wanted, "moderation": "M1"})
    world.do(last)
    assert ["write_result", "write_result", "mark_analysed", "write_result"] == images.writes
    row = world.images.get(URI)
    assert row is not None
    assert (State.ANALYSING, ["moderation"]) == (row.state, row.unsettled())


@pytest.mark.parametrize("lost", ["labels", "everything"])
def test_a_row_that_lost_results_under_the_same_version_is_not_marked(lost):
    """It was restored from a backup, or its table was made anew."""
    world, _ = waiting_to_be_written()
    before = world.images.get(URI)
    last = all_but_the_last(world)
    row = world.images.get(URI)
    assert row is not None
    assert before is not None
    world.images._rows[URI] = before if lost == "everything" else replace(row, parts=dict(list(row.parts.items())[1:]))
    world.do(last)
    now = world.images.get(URI)
    assert now is not None
    assert State.ANALYSING is now.state
    assert last.args[1] not in now.unsettled()


def test_a_row_that_only_a_newer_version_knows_is_not_remembered():
    lacking = LackingOne()
    unknown = replace(LABELS, status=ResultStatus.read("as only a newer version has it"))
    lacking.note(replace(LACKS_FACES, parts={"labels": unknown}))
    assert lacking.take(URI, "faces", FACES) is None
