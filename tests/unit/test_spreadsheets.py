import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.spreadsheets import UnreadableTable, decode, harmless, plain, read_rows, write_rows

DANGEROUS = st.text("=+-@'\t\r\n;, aß\uff1d0", max_size=12)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@A1", " =1+1", "\t=1", "\r=1", "\uff1d1", "a;=1", "a\n-1", "'=1", "''@x"]
)
def test_text_that_a_spreadsheet_runs_gets_an_apostrophe(cell):
    assert harmless(cell) != cell
    assert cell == plain(str(harmless(cell)))


@pytest.mark.parametrize("cell", ["", "yard", "s3://images/a=1.jpg", "3-4", "it's", "'quoted'", -0.5, 7, None])
def test_other_cells_stay_as_they_are(cell):
    assert cell == harmless(cell)


@given(DANGEROUS)
def test_any_text_comes_back_and_none_is_run_whatever_the_delimiter(text):
    kept = str(harmless(text))
    assert text == plain(kept)
    for delimiter in "\n\r;\t":
        for part in kept.split(delimiter):
            assert part.lstrip()[:1] not in {"=", "+", "-", "@", "\uff1d"} or part.lstrip()[:1] == ""


@given(st.lists(st.lists(st.one_of(DANGEROUS, st.integers()), min_size=2, max_size=3), max_size=5))
def test_what_is_written_reads_back(rows):
    file = io.StringIO()
    write_rows([["uri", "verdict"], *rows], file)
    read = [[plain(cell) for cell in row] for row in csv.reader(io.StringIO(file.getvalue(), newline=""), strict=True)]
    assert [["uri", "verdict"], *([str(cell) for cell in row] for row in rows)] == read


SHEET = "uri;verdict;comment\r\ns3://images/gäte/1.jpg;absent;süß\r\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_the_encodings_of_spreadsheets_are_read(encoding):
    assert SHEET == decode(SHEET.encode(encoding), "sheet.csv")


def test_one_nul_in_a_text_does_not_make_it_another_encoding():
    assert SHEET + "\0" == decode((SHEET + "\0").encode(), "sheet.csv")


@pytest.mark.parametrize("begin", [b"PK\x03\x04\x14\0\x06\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"])
def test_a_spreadsheets_own_file_is_named_as_such(begin):
    with pytest.raises(UnreadableTable, match=r"this is a spreadsheet's own file\. Save it as `CSV UTF-8`"):
        decode(begin + bytes(300), "sheet.xlsx")


def test_an_unreadable_file_names_its_line():
    with pytest.raises(UnreadableTable, match="line 3: a table must be text"):
        decode(b"uri,verdict\ns3://a/b.jpg,absent\n\x81\x8d\xff,present\n", "sheet.csv")


def rows_of(text: str) -> list[tuple[int, list[str]]]:
    return [*read_rows(text, ("uri", "verdict"))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("head", ["uri{0}verdict", '"uri"{0}"verdict"', "URI{0} Verdict {0}note"])
def test_the_delimiter_is_found_by_the_columns(delimiter, head):
    _, row = rows_of(head.format(delimiter) + f"\n1{delimiter}2\n")
    assert (2, ["1", "2"]) == row


def test_another_delimiter_inside_a_heading_does_not_mislead():
    assert (2, ["x", "a", "b"]) == rows_of("a note, or none;uri;verdict\nx;a;b\n")[1]


@pytest.mark.parametrize("first", ["SEP=;\n", "sep=;\r", '"Sep=;"\r\n'])
def test_excels_line_is_read_in_any_case_and_with_any_end(first):
    assert (3, ["a", "b"]) == rows_of(f"{first}uri;verdict\na;b\n")[1]


@pytest.mark.parametrize("above", [";;\r\n", '"";""\n\n', " ; ;\n;;\n"])
def test_rows_of_nothing_above_the_columns_do_not_hide_the_delimiter(above):
    assert [["uri", "verdict"], ["a", "b"]] == [row for _, row in rows_of(f"{above}uri;verdict\na;b\n")]


def test_excels_line_about_its_delimiter_is_skipped_and_counted():
    assert [(2, ["uri", "verdict"]), (3, ["a", "b"])] == rows_of("sep=;\r\nuri;verdict\r\na;b\r\n")


def test_a_row_is_named_by_its_first_line_and_empty_ones_count():
    text = 'uri,verdict,note\na,b,"one\ntwo"\n\n,,\nc,d,e\n'
    assert [1, 2, 6] == [line for line, _ in rows_of(text)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_a_line_is_one(end):
    assert [(1, ["uri", "verdict"]), (2, ["a", "b"])] == rows_of(f"uri,verdict{end}a,b{end}")


def test_a_quote_that_is_not_closed_is_named_where_it_opens():
    with pytest.raises(csv.Error, match="line 2: "):
        rows_of('uri,verdict\n"a,b\nc,d\n')
