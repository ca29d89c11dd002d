"""How commands print: a table for people, or JSON with stable names for scripts."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from shutil import get_terminal_size
from typing import Any

import click

from sightline.cli.layout import fold, table_lines

_UNITS = ((86_400, "days"), (3_600, "h"), (60, "min"))

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with stable names, for scripts.")


def require_one_form(*, as_json: bool, as_csv: bool) -> None:
    """Raise UsageError where both are asked for: one of them would win in silence."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv can not both be printed. Leave one of them out.")


def print_json(value: Any) -> None:
    """Print `value` as JSON; times as ISO 8601, durations as seconds."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=plain)
    click.echo(text.encode("utf-8", "backslashreplace").decode())  # half a surrogate pair, as JSON writes it


def plain(value: Any) -> Any:
    """Give what JSON can say of a time, a duration or a mapping."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} has no form in JSON")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "nothing found"
) -> None:
    """Print rows under a title; numbers to the right. Text is printed as it is: no markup is read from it.

    Times are shown in UTC, to the second. Where there are no rows, say `empty` instead.
    """
    drawn = list(rows)
    if not drawn:
        click.echo(f"{printable(title)}: {empty}\n")
        return
    is_number = [all(isinstance(cell, int | float | None) for cell in column) for column in zip(*drawn, strict=True)]
    cells = [[_cell(value) for value in row] for row in drawn]
    room = _room()
    for line in [printable(title)] if room is None else fold(printable(title), room):
        click.secho(line, bold=True)
    click.echo("\n".join(["", *table_lines(columns, cells, is_number, room), ""]))


def _room() -> int | None:
    """Give the columns of the terminal; None where the output is none: a file or the next program gets whole lines."""
    return get_terminal_size().columns if sys.stdout.isatty() else None


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return f"{value:,}" if isinstance(value, int) else printable(in_words(value))


def in_words(value: Any) -> str:
    """Say what a task or an answer holds: `rows 7, by type (labels 3, faces 4)`; text as it is."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_inside(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_inside(each) for each in value) or "none"
    return value if isinstance(value, str) else str(value)


def _inside(value: Any) -> str:
    return f"({in_words(value)})" if isinstance(value, Mapping) and value else _cell(value)


def printable(text: str) -> str:
    """Show control characters of a key by their escapes, so that a newline in a name can not tear the table."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def spell(seconds: float) -> str:
    """Say how long something is: `38 s`, `4 min`, `2.5 h`, `3 days`."""
    for length, name in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - two digits say enough
