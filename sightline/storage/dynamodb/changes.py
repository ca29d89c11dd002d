"""A change of one item as a value: what is set, added and removed in one update."""

from collections.abc import Callable
from typing import Any, Self

from sightline.storage.dynamodb.conditions import Path, Placeholders


class Change:
    """What one update does. Each method gives the change itself, so that they read as a list."""

    def __init__(self) -> None:
        self._sets: list[Callable[[Placeholders], str]] = []
        self._adds: list[Callable[[Placeholders], str]] = []
        self._removes: list[Path] = []

    def set(self, path: Path, value: Any) -> Self:
        """Set an attribute; None removes it. The map that `path` leads into must be there."""
        if value is None:
            return self.remove(path)
        self._sets.append(lambda p: f"{p.name(path)} = {p.value(value)}")
        return self

    def set_all(self, **attributes: Any) -> Self:
        """Set several attributes; those that are None are removed."""
        for name, value in attributes.items():
            self.set(name, value)
        return self

    def set_if_missing(self, path: Path, value: Any) -> Self:
        """Set an attribute if it is not there yet."""
        self._sets.append(lambda p: f"{p.name(path)} = if_not_exists({p.name(path)}, {p.value(value)})")
        return self

    def add(self, path: Path, number: int) -> Self:
        """Add to a number; one that is not there counts as 0."""
        self._adds.append(lambda p: f"{p.name(path)} {p.value(number)}")
        return self

    def remove(self, *paths: Path) -> Self:
        """Remove attributes, if they exist."""
        self._removes.extend(paths)
        return self

    def expression(self, placeholders: Placeholders) -> str:
        """Write the update expression."""
        clauses = self._clauses(placeholders)
        return " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses.items() if parts)

    def statement(self, placeholders: Placeholders) -> str:
        """Write the clauses of a PartiQL update: it repeats the word before each part, and cannot add."""
        clauses = self._clauses(placeholders)
        if clauses["ADD"]:
            raise ValueError("PartiQL has no ADD: an update that adds must be sent by itself")
        return " ".join(f"{word} {part}" for word, parts in clauses.items() for part in parts)

    def _clauses(self, placeholders: Placeholders) -> dict[str, list[str]]:
        return {
            "SET": [each(placeholders) for each in self._sets],
            "ADD": [each(placeholders) for each in self._adds],
            "REMOVE": [placeholders.name(path) for path in self._removes],
        }
