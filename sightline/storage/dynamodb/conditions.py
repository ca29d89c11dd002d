"""Conditions as values. Names and values never stand in an expression themselves: each becomes a placeholder."""

from collections.abc import Callable
from typing import Any, TypeAlias

from typing_extensions import override

from sightline.storage.dynamodb.items import AttributeValues, to_value

Path: TypeAlias = str | tuple[str, ...]
"""An attribute, or the way into a map: `("wanted", "labels")`. A dot in a name is part of the name."""


class Placeholders:
    """The names and values of one request."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: AttributeValues = {}

    def name(self, path: Path) -> str:
        """Return what stands for `path` in an expression."""
        steps = (path,) if isinstance(path, str) else path
        return ".".join(self._names.setdefault(step, f"#n{len(self._names)}") for step in steps)

    def value(self, value: Any) -> str:
        """Return what stands for `value` in an expression."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = to_value(value)
        return placeholder

    def values(self, values: tuple[Any, ...]) -> str:
        """Return what stands for a list of values in an expression."""
        return f"({', '.join(self.value(value) for value in values)})"

    def request(self) -> dict[str, Any]:
        """Return the request's parameters: DynamoDB refuses empty ones, so those are left out."""
        names = {placeholder: name for name, placeholder in self._names.items()}
        parameters = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": self._values}
        return {key: value for key, value in parameters.items() if value}


class StatementPlaceholders(Placeholders):
    """The names and values of one PartiQL statement: names are quoted, and values are counted off by question marks."""

    def __init__(self) -> None:
        super().__init__()
        self.parameters: list[AttributeValues] = []

    @override
    def name(self, path: Path) -> str:
        steps = (path,) if isinstance(path, str) else path
        return ".".join('"' + step.replace('"', '""') + '"' for step in steps)

    @override
    def value(self, value: Any) -> str:
        self.parameters.append(to_value(value))
        return "?"

    @override
    def values(self, values: tuple[Any, ...]) -> str:
        return f"[{', '.join(self.value(value) for value in values)}]"


Condition: TypeAlias = Callable[[Placeholders], str]


def equals(path: Path, value: Any) -> Condition:
    """Hold if the attribute is there and is `value`; None means: it is not there."""
    return missing(path) if value is None else _compare(path, "=", value)


def differs(path: Path, value: Any) -> Condition:
    """Hold if the attribute is not `value`, or not there."""
    return _compare(path, "<>", value)


def begins_with(path: Path, prefix: str) -> Condition:
    """Hold if the attribute is there and begins with `prefix`."""
    return lambda p: f"begins_with({p.name(path)}, {p.value(prefix)})"


def less(path: Path, value: Any) -> Condition:
    """Hold if the attribute is there and below `value`."""
    return _compare(path, "<", value)


def at_most(path: Path, value: Any) -> Condition:
    """Hold if the attribute is there and not above `value`."""
    return _compare(path, "<=", value)


def greater(path: Path, value: Any) -> Condition:
    """Hold if the attribute is there and above `value`."""
    return _compare(path, ">", value)


def smaller(path: Path, count: int) -> Condition:
    """Hold if the attribute is there and has fewer than `count` members: a map, a list, or a text."""
    return lambda p: f"size({p.name(path)}) < {p.value(count)}"


def between(path: Path, low: Any, high: Any) -> Condition:
    """Hold if low <= attribute <= high. DynamoDB refuses low > high in a key condition."""
    return lambda p: f"{p.name(path)} BETWEEN {p.value(low)} AND {p.value(high)}"


def one_of(path: Path, values: tuple[Any, ...]) -> Condition:
    """Hold if the attribute is one of `values`."""
    return lambda p: f"{p.name(path)} IN {p.values(values)}"


def exists(path: Path) -> Condition:
    """Hold if the attribute is there."""
    return lambda p: f"attribute_exists({p.name(path)})"


def missing(path: Path) -> Condition:
    """Hold if the attribute is not there."""
    return lambda p: f"attribute_not_exists({p.name(path)})"


def all_of(*conditions: Condition) -> Condition:
    """Hold if each condition does."""
    return lambda p: " AND ".join(f"({condition(p)})" for condition in conditions)


def any_of(*conditions: Condition) -> Condition:
    """Hold if one condition does."""
    return lambda p: " OR ".join(f"({condition(p)})" for condition in conditions)


def _compare(path: Path, operator: str, value: Any) -> Condition:
    return lambda p: f"{p.name(path)} {operator} {p.value(value)}"
