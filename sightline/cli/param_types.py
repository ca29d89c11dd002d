"""What people write on the command line: parameter types, and the check that every argument passes."""

import math
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from sightline.cli.output import printable

FIRST_DAY = datetime(1970, 1, 1)  # noqa: DTZ001 - a day of the camera's, wherever that is
"""Times are kept in seconds since the epoch."""


class Day(click.DateTime):
    """A day, YYYY-MM-DD, from the first that there is."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it; raise BadParameter, which is wrong usage, where it is no day or before the first."""
        day: datetime = super().convert(value, param, ctx)
        if day < FIRST_DAY:
            self.fail(f"{value!r} is before {FIRST_DAY.date()}. Give a later day.", param, ctx)
        return day


DAY = Day()

_AGO = re.compile(r"(\d{1,6})(min|h|d)")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def moment(_: click.Context, __: click.Parameter, given: str | None) -> datetime | None:
    """Read `90min`, `2h` or `7d` ago, or a date or time of ISO 8601 (UTC where it names no offset); give it aware.

    Raise BadParameter, which is wrong usage, for anything else.
    """
    if given is None:
        return None
    try:
        if ago := _AGO.fullmatch(given):
            return datetime.now(UTC) - int(ago[1]) * _UNITS[ago[2]]
        at = datetime.fromisoformat(given)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{given!r} is no time. Give 2h, 7d, 2026-11-02, or 2026-11-02T11:30+01:00.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class FiniteRange(click.FloatRange):
    """A number within bounds: click takes `nan` for one that is within any, and `inf` where there is no upper."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it; raise BadParameter, which is wrong usage, where it is no number or out of bounds."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number. Give one such as 50.", param, ctx)
        return number


PERCENT = FiniteRange(0, 100)


def check_arguments(arguments: Iterable[str]) -> None:
    """Raise UsageError for one that is empty or no UTF-8: `--camera ""` would ask for every camera.

    A file may have any name, if it is there.
    """
    before = ""
    for each in arguments:
        if not each or (each.startswith("--") and each.endswith("=")):
            name = each or (before if before.startswith("-") else "an argument")
            remedy = "Leave it out, or see that its variable is set"
            raise click.UsageError(f"{name}: it must not be empty. {remedy}.")
        if not _is_utf8(each) and not os.path.lexists(each):
            raise click.UsageError(f"{printable(each)}: it must be UTF-8. Correct these bytes.")
        before = each


def _is_utf8(text: str) -> bool:
    """Say whether no byte had to be smuggled in, as Python does with those of the command line that are no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
