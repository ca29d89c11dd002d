"""CSV as spreadsheets write and read it.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, and a camera's name or a text in a picture is chosen by
others. So such text gets an apostrophe in front, which `plain` takes away again: what was written reads back unchanged.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from sightline.encodings import wide_encoding
from sightline.errors import SightlineError

DELIMITERS = (",", ";", "\t", "|")
"""Excel writes a semicolon where the comma is the decimal point."""

_EMPTY_ROW = ' "' + "".join(DELIMITERS)
"""Of these a row consists that holds nothing: spreadsheets write them above a table that does not begin at the top."""

_STARTS_CELL = r"(^|[;\t\r\n])"
"""A cell begins, or another one would, if the file is read with another delimiter than it was written with."""

_FORMULA = r"[ \xa0\x0b\x0c]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_RUNS = re.compile(rf"{_STARTS_CELL}(?='*{_FORMULA})")
_KEPT_FROM_RUNNING = re.compile(rf"{_STARTS_CELL}'(?='*{_FORMULA})")

_ONE_BYTE = "cp1252"
"""What Excel calls `CSV` in Western Europe and America."""


_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How the files of spreadsheets begin: .xlsx and .ods, and .xls."""

_LOOKED_AT = 200
"""Bytes, by which a wide encoding is known."""


class UnreadableTable(SightlineError):
    """A file that is no table of text."""

    rule = "a table must be text in UTF-8, UTF-16, UTF-32 or Windows-1252"
    remedy = "Save it as `CSV UTF-8`"


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet runs. Numbers stay as they are."""
    return _RUNS.sub(r"\1'", cell) if isinstance(cell, str) else cell


def plain(text: str) -> str:
    """Return the text that `harmless` was given."""
    return _KEPT_FROM_RUNNING.sub(r"\1", text)


def write_rows(rows: Iterable[Iterable[object]], file: TextIO, line_end: str = "\n") -> None:
    """Write rows as CSV with commas."""
    for row in rows:
        buffer = io.StringIO()
        # A writer puts quotes around a lone \r only if it ends its own lines
        csv.writer(buffer, lineterminator="\r\n").writerow([harmless(cell) for cell in row])
        file.write(buffer.getvalue().removesuffix("\r\n") + line_end)


def decode(data: bytes, name: str) -> str:
    """Return the text of a file as spreadsheets save it; raise UnreadableTable that names the line."""
    if data.startswith(_WORKBOOKS):
        raise UnreadableTable(name, rule=f"{UnreadableTable.rule}; this is a spreadsheet's own file")
    encoding = _encoding_of(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UnreadableTable(name, rule=f"line {line}: {UnreadableTable.rule}") from error


def _encoding_of(data: bytes) -> str:
    if wide := wide_encoding(data[:_LOOKED_AT]):
        return wide
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _ONE_BYTE
    return "utf-8-sig"


def read_rows(text: str, needed: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with the number of its first line, the names of the columns first.

    needed: columns that must be named, by which the delimiter is found. Raise csv.Error if a quote is not closed.
    """
    skipped, delimiter, body = _delimiter_of(text, {*needed})
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        line = reader.line_num + 1 + skipped
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(f"line {line}: {error}") from error
        if any(row):
            yield line, row


def _delimiter_of(text: str, needed: set[str]) -> tuple[int, str, str]:
    """Return how many lines stand before the table, its delimiter, and the table. Excel may write `sep=;` first."""
    if said := re.match(r'"?sep=(.)"?;*,*[ \t]*(?:\r\n|\r|\n)', text, re.IGNORECASE):
        return 1, said[1], text[said.end() :]
    head = next((line for line in text.splitlines() if line.strip(_EMPTY_ROW)), "")
    found = (delimiter for delimiter in DELIMITERS if needed <= {name_of(each) for each in head.split(delimiter)})
    return 0, next(found, ","), text


def name_of(heading: str) -> str:
    """Return a column's name, as a heading spells it."""
    return heading.strip().strip('"').strip().lower()
