"""A sheet of verdicts: every line is checked before any is kept."""

import csv
import io

import pytest

from sightline.errors import InvalidVerdict
from sightline.services.verdict_sheet import read_sheet, write_sheet
from sightline.services.verdicts import judge_of
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source
from sightline.storage.verdicts.protocol import Asked
from tests.unit.services.rollups.yard import Yard


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
    assert words.startswith("sheet.csv: every line must be valid before any is stored: line 2: maybe")
    for part in ("line 4: s3://frames/none.jpg", "line 5: ", "line 6: yesterday", "nothing was stored"):
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
    with pytest.raises(InvalidVerdict, match=r"line 2: .*overwritten since"):
        read(yard, text)


def ask(yard: Yard, uri: str) -> None:
    row = yard.images.get(uri)
    assert row is not None
    assert row.content is not None
    yard.verdicts.ask([Asked(uri, "Person", row.content.sha256, Stratum.C, 50.0, yard.clock.now)])


def exported(yard: Yard) -> str:
    file = io.StringIO()
    write_sheet(yard.verdicts.scan(), file)
    return file.getvalue()


def test_what_was_exported_changes_nothing_when_it_is_imported_again(yard):
    volunteered, sampled, overwritten, _ = yard.uris()
    yard.say(volunteered, Answer.PRESENT, Source.VOLUNTEERED)
    for uri in (sampled, overwritten):
        yard.say(uri, Answer.ABSENT)
    ask(yard, volunteered)
    yard.image(2, {"Cat": 50.0})
    before = exported(yard)
    sheet = read(yard, before)
    assert [False] * 3 == [yard.verdicts.write(kept) for kept in sheet.verdicts]
    assert before == exported(yard)


def test_an_answer_that_is_mended_in_an_exported_sheet_stays_volunteered(yard):
    uri, *_ = yard.uris()
    yard.say(uri, Answer.PRESENT, Source.VOLUNTEERED)
    ask(yard, uri)
    (kept,) = read(yard, exported(yard).replace("present", "absent")).verdicts
    assert (Answer.ABSENT, Source.VOLUNTEERED, None) == (kept.verdict.answer, kept.verdict.source, kept.verdict.stratum)


@pytest.mark.parametrize(("source", "rule"), [("sampled", "did not ask"), ("by hand", "sampled or volunteered")])
def test_nobody_makes_a_verdict_sampled_by_writing_so(yard, source, rule):
    with pytest.raises(InvalidVerdict, match=f"line 2: .*{rule}"):
        read(yard, f"uri,verdict,source\n{yard.uris()[0]},present,{source}\n")


@pytest.mark.parametrize("head", ["uri,verdict,verdict", "uri,verdict,verdict ", "uri,verdict,label,reviewer,verdict"])
def test_a_column_that_is_there_twice_is_refused_by_name(yard, head):
    with pytest.raises(InvalidVerdict, match=r"sheet.csv: line 1: .* verdict "):
        read(yard, f"{head}\n{yard.uris()[0]},present,absent\n")


def test_columns_without_a_name_are_left_alone(yard):
    assert 1 == len(read(yard, f"uri,verdict,,\n{yard.uris()[0]},present,,\n").verdicts)


def test_a_sheet_of_semicolons_is_read(yard):
    one, two, *_ = yard.uris()
    sheet = read(yard, f"URI;Verdict;Label\n{one};absent;Person\n{two};;\n")
    assert ([Answer.ABSENT], 1) == ([kept.verdict.answer for kept in sheet.verdicts], sheet.blank)


NASTY = "=HYPERLINK(1)"


def test_no_exported_cell_is_run_and_importing_the_sheet_changes_nothing(yard):
    uri = yard.image(1, {}, camera=NASTY)
    yard.say(uri, Answer.PRESENT, reviewer="@SUM(A1)")
    yard.say(uri, Answer.ABSENT, reviewer="'-ann")
    sheet = exported(yard)
    cells = [cell for row in csv.reader(io.StringIO(sheet)) for cell in row]
    assert {f"'{NASTY}", "'@SUM(A1)", "''-ann"} == {cell for cell in cells if cell.startswith("'")}
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    assert [False] * 2 == [yard.verdicts.write(kept) for kept in read(yard, sheet).verdicts]
    assert sheet == exported(yard)


def test_a_sheet_that_a_spreadsheet_saved_again_changes_nothing(yard):
    volunteered, sampled, *_ = yard.uris()
    yard.say(volunteered, Answer.PRESENT, Source.VOLUNTEERED)
    yard.say(sampled, Answer.ABSENT)
    yard.image(1, {"Cat": 50.0})
    before = exported(yard)
    german = before.replace(",", ";").replace("50.0", "50").replace("2044-05-16", "16.05.2044").replace("\n", "\r\n")
    german = german.replace("16.05.2044/", "2044-05-16/")
    assert [False] * 2 == [yard.verdicts.write(kept) for kept in read(yard, german).verdicts]
    assert before == exported(yard)


def test_the_line_that_is_named_is_the_one_where_a_row_begins(yard):
    one, *_ = yard.uris()
    with pytest.raises(InvalidVerdict, match="line 5: maybe"):
        read(yard, f'sep=,\nuri,verdict,note\n{one},present,"two\nlines"\n{one},maybe,\n')
