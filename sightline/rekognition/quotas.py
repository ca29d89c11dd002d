"""How fast AWS lets an account call each operation by default. The figures are in `quotas.toml`."""

import tomllib
from functools import cache
from importlib.resources import files

from sightline.errors import ConfigurationError

_Quotas = dict[str, dict[str, float]]


def default_quota(operation: str, region: str) -> float:
    """Return AWS's default quota of `operation` in `region`: calls a second.

    ConfigurationError if `quotas.toml` has none.
    """
    by_region = _quotas().get(operation)
    if by_region is None:
        rule = "an operation must have a default quota"
        raise ConfigurationError(operation, rule=rule, remedy="Add it to sightline/rekognition/quotas.toml")
    return by_region.get(region, by_region["elsewhere"])


@cache
def _quotas() -> _Quotas:
    table = tomllib.loads(files(__package__).joinpath("quotas.toml").read_text("utf-8"))
    return {
        operation: {region: float(rate) for region, rate in group["per_second"].items()}
        for group in table["default"]
        for operation in group["operations"]
    }
