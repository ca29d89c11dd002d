"""A search in one line, such as `label:Person camera:door text:"AB 123" 2026-11-20..2026-11-27 >80`."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sightline.web.errors import InvalidRequest
from sightline.web.sought import Sought
from sightline.web.times import WEEKDAYS

_TOKEN = re.compile(r'(?:(?P<name>\w+):)?(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\S+))')
_DAYS = re.compile(r"(?P<since>\d{4}-\d\d-\d\d)?(?P<to>\.\.)?(?P<until>\d{4}-\d\d-\d\d)?")
_CONFIDENCE = re.compile(r"(?P<side>[<>])=?(?P<percent>\d+(?:\.\d+)?)%?")
_HOUR = re.compile(r"(?P<hour>[01]?\d|2[0-3])h?")
_NAMED = ("label", "camera", "text")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says. words: those without a name, each a label if there is one of that name, or else text."""

    fields: Mapping[str, str]
    words: tuple[str, ...]

    def with_labels(self, known: Collection[str]) -> dict[str, str]:
        """Return the fields, with each word as one of them. known: the labels that there are."""
        by_small_letters = {name.casefold(): name for name in known}
        fields, words = dict(self.fields), list(self.words)
        if "label" in fields:
            fields["label"] = by_small_letters.get(fields["label"].casefold(), fields["label"])
        whole = " ".join(words)
        for phrase in (whole, *words):
            if "label" not in fields and phrase.casefold() in by_small_letters:
                fields["label"] = by_small_letters[phrase.casefold()]
                words = [] if phrase == whole else [each for each in words if each != phrase]
        if words:
            _set(fields, "text", " ".join(words))
        return fields


def read_line(line: str) -> Line:
    """Read a line; raise InvalidRequest for what no search can ask for."""
    fields: dict[str, str] = {}
    words: list[str] = []
    for token in _TOKEN.finditer(line):
        name, quoted, whole = token["name"], token["quoted"], token.group()
        value = token["plain"] if quoted is None else _ESCAPED.sub(r"\1", quoted)
        if name in _NAMED:
            _set(fields, name, value)
        elif quoted is not None:
            words.append(value if name is None else whole)
        elif found := dict(_special(name, value)):
            for each, given in found.items():
                _set(fields, each, given)
        else:
            words.append(whole)
    return Line(fields, tuple(words))


def _special(name: str | None, value: str) -> Iterator[tuple[str, str]]:
    """Return the fields that a token without quotes stands for; none if it is a word."""
    if name == "on":
        yield "weekday", str(_weekday(value))
    elif name == "at":
        hour = _HOUR.fullmatch(value)
        if hour is None:
            raise InvalidRequest(f"at:{value}", rule="an hour is a number from 0 to 23", remedy="Write at:07")
        yield "hour", str(int(hour["hour"]))
    elif name is None and (confidence := _CONFIDENCE.fullmatch(value)):
        yield ("at_least" if confidence["side"] == ">" else "below"), confidence["percent"]
    elif name is None and (days := _DAYS.fullmatch(value)) and (days["since"] or days["until"]):
        first, last = days["since"], days["until"] or (None if days["to"] else days["since"])
        yield from (
            (each, _day(written)) for each, written in (("since", first), ("until", last)) if written is not None
        )


def _weekday(value: str) -> int:
    for number, name in enumerate(WEEKDAYS, 1):
        if value.casefold().startswith(name.casefold()):
            return number
    raise InvalidRequest(f"on:{value}", rule=f"a weekday is one of {', '.join(WEEKDAYS)}", remedy="Write on:Mon")


def _day(written: str) -> str:
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        remedy = "Correct it; two days are written 2026-11-20..2026-11-27"
        raise InvalidRequest(written, rule="a day is written as 2026-11-27", remedy=remedy) from None


def _set(fields: dict[str, str], name: str, value: str) -> None:
    if name in fields:
        raise InvalidRequest(name, rule="a search asks for one at a time", remedy=f"Leave one {name} out")
    fields[name] = value


def line_of(sought: Sought) -> str:
    """Return the line that asks for this."""
    named = [f"{name}:{_quoted(value)}" for name in _NAMED if (value := getattr(sought, name)) is not None]
    return " ".join([*named, *_days_of(sought), *_rest(sought)])


def _quoted(value: str) -> str:
    if re.fullmatch(r'[^\s"\\]+', value):
        return value
    escaped = re.sub(r'(["\\])', r"\\\1", value)
    return f'"{escaped}"'


def _days_of(sought: Sought) -> Iterator[str]:
    since, until = (each.isoformat() if each else "" for each in (sought.since, sought.until))
    if since or until:
        yield since if since == until else f"{since}..{until}"


def _rest(sought: Sought) -> Iterator[str]:
    if sought.at_least:
        yield f">{sought.at_least:g}"
    if sought.below is not None:
        yield f"<{sought.below:g}"
    if sought.weekday is not None:
        yield f"on:{WEEKDAYS[sought.weekday - 1]}"
    if sought.hour is not None:
        yield f"at:{sought.hour:02}"
