"""TLS of the connections to Redis. Broker and limiter take the same options, so that both or neither are encrypted.

kombu derives TLS from the transport's name, which the product's own transport hides, and does not verify certificates
by default. So the options are read here from the address, and are not left in it.
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.connection import parse_url

SCHEME = "rediss"
_PREFIX = "ssl_"


def tls_options(url: str, ca_file: str | None) -> dict[str, Any]:
    """Return redis-py's TLS options for an address: none for `redis://`.

    The server's certificate and host name are verified unless the address says otherwise (`?ssl_cert_reqs=none`).

    ca_file: certificates to trust, PEM; None: the system's. `?ssl_ca_certs=` of the address goes over it.
    """
    if urlsplit(url).scheme.lower() != SCHEME:
        return {}
    usual: dict[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    if ca_file:
        usual["ssl_ca_certs"] = ca_file
    said = _said_in(url)
    if said.get("ssl_cert_reqs") == "none":
        usual["ssl_check_hostname"] = False  # Python refuses to check a name in a certificate that it does not verify
    return usual | said


def without_tls_options(url: str) -> str:
    """Return the address without its TLS options: kombu would read them by rules of its own."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if not name.startswith(_PREFIX)]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _said_in(url: str) -> dict[str, Any]:
    options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call] # redis says no type
    return {name: value for name, value in options.items() if name.startswith(_PREFIX)}
