"""Recorded responses, and a walk that compares one with the shape that AWS declares."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from sightline.models.answers import Json

FOLDER = Path(__file__).parents[2] / "data" / "rekognition"

_PYTHON_TYPES = {"string": str, "boolean": bool, "integer": int, "float": (int, float)}


def recorded(feature: str) -> Json:
    return json.loads((FOLDER / f"{feature}.json").read_text("utf-8"))


@cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def differences(value: Json, shape: Shape, path: str = "answer") -> Iterator[str]:
    """Say where `value` is not of `shape`: members that AWS does not know, values of another type or range."""
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{path} is no structure"
            return
        yield from (f"{path}.{name} is unknown" for name in value.keys() - shape.members.keys())
        for name in value.keys() & shape.members.keys():
            yield from differences(value[name], shape.members[name], f"{path}.{name}")
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for position, each in enumerate(value):
            yield from differences(each, shape.member, f"{path}[{position}]")
    else:
        yield from _scalar_differences(value, shape, path)


def _scalar_differences(value: Json, shape: Shape, path: str) -> Iterator[str]:
    is_number_as_bool = isinstance(value, bool) and shape.type_name != "boolean"
    if is_number_as_bool or not isinstance(value, _PYTHON_TYPES[shape.type_name]):  # type: ignore[arg-type]
        yield f"{path} is no {shape.type_name}"
        return
    if getattr(shape, "enum", None) and value not in shape.enum:  # type: ignore[attr-defined]
        yield f"{path} is none of {shape.enum}"  # type: ignore[attr-defined]
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name != "string" and ((low is not None and value < low) or (high is not None and value > high)):
        yield f"{path} is not between {low} and {high}"
