"""Let uv use the index, certificates and proxy that are configured for pip: uv does not read pip's configuration."""

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

SECTIONS = ("global", "install", ":env:")
"""Where pip looks for a setting of `pip install`; the last one found wins."""


def read_settings(listed: str) -> dict[str, str]:
    """Read the output of `pip config list`: lines such as `global.index-url='…'`."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listed.splitlines():
        name, is_setting, value = line.partition("=")
        section, _, key = name.partition(".")
        if is_setting and section in found:
            found[section][key.removeprefix("default-") if key == "default-timeout" else key] = ast.literal_eval(value)
    return found["global"] | found["install"] | found[":env:"]


def for_uv(pip: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which uv behaves as pip would. What the user has set for uv itself stays."""
    uv = {name: convert(pip[key]) for key, (name, convert) in _NAMES.items() if key in pip}
    return {name: value for name, value in uv.items() if value} | _BEST_OF_ALL | dict(environment)


def _as_it_is(value: str) -> str:
    return value


def _spaced(value: str) -> str:
    return " ".join(value.split())


def _folders(value: str) -> str:
    """Return the URLs and the folders that exist: pip skips a missing folder, uv fails."""
    return ",".join(link for link in value.split() if "://" in link or Path(link).exists())


def _truth(value: str) -> str:
    return "1" if value.lower() in {"1", "true", "yes", "on", "t", "y"} else ""


_NAMES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "index-url": ("UV_DEFAULT_INDEX", _as_it_is),
    "extra-index-url": ("UV_INDEX", _spaced),
    "find-links": ("UV_FIND_LINKS", _folders),
    "no-index": ("UV_NO_INDEX", _truth),
    "trusted-host": ("UV_INSECURE_HOST", _spaced),
    "timeout": ("UV_HTTP_TIMEOUT", _as_it_is),
    "cert": ("SSL_CERT_FILE", _as_it_is),
    "client-cert": ("SSL_CLIENT_CERT", _as_it_is),
    "proxy": ("ALL_PROXY", _as_it_is),
}

_BEST_OF_ALL = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
"""As pip does, look for a locked version in every index. The hash decides: no index can change what is installed."""
