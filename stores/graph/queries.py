"""The named queries of `queries.cypher`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from vision.errors import ConfigurationError
from vision.models import Json

_HEAD = re.compile(r"^// (name|explains|needs|may take): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query that people ask by name. `needs` and `may_take` are its parameters; those left out are null."""

    name: str
    explains: str
    text: str
    needs: tuple[str, ...] = ()
    may_take: tuple[str, ...] = ()

    def bind(self, given: Mapping[str, Json] | None) -> dict[str, Json]:
        """Give the query's parameters, complete; raise ConfigurationError where one is missing or unknown."""
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
    """Give every named query, in the order of the file."""
    text = files(__package__).joinpath("queries.cypher").read_text(encoding="utf-8")
    sections = re.split(r"^(?=// name: )", text, flags=re.MULTILINE)[1:]
    return {query.name: query for query in map(_parse, sections)}


def query_named(name: str) -> NamedQuery:
    """Give a query; raise ConfigurationError where there is none of that name."""
    queries = all_queries()
    if name not in queries:
        raise ConfigurationError(
            f"query {name}", rule="a query must be in queries.cypher", remedy=f"There are {', '.join(queries)}"
        )
    return queries[name]


def _parse(section: str) -> NamedQuery:
    head = dict(_HEAD.findall(section))
    needs, may_take = (_words(head.get(which, "")) for which in ("needs", "may take"))
    return NamedQuery(head["name"], head["explains"], _HEAD.sub("", section).strip(), needs, may_take)


def _words(listed: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in listed.split(",") if word.strip())
