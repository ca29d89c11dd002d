"""The status as its page shows it, and as the page refreshes it: texts alone, so that both are told by the same."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import BaseModel

from sightline.names import printable
from sightline.services.status_tables import Section, Table, tables_of
from sightline.spelling import cell, spell
from sightline.web.alarms import Alarm, alarms
from sightline.web.status_reader import Read


class AlarmView(BaseModel):
    """Something that is wrong, what to do, and the page that helps."""

    what: str
    remedy: str
    address: str | None
    page: str


class TableView(BaseModel):
    """A table. title: empty if the section's name says all; with what is said if there are no rows.

    empty: told no more; a page that was opened before an update still writes it, and is to be dropped after a version
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    empty: str = ""


class PartView(BaseModel):
    """A section. told: when it was read, or why it was not."""

    name: str
    told: str
    tables: list[TableView]


class StatusView(BaseModel):
    """All of the page that changes."""

    sentence: str
    alarms: list[AlarmView]
    parts: list[PartView]


def view_of(read: Mapping[str, Read | None], now: datetime) -> StatusView:
    """Return what the page shows."""
    wrong = [*alarms({name: each.section for name, each in read.items() if each}), *_away(read)]
    return StatusView(
        sentence=_sentence(len(wrong), [name for name, each in read.items() if each is None]),
        alarms=[_alarm(each) for each in wrong],
        parts=[_part(name, each, now) for name, each in read.items()],
    )


def _sentence(number: int, unread: list[str]) -> str:
    if number:
        return "One thing is wrong." if number == 1 else f"{number} things are wrong."
    if unread:
        return f"What was read is well; still being read: {', '.join(map(_spaced, unread))}."
    return "All is well."


def _away(read: Mapping[str, Read | None]) -> list[Alarm]:
    """Return what could not be read, each reason once."""
    missing: dict[str, list[str]] = {}
    for name, each in read.items():
        if each and "error" in each.section:
            missing.setdefault(each.section["error"], []).append(_spaced(name))
    return [Alarm(f"Not known: {', '.join(names)}", error.rstrip(".")) for error, names in missing.items()]


def _alarm(alarm: Alarm) -> AlarmView:
    return AlarmView(
        what=printable(alarm.what), remedy=printable(alarm.remedy), address=alarm.address, page=printable(alarm.page)
    )


def _part(name: str, read: Read | None, now: datetime) -> PartView:
    if read is None:
        return PartView(name=name, told=f"{_spaced(name)}: still being read", tables=[])
    age = (now - read.at).total_seconds()
    at = f"{read.at.astimezone(UTC):%H:%M:%S} UTC, " + (f"{spell(age)} ago" if age >= 1 else "just now")
    if "error" in read.section:
        return PartView(name=name, told=f"{_spaced(name)}: not known, as of {at}", tables=[])
    tables = [_table(_spaced(name), each) for each in _tables(name, read.section)]
    return PartView(name=name, told=f"as of {at}" if tables else f"nothing to tell, as of {at}", tables=tables)


def _tables(name: str, section: Section) -> list[Table]:
    """Return a section's tables; of dead letters their numbers alone, for they have a page of their own."""
    if name != "dead_letters":
        return tables_of(name, section)
    return [Table(f"dead letters: {section['open']:,} open", ("error", "open"), [*section["by_error"].items()], "none")]


def _table(section: str, table: Table) -> TableView:
    title = _without(section, table.title) + (f" ({table.note})" if table.note else "")
    return TableView(
        title=printable(title if table.rows else f"{title}: {table.empty or 'none'}").removeprefix(": "),
        columns=[printable(each) for each in table.columns],
        rows=[[cell(each) for each in row] for row in table.rows],
    )


def _without(section: str, title: str) -> str:
    """Return a title without the section's name, which stands above it already."""
    rest = title.removeprefix(section)
    if rest == title or rest[:1] not in {"", " ", ",", ":"}:
        return title
    said = rest.lstrip(" ,:")
    return f"{said} in all" if said.replace(",", "").isdecimal() else said


def _spaced(name: str) -> str:
    return name.replace("_", " ")
