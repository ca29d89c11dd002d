"""The named queries of `queries.cypher`."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files

from sightline.errors import ConfigurationError
from sightline.models.answers import Json

_PARAMETER = re.compile(r"(\w+)(?: \((\w+)\))?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"(?:[0-9]{4}-)?(?:0?[1-9]|1[0-2])")
_HEAD = re.compile(r"^// (name|explains|needs|may take): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query that people ask by name.

    needs, may_take: its parameters; those left out are null
    kinds: parameter → `text`, `number`, `month`, `day` or `lines`
    """

    name: str
    explains: str
    text: str
    needs: tuple[str, ...] = ()
    may_take: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def shows(self) -> str:
        """Return what it shows, without what its parameters do."""
        return f"{self.explains.partition(';')[0].removesuffix('.')}."

    def read(self, written: Mapping[str, str]) -> dict[str, Json]:
        """Parse parameters given as text and return the complete set.

        Raise ConfigurationError if a value has the wrong type, or a parameter is missing or unknown.
        """
        return self.bind({name: _READERS[self.kinds.get(name, "text")](name, text) for name, text in written.items()})

    def bind(self, given: Mapping[str, Json] | None) -> dict[str, Json]:
        """Return the query's parameters, complete; raise ConfigurationError if one is missing or unknown."""
        parameters = dict(given or {})
        if not set(self.needs) <= set(parameters) <= {*self.needs, *self.may_take}:
            needs, may_take = ", ".join(self.needs) or "none", ", ".join(self.may_take) or "no other"
            raise ConfigurationError(
                f"query {self.name} with {', '.join(sorted(parameters)) or 'no parameters'}",
                rule=f"it needs {needs} and may take {may_take}",
                remedy="Give these parameters",
            )
        return {**dict.fromkeys(self.may_take), **parameters}


@cache
def all_queries() -> dict[str, NamedQuery]:
    """Return every named query, in the order of the file."""
    text = files(__package__).joinpath("queries.cypher").read_text(encoding="utf-8")
    sections = re.split(r"^(?=// name: )", text, flags=re.MULTILINE)[1:]
    return {query.name: query for query in map(_parse, sections)}


def query_named(name: str) -> NamedQuery:
    """Return a query; raise ConfigurationError if there is none of that name."""
    queries = all_queries()
    if name not in queries:
        raise ConfigurationError(
            f"query {name}", rule="a query must be in queries.cypher", remedy=f"There are {', '.join(queries)}"
        )
    return queries[name]


def _parse(section: str) -> NamedQuery:
    head = dict(_HEAD.findall(section))
    needs, may_take = (dict(_PARAMETER.findall(head.get(which, ""))) for which in ("needs", "may take"))
    kinds = {name: kind or "text" for name, kind in (needs | may_take).items()}
    return NamedQuery(head["name"], head["explains"], _HEAD.sub("", section).strip(), (*needs,), (*may_take,), kinds)


def _text(_: str, text: str) -> str:
    return text


def _lines(_: str, text: str) -> list[str]:
    return text.splitlines()


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _unreadable(name, text, "must be a number")
    return number


def _month(name: str, text: str) -> str:
    if not _MONTH.fullmatch(text):
        raise _unreadable(name, text, "must be a month, such as 2016-11, or 11 for every November")
    return text


def _day(name: str, text: str) -> str:
    try:
        date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise _unreadable(name, text, "must be a day, such as 2016-11-08") from None
    return text


def _unreadable(name: str, text: str, rule: str) -> ConfigurationError:
    return ConfigurationError(f"{name}={text}", rule=f"{name} {rule}", remedy="Correct it")


_READERS: Mapping[str, Callable[[str, str], Json]] = {
    "text": _text,
    "lines": _lines,
    "number": _number,
    "month": _month,
    "day": _day,
}
