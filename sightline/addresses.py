"""What the settings take as an address: of a server, a host, an origin, a region.

Each function returns what it is given, or raises ValueError with the rule. No message shows an address that may hold a
password.
"""

import re
import ssl
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from botocore.exceptions import InvalidRegionError
from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url, validate_region_name
from pydantic import SecretStr
from redis.connection import parse_url

_REDIS = ("redis", "rediss")
_BOLT = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
PLAIN_BOLT = ("bolt", "neo4j")
_HTTP = ("http", "https")


def require(condition: bool, rule: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise ValueError with the rule unless the condition holds."""
    if not condition:
        raise ValueError(rule)


def redis_url(secret: SecretStr) -> SecretStr:
    """Require what redis-py can read."""
    url = secret.get_secret_value()
    require(
        _is_address(url, _REDIS) and _is_read_by_redis(url),
        "an address of Redis is redis://:password@host:port/number, or rediss:// for TLS; "
        "write / @ : # of a password as %2F %40 %3A %23",
    )
    options = [name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    require(
        all(name.startswith("ssl_") for name in options),
        "an address of Redis may have options of TLS alone, such as ?ssl_cert_reqs=none; "
        "user, password, port and number stand before them",
    )
    return secret


def ca_file(path: str) -> str:
    """Require certificates that a connection can be verified with."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl's own error is one
        message = f"{path} must be a readable file of certificates in PEM ({error.strerror or error})"
        raise ValueError(message) from None
    return path


def neo4j_uri(uri: str) -> str:
    """Require what the driver connects to."""
    require(_is_address(uri, _BOLT), f"an address of Neo4j is bolt://host:port; it may begin with {', '.join(_BOLT)}")
    return uri


def endpoint(url: str) -> str:
    """Require what botocore connects to."""
    is_read_by_botocore = _is_address(url, _HTTP) and (is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url))
    require(is_read_by_botocore, "an endpoint is http://host:port or https://host:port")
    return url


def queue_url(url: str) -> str:
    """Require what SQS names a queue by."""
    is_url = _is_address(url, _HTTP) and urlsplit(url).path.strip("/") != ""
    require(
        is_url, f"{url!r} is not the URL of a queue, such as https://sqs.us-east-1.amazonaws.com/123456789012/images"
    )
    return url


def region(name: str) -> str:
    """Require what can be a region: it becomes a part of host names."""
    try:
        validate_region_name(name)
    except InvalidRegionError:
        name = ""
    require(bool(name), "a region is a word such as us-east-1")
    return name


def page(url: str) -> str:
    """Require what a page can link to. It is shown to people, so it may hold no password."""
    is_page = _is_address(url, _HTTP) and "@" not in urlsplit(url).netloc
    require(is_page, "an address of a page is http://host/path or https://host/path, without a user or password")
    return url


def origin(text: str) -> str:
    """Require what a browser sends as Origin."""
    parts = urlsplit(text)
    is_origin = _is_address(text, _HTTP) and f"{parts.scheme}://{parts.netloc}" == text and "@" not in text
    require(is_origin, f"{text!r} is no origin: https://host or http://host:port, without a path")
    return text


def host(name: str) -> str:
    """Require a host's name without a port; `*` would let every page reach the console through a name of its own."""
    require(re.fullmatch(r"[A-Za-z0-9._-]+", name) is not None, f"{name!r} is no host's name")
    return name


def listening_address(address: str) -> str:
    """Require what a server can bind to without asking for a name."""
    try:
        return address if address == "localhost" else str(ip_address(address))
    except ValueError:
        message = f"{address!r} must be an IP address, such as 127.0.0.1, or localhost"
        raise ValueError(message) from None


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and " " not in url
    except ValueError:  # no port that can be
        return False


def _is_read_by_redis(url: str) -> bool:
    path = urlsplit(url).path.strip("/")
    try:
        parse_url(url)  # type: ignore[no-untyped-call] # redis says no type
    except ValueError:
        return False
    return not path or path.isdecimal()
