"""What people write on the command line: parameter types, and the check that every argument passes."""

import math
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from sightline.names import printable

FIRST_DAY = datetime(1970, 1, 1)  # noqa: DTZ001 - a day in the camera's time zone
"""Times are stored in seconds since the epoch."""


class Day(click.DateTime):
    """A day, YYYY-MM-DD, not before `FIRST_DAY`."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """Return the form of a day as `--help` shows it."""
        return "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the day; raise BadParameter if it is not a day, or too early."""
        day: datetime = super().convert(value, param, ctx)
        if day < FIRST_DAY:
            self.fail(f"{value!r} is before {FIRST_DAY.date()}. Give a later day.", param, ctx)
        return day


DAY = Day()

_AGO = re.compile(r"(\d{1,6})(min|h|d)")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Time(click.ParamType[datetime]):
    """`90min`, `2h` or `7d` ago, or an ISO 8601 date or time, which is UTC if it names no offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time, aware; raise BadParameter for anything else."""
        if isinstance(value, datetime):  # click may convert what is converted already
            return value
        try:
            if ago := _AGO.fullmatch(value):
                return datetime.now(UTC) - int(ago[1]) * _UNITS[ago[2]]
            at = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time. Use 2h, 7d, 2026-11-02 or 2026-11-02T11:30+01:00.", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


TIME = Time()


class FiniteRange(click.FloatRange):
    """A finite number within bounds. click accepts `nan` within any bounds, and `inf` if there is no upper one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; raise BadParameter if it is not a finite number, or out of bounds."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number. Use one such as 50.", param, ctx)
        return number


PERCENT = FiniteRange(0, 100)


def check_arguments(arguments: Iterable[str]) -> None:
    """Raise UsageError for an argument that is empty or not UTF-8: `--camera ""` would mean every camera.

    The name of an existing file may hold any bytes.
    """
    before = ""
    for each in arguments:
        if not each or (each.startswith("--") and each.endswith("=")):
            name = each or (before if before.startswith("-") else "an argument")
            remedy = "Leave it out, or set the variable that it comes from"
            raise click.UsageError(f"{name}: it must not be empty. {remedy}.")
        if not _is_utf8(each) and not os.path.lexists(each):
            raise click.UsageError(f"{printable(each)}: it must be UTF-8. Correct these bytes.")
        before = each


def _is_utf8(text: str) -> bool:
    # Python decodes bytes of the command line that are not UTF-8 to lone surrogates.
    return not any("\ud800" <= character <= "\udfff" for character in text)
