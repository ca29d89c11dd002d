"""Points in time as people give them on the command line."""

import re
from datetime import UTC, datetime, timedelta

import click

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
