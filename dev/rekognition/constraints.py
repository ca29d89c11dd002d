"""Requests are checked against the service's own model, from botocore: types, ranges, lengths, patterns, enums."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TypeAlias

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from dev.rekognition.refusals import Refusal
from sightline.models.answers import Json

Fault: TypeAlias = str
_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (str,),
    "integer": (int,),
    "float": (int, float),
}


@cache
def service_model() -> ServiceModel:
    """Load Rekognition's model."""
    return ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")


def check_request(operation: str, request: Json) -> None:
    """Raise AWS's ValidationException if `request` violates the model of `operation`."""
    shape = service_model().operation_model(operation).input_shape
    broken = list(_faults(shape, request, "")) if shape else []
    if broken:
        count = f"{len(broken)} validation error{'s' * (len(broken) > 1)} detected: "
        raise Refusal("ValidationException", count + "; ".join(broken))


def without_nulls(value: Json) -> Json:
    """Return a request without its members that are null: to AWS they are absent."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def _faults(shape: Shape, value: Json, path: str) -> Iterator[Fault]:
    if not isinstance(value, _TYPES.get(shape.type_name, (object,))) or isinstance(value, bool):
        yield _fault(value, path, f"Member must be a {shape.type_name}")
        return
    yield from _range_faults(shape, value, path)
    if isinstance(shape, StructureShape):
        yield from _member_faults(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _element_faults(shape, value, path)


def _element_faults(shape: ListShape, values: Json, path: str) -> Iterator[Fault]:
    for position, each in enumerate(values, start=1):
        yield from _faults(shape.member, each, f"{path}.{position}.member")


def _member_faults(shape: StructureShape, value: Json, path: str) -> Iterator[Fault]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _fault(None, _join(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _faults(member, value[name], _join(path, name))


def _range_faults(shape: Shape, value: Json, path: str) -> Iterator[Fault]:
    if shape.type_name == "blob":  # its length is that of the decoded bytes: see `content`
        return
    size, what = (len(value), "length") if isinstance(value, str | list) else (value, "value")
    for limit, breaks, words in _LIMITS:
        if limit in shape.metadata and breaks(size, shape.metadata[limit]):
            yield _fault(value, path, f"Member must have {what} {words} than or equal to {shape.metadata[limit]}")
    if "enum" in shape.metadata and value not in shape.metadata["enum"]:
        yield _fault(value, path, f"Member must satisfy enum value set: {shape.metadata['enum']}")
    if "pattern" in shape.metadata and not re.fullmatch(shape.metadata["pattern"], value):
        yield _fault(value, path, f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}")


_LIMITS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("max", lambda size, limit: size > limit, "less"),
    ("min", lambda size, limit: size < limit, "greater"),
)


def _fault(value: Json, path: str, rule: str) -> Fault:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path or 'request'}' failed to satisfy constraint: {rule}"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member
