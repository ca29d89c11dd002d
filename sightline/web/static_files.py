"""The style sheet, the script and the icon: read once, each under an address that changes with its bytes."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePath

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that every visitor may have. version: changes with its bytes."""

    body: bytes
    media_type: str
    version: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Return all of them, by name."""
    found = [each for each in (files("sightline.web") / "static").iterdir() if PurePath(each.name).suffix in _TYPES]
    return {each.name: _read(each.name, each.read_bytes()) for each in found}


def address_of(name: str) -> str:
    """Return a file's address; it may be kept for ever."""
    return f"/static/{name}?v={static_files()[name].version}"


def _read(name: str, body: bytes) -> StaticFile:
    return StaticFile(body, _TYPES[PurePath(name).suffix], hashlib.sha256(body).hexdigest()[:12])
