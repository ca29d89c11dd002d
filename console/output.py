"""How commands print: a table for people, or JSON with stable names for scripts."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 160
"""Columns where the output is no terminal: wide enough for a URI on one line."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable names, for scripts.")


def print_json(value: Any) -> None:
    """Print `value` as JSON; times as ISO 8601, durations as seconds."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    message = f"{value!r} has no form in JSON"
    raise TypeError(message)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under a title; numbers to the right. Text is printed as it is: no markup is read from it."""
    drawn = list(rows)
    table = Table(title=title, title_justify="left", title_style="bold")
    for position, column in enumerate(columns):
        is_number = bool(drawn) and all(isinstance(row[position], (int, float)) for row in drawn)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in drawn:
        table.add_row(*(_cell(value) for value in row))
    Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else printable(str(value))


def printable(text: str) -> str:
    """Show control characters of a key by their escapes, so that a newline in a name can not tear the table."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
