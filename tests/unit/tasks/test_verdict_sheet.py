"""A sheet of verdicts: every line is checked before any is kept."""

import io

import pytest

from accuracy.verdicts import Answer
from tasks.verdict_sheet import read_sheet, write_sheet
from tasks.verdicts import judge_of
from tests.unit.tasks.rollups.yard import Yard
from vision.errors import InvalidVerdict


@pytest.fixture
def yard() -> Yard:
    yard = Yard()
    for number in range(4):
        yard.image(number, {})
    return yard


def read(yard: Yard, text: str):
    return read_sheet(io.StringIO(text), "sheet.csv", "Person", "ann", judge_of(yard.services))


def test_a_sheet_may_name_no_more_than_images_and_verdicts(yard):
    one, two, three, _ = yard.uris()
    sheet = read(yard, f"uri,verdict,comment\n{one},present,hm\n{two}, Absent ,\n{three},,\n")
    assert [(one, Answer.PRESENT), (two, Answer.ABSENT)] == [
        (kept.verdict.image_id, kept.verdict.answer) for kept in sheet.verdicts
    ]
    assert 1 == sheet.blank
    assert {("Person", "ann", yard.clock.now)} == {
        (kept.verdict.label, kept.verdict.reviewer, kept.verdict.at) for kept in sheet.verdicts
    }


def test_every_bad_line_is_named_by_its_number(yard):
    one, *_ = yard.uris()
    text = (
        f"uri,verdict,at\n{one},maybe,\n{one},present,\ns3://frames/none.jpg,absent,\n{one},present,\n"
        f"{one},unsure,yesterday\n"
    )
    with pytest.raises(InvalidVerdict) as caught:
        read(yard, text)
    words = str(caught.value)
    assert words.startswith("sheet.csv: every line must be right before any is kept: line 2: maybe")
    for part in ("line 4: s3://frames/none.jpg", "line 5: ", "line 6: yesterday", "nothing was kept"):
        assert part in words
    assert "line 3" not in words


@pytest.mark.parametrize("text", ["", "image,answer\n", 'uri,verdict\n"s3://frames/a.jpg,present\n'])
def test_what_is_no_such_csv_is_refused(yard, text):
    with pytest.raises(InvalidVerdict, match="line "):
        read(yard, text)


def test_what_was_written_can_be_read_again(yard):
    one, two, *_ = yard.uris()
    first = read(yard, f"uri,verdict,reviewer\n{one},present,bob\n{two},unsure,cat\n")
    file = io.StringIO()
    assert 2 == write_sheet(first.verdicts, file)
    assert first.verdicts == read(yard, file.getvalue()).verdicts


def test_a_sheet_about_bytes_that_were_overwritten_is_refused(yard):
    one, *_ = yard.uris()
    row = yard.images.get(one)
    assert row is not None
    assert row.content is not None
    text = f"uri,verdict,content\n{one},present,{row.content.sha256}\n"
    assert 1 == len(read(yard, text).verdicts)
    yard.image(0, {"Cat": 50.0})
    with pytest.raises(InvalidVerdict, match=r"line 2: .*other bytes"):
        read(yard, text)
