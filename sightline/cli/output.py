"""How commands print: tables that fit the terminal for people, or JSON with stable names for scripts."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any

import click
from rich.cells import cell_len

from sightline.names import printable
from sightline.spelling import cell

GAP = "  "


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], is_number: Sequence[bool], room: int | None
) -> list[str]:
    """Return the lines of a table, or, if it does not fit, a block for each row with a line for each column.

    room: columns of the terminal; None for a file or pipe, where each row is one line of any width
    """
    widths = _widths([columns, *rows], room)
    if widths is None:
        return _blocks(columns, rows, room or 0)
    head = _row(columns, widths, is_number)
    rule = GAP.join("─" * width for width in widths)
    body = [line for row in rows for line in _row(row, widths, is_number)]
    return [*head, rule, *body] if any(columns) else body


def _widths(table: Sequence[Sequence[str]], room: int | None) -> list[int] | None:
    """Return each column's width, the widest narrowed to fit without cutting a word; None if that does not fit."""
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    if room is None:
        return widths
    least = [max(map(_longest_word, column)) for column in zip(*table, strict=True)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > room:
        spare = [number for number, width in enumerate(widths) if width > least[number]]
        if not spare:
            return None
        widths[max(spare, key=lambda number: widths[number])] -= 1
    return widths


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _row(cells: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> list[str]:
    """Return the lines of one row: as many as its tallest cell has."""
    folded = [fold(each, width) for each, width in zip(cells, widths, strict=True)]
    return [
        GAP.join(
            _padded(lines[number] if number < len(lines) else "", width, to_the_right=right)
            for lines, width, right in zip(folded, widths, is_number, strict=True)
        ).rstrip()
        for number in range(max(map(len, folded)))
    ]


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[str]:
    """Return each row as lines of name and value, with an empty line between rows."""
    names = max(map(cell_len, columns))
    lines: list[str] = []
    for row in rows:
        lines += [""] if lines else []
        for column, value in zip(columns, row, strict=True):
            first, *more = fold(value, max(room - names - len(GAP), _longest_word(value), 1))
            lines.append(f"{_padded(column, names)}{GAP}{first}".rstrip())
            lines += [f"{' ' * names}{GAP}{each}" for each in more]
    return lines


def fold(text: str, width: int) -> list[str]:
    """Wrap a text between words; a word that is wider than `width` stays whole, so that it can be copied."""
    if cell_len(text) <= width:
        return [text]
    return wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _padded(text: str, width: int, *, to_the_right: bool = False) -> str:
    """Pad to a width as a terminal counts it: some characters are two columns wide."""
    spaces = " " * (width - cell_len(text))
    return spaces + text if to_the_right else text + spaces


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable names, for scripts.")


def require_one_form(*, as_json: bool, as_csv: bool) -> None:
    """Raise UsageError if both are given: one of them would be ignored silently."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv cannot be combined. Leave one of them out.")


def print_json(value: Any) -> None:
    """Print `value` as JSON; times as ISO 8601, durations as seconds."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=plain)
    click.echo(text.encode("utf-8", "backslashreplace").decode())  # a lone surrogate, escaped as JSON does it


def plain(value: Any) -> Any:
    """Return a time, a duration or a mapping in a form that JSON has; raise TypeError for anything else."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} cannot be written as JSON")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "nothing found"
) -> None:
    """Print rows under a title, numbers right-aligned. Text is printed as it is: markup is not interpreted.

    Times are shown in UTC, to the second. If there are no rows, print `empty` instead.
    """
    drawn = list(rows)
    if not drawn:
        click.echo(f"{printable(title)}: {empty}\n")
        return
    is_number = [all(isinstance(value, int | float | None) for value in column) for column in zip(*drawn, strict=True)]
    cells = [[cell(value) for value in row] for row in drawn]
    room = _room()
    for line in [printable(title)] if room is None else fold(printable(title), room):
        click.secho(line, bold=True)
    click.echo("\n".join(["", *table_lines(columns, cells, is_number, room), ""]))


def _room() -> int | None:
    """Return the terminal's width; None if the output is not a terminal: files and pipes get whole lines."""
    return get_terminal_size().columns if sys.stdout.isatty() else None
