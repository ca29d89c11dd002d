"""What is declared by a module of its own in a package: adding one is adding a file."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

from sightline.errors import UnknownFeature

Declared = TypeVar("Declared")


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Import every module of a package, in alphabetical order."""
    return [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]


def named(name: str, declared: Mapping[str, Declared]) -> Declared:
    """Return what is declared under a name; raise UnknownFeature if nothing is."""
    if name not in declared:
        raise UnknownFeature(name, known=sorted(declared))
    return declared[name]
