"""What a setting must be, where its type alone does not say it. No message shows an address: it may hold a password.

Each function gives the value, as it is kept, or raises ValueError with the rule.
"""

from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from botocore.exceptions import InvalidRegionError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url, validate_region_name
from botocore.validate import ParamValidator
from pydantic import SecretStr
from redis.connection import parse_url

from sightline.rekognition.feature import Feature
from sightline.rekognition.features import all_features

_REDIS = ("redis", "rediss")
_BOLT = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
_HTTP = ("http", "https")


def empty_is_unset(value: Any) -> Any:
    """Read `NAME=` as if the line were not there."""
    return None if value == "" else value


def redis_url(secret: SecretStr) -> SecretStr:
    """Require what redis-py can read."""
    url = secret.get_secret_value()
    _require(
        _is_address(url, _REDIS) and _is_read_by_redis(url),
        "an address of Redis is redis://:password@host:port/number, or rediss:// for TLS; "
        "write / @ : # of a password as %2F %40 %3A %23",
    )
    return secret


def neo4j_uri(uri: str) -> str:
    """Require what the driver connects to."""
    _require(_is_address(uri, _BOLT), f"an address of Neo4j is bolt://host:port; it may begin with {', '.join(_BOLT)}")
    return uri


def endpoint(url: str) -> str:
    """Require what botocore connects to."""
    is_read_by_botocore = _is_address(url, _HTTP) and (is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url))
    _require(is_read_by_botocore, "an endpoint is http://host:port or https://host:port")
    return url


def region(name: str) -> str:
    """Require what can be a region: it becomes a part of host names."""
    try:
        validate_region_name(name)
    except InvalidRegionError:
        name = ""
    _require(bool(name), "a region is a word such as us-east-1")
    return name


def listening_address(address: str) -> str:
    """Require what a server can bind to without asking for a name."""
    try:
        return address if address == "localhost" else str(ip_address(address))
    except ValueError:
        message = f"{address!r} must be an IP address, such as 127.0.0.1, or localhost"
        raise ValueError(message) from None


def time_zone(name: str) -> str:
    """Require a time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: `Europe` is a folder of the database
        message = f"{name!r} is no time zone of the IANA database, such as Europe/Berlin"
        raise ValueError(message) from None
    return name


def operation(name: str) -> str:
    """Require an operation that some feature calls."""
    known = sorted({feature.operation for feature in all_features().values()})
    _require(name in known, f"{name!r} is no operation of a feature; there are {', '.join(known)}")
    return name


def feature_parameters(given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Require features that exist, and parameters that their operations take: botocore's model of Rekognition says."""
    features = all_features()
    for name, parameters in given.items():
        _require(name in features, f"{name!r} is no feature; there are {', '.join(features)}")
        wrong = _wrong(features[name], parameters)
        _require(not wrong, f"{name}: {'; '.join(wrong)}")
    return given


def _wrong(feature: Feature, given: Mapping[str, Any]) -> list[str]:
    if "Image" in given:
        return ["Image is each image itself, and can not be set"]
    shape: Any = _rekognition().operation_model(feature.operation).input_shape
    whole = {**feature.parameters, **given, "Image": {}}
    report: str = ParamValidator().validate(whole, shape).generate_report()
    return report.splitlines() or [
        f"{name} must be at most {most}, not {value}"
        for name, value in given.items()
        if isinstance(value, int | float) and value > (most := shape.members[name].metadata.get("max", value))
    ]


@cache
def _rekognition() -> ServiceModel:
    """Read the model that comes with botocore. A session would read the profiles of this machine too."""
    return ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")


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


def _require(condition: bool, rule: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        raise ValueError(rule)
