"""How values are written for people, on the command line and in the console: durations, times, and JSON in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sightline.names import visible

_UNITS = ((86_400, "days"), (3_600, "h"), (60, "min"))


def cell(value: Any) -> str:
    """Return a value as a table shows it: times in UTC, to the second; of names every character can be seen."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return f"{value:,}" if isinstance(value, int) else visible(in_words(value))


def in_words(value: Any) -> str:
    """Return a JSON value in words: `rows 7, by type (labels 3, faces 4)`; text as it is."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_inside(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_inside(each) for each in value) or "none"
    return value if isinstance(value, str) else str(value)


def _inside(value: Any) -> str:
    return f"({in_words(value)})" if isinstance(value, Mapping) and value else cell(value)


def spell(seconds: float) -> str:
    """Return a duration in words: `38 s`, `4 min`, `3 h`, `3 days`."""
    for length, name in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - two digits say enough
