"""Times as people read them: the camera's, with its offset. The browser's zone is never used."""

from datetime import datetime


def clock_time(at: datetime) -> str:
    """Return `07:58:11`."""
    return f"{at:%H:%M:%S}"


def full_time(at: datetime) -> str:
    """Return `Fri 27 Nov 2026 07:58:11 +01:00`. English names of days and months, whatever the machine's locale is."""
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day} {at.day} {month} {at.year} {at:%H:%M:%S} {offset_of(at)}"


def offset_of(at: datetime) -> str:
    """Return `+01:00`."""
    written = f"{at:%z}"
    return f"{written[:3]}:{written[3:5]}"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
