"""Times as people read them: the camera's, with its offset; for operators UTC. The browser's zone is never used."""

from datetime import UTC, date, datetime


def clock_time(at: datetime) -> str:
    """Return `07:58:11`."""
    return f"{at:%H:%M:%S}"


def full_time(at: datetime) -> str:
    """Return `Fri 27 Nov 2026 07:58:11 +01:00`. English names of days and months, whatever the machine's locale is."""
    return f"{long_day(at)} {at:%H:%M:%S} {offset_of(at)}"


def utc_time(at: datetime) -> str:
    """Return `2026-11-27 07:58:11 UTC`: for operators, whose servers stand in no camera's time zone."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def short_day(day: date) -> str:
    """Return `27 Nov`."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def long_day(day: date) -> str:
    """Return `Fri 27 Nov 2026`."""
    return f"{WEEKDAYS[day.weekday()]} {short_day(day)} {day.year}"


def month_name(month: str) -> str:
    """Return `Nov 2026`, from `2026-11`."""
    year, number = month.split("-")
    return f"{_MONTHS[int(number) - 1]} {year}"


def offset_of(at: datetime) -> str:
    """Return `+01:00`."""
    written = f"{at:%z}"
    return f"{written[:3]}:{written[3:5]}"


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
