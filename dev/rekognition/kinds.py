"""AWS's names of what can be found, with their parents, aliases and categories."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.models.answers import Json

_COCO = tomllib.loads((Path(__file__).parent / "coco.toml").read_text())


@dataclass(frozen=True, slots=True)
class Kind:
    """An entry of AWS's list of labels."""

    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


COCO: Sequence[str | None] = tuple(entry.get("name") for entry in _COCO["kinds"])
"""AWS's name of each kind of thing of COCO; None if it is not certain."""


def _kinds(entries: Sequence[Json], parents: Mapping[str, Sequence[str]]) -> dict[str, Kind]:
    """Return the kinds of `entries`; then their parents, which have the category of the first child."""
    named = [entry for entry in entries if entry]
    kinds = {
        entry["name"]: Kind(tuple(entry.get("parents", ())), tuple(entry.get("aliases", ())), (entry["category"],))
        for entry in named
    }
    for entry in named:
        for name in entry.get("parents", ()):
            kinds.setdefault(name, Kind(tuple(parents.get(name, ())), (), (entry["category"],)))
    return kinds


KINDS: Mapping[str, Kind] = _kinds(_COCO["kinds"], _COCO["parents_of_parents"]) | {
    "Person": Kind(aliases=("Human",), categories=("Person Description",)),
    "Head": Kind(parents=("Person",), categories=("Person Description",)),
    "Face": Kind(parents=("Head", "Person"), categories=("Person Description",)),
    "Text": Kind(categories=("Text and Documents",)),
}
"""By name."""
