"""The time that a server tells, to compare its clock with another's."""

from datetime import datetime
from email.utils import parsedate_to_datetime


def told_by(date_header: str | None) -> datetime | None:
    """Return the time of an HTTP answer; None if the server does not tell one."""
    try:
        return parsedate_to_datetime(date_header) if date_header else None
    except ValueError:
        return None
