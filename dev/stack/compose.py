"""Our own processes as docker-compose.yml declares them: it alone says what runs, with or without Docker."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dev.stack.errors import UnknownService
from dev.stack.folders import CHECKOUT

FILE = CHECKOUT / "docker-compose.yml"
OUR_IMAGE = "sightline"
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?])((?:[^${}]|\$\{[^}]*\})*))?\})")
"""A default may hold variables of its own, one level deep."""


@dataclass(frozen=True, slots=True)
class Service:
    """One of our processes. is_once: it does its work and ends; is_optional: it is in a profile, so off by default."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    is_once: bool
    is_optional: bool

    @property
    def is_worker(self) -> bool:
        """Return whether it consumes queues, so it may have replicas."""
        return "worker" in self.command

    @property
    def may_have_replicas(self) -> bool:
        """Return whether several may run: workers, and listeners to S3's events, share queues."""
        return self.is_worker or "listen" in self.command


def our_services(values: Mapping[str, str], file: Path = FILE) -> dict[str, Service]:
    """Read the services that run our image; replace `${NAME}` by its value, as Compose does."""
    services = _read(file)["services"]
    return {name: _service(name, body, values) for name, body in services.items() if body.get("image", "") == OUR_IMAGE}


def our_service(name: str, values: Mapping[str, str], file: Path = FILE) -> Service:
    """Read one of our services."""
    services = our_services(values, file)
    if name not in services:
        raise UnknownService(name, remedy=f"There are {', '.join(sorted(services))}")
    return services[name]


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Replace `${NAME}`, `${NAME:-default}`, `${NAME:?complaint}` and `$$` by Compose's rules.

    A variable in a default is only looked up if the default is used.

    Raises UnknownService if a name with `?` has no value.
    """
    return _VARIABLE.sub(lambda match: _value(match, values), text)


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    dollar, name, rule, rest = match.groups()
    if dollar:
        return "$"
    value = values.get(name)
    is_given = value is not None and (value != "" or not (rule or "").startswith(":"))
    if is_given:
        return value or ""
    if rule and rule.endswith("?"):
        raise UnknownService(f"${{{name}}} in {FILE.name}", rule="it must have a value", remedy=rest or f"Set {name}")
    return fill_in(rest or "", values)


def _service(name: str, body: Mapping[str, Any], values: Mapping[str, str]) -> Service:
    environment = {key: fill_in(str(value), values) for key, value in body["environment"].items()}
    command = tuple(fill_in(str(word), values) for word in body["command"])
    return Service(name, command, environment, body.get("restart") == "no", bool(body.get("profiles")))


@cache
def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())
