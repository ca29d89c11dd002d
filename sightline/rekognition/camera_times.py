"""Times and UTC offsets as cameras and uploading tools spell them. What is not certain is not read."""

import re
from datetime import datetime, timedelta, timezone

_ZONE = r"(?P<offset>(?:[Zz]|UTC|GMT|[-+−])[^\[]*)?(?(offset)(?:\[[^\]]+\])?)"
"""An offset may be followed by its zone's name in brackets (RFC 9557)."""

_TIME = re.compile(
    r"(?P<year>[0-9]{4})(?P<dash>[-:/.])\s*(?P<month>[0-9]{1,2})(?P=dash)\s*(?P<day>[0-9]{1,2})"
    r"(?:\s+|\s*[T_,]\s*|[-:])(?P<hour>[0-9]{1,2})(?P<tick>[-:.])\s*(?P<minute>[0-9]{1,2})"
    r"(?:(?P=tick)\s*(?P<second>[0-9]{1,2}))?(?:[.,](?P<fraction>[0-9]{1,9}))?"
    rf"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*{_ZONE}"
)
_COMPACT_TIME = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[T _-]?(?P<hour>[0-9]{2})(?P<tick>:?)"
    r"(?P<minute>[0-9]{2})(?P=tick)(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?"
    rf"(?P<half>)\s*{_ZONE}"
)
_LEFT_OVER = " \t\r\n\x00\x1a\x7f\xa0\xff\"';"
"""What stands around a time and says nothing: blanks, quotes, and what a field of fixed width was filled with."""

_UNREADABLE_ZONE = re.compile(r"(?P<time>.*[0-9])\s*(?P<zone>(?:[A-Z]{3,5}|[-+−]).*)", re.DOTALL)
_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[-+−])\s?(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?(?::?00)?")

_MOST_OFFSET = timedelta(hours=14)
"""No place is farther from UTC than Kiribati."""

_HOURS_OF_A_DAY = 24
_HOURS_OF_HALF_A_DAY = 12


def read_offset(text: str) -> timezone | None:
    """Return a UTC offset: `+02:00`, `+2:00`, `+0200`, `+02`, `Z`; None if the text is none."""
    said = text.strip()
    if said.upper() in {"Z", "UTC", "GMT"}:
        return timezone(timedelta(0))
    found = _OFFSET.fullmatch(said)
    if not found or int(found["minutes"] or 0) >= 60:  # noqa: PLR2004 - minutes of an hour
        return None
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if offset > _MOST_OFFSET:
        return None
    return timezone(offset if found["sign"] == "+" else -offset)


def read_time(text: str) -> datetime | None:
    """Return the time: aware only if the text ends with its own UTC offset; None if the text is no whole time.

    The year comes first, with four digits: other orders can be read in two ways. Hour 24 is the first hour of the day
    that is written: Android's cameras counted the hours of a day from 1 to 24.
    """
    said = text.strip().strip(_LEFT_OVER)
    found = _TIME.fullmatch(said) or _COMPACT_TIME.fullmatch(said)
    if found is None or (found["second"] is None and found["tick"] != ":"):
        return None
    offset = read_offset(found["offset"]) if found["offset"] else None
    if found["offset"] and offset is None:
        return None
    year, month, day, minute, second = (int(found[n] or 0) for n in ("year", "month", "day", "minute", "second"))
    microsecond = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        hour = _hour(int(found["hour"]), found["half"])
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=offset)
    except ValueError:
        return None


def without_zone(text: str) -> tuple[datetime, str] | None:
    """Return the time, and what stands after it in place of its UTC offset and is none; None if it is not so."""
    found = _UNREADABLE_ZONE.fullmatch(text.strip().strip(_LEFT_OVER))
    time = read_time(found["time"]) if found else None
    return (time, found["zone"]) if found and time else None


def _hour(hour: int, half: str | None) -> int:
    """Return the hour from 0 to 23; raise ValueError if the clock of twelve hours shows no such hour."""
    if not half:
        return 0 if hour == _HOURS_OF_A_DAY else hour
    if not 1 <= hour <= _HOURS_OF_HALF_A_DAY:
        raise ValueError(f"no clock of twelve hours shows {hour}")
    return hour % _HOURS_OF_HALF_A_DAY + (_HOURS_OF_HALF_A_DAY if half.upper().startswith("P") else 0)
