"""What an analysis costs by AWS's list. The figures, their date and their source are in `prices.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from sightline.errors import ConfigurationError
from sightline.models.answers import Json
from sightline.rekognition.feature import Feature


@dataclass(frozen=True, slots=True)
class PriceList:
    """AWS's prices for one image in the first tier, in millionths of a US dollar, as they stood on a day."""

    source: str
    as_of: date
    region: str
    micro_usd: Mapping[str, int]


@cache
def price_list() -> PriceList:
    """Return the prices that costs are reckoned by."""
    return PriceList(**tomllib.loads(files(__package__).joinpath("prices.toml").read_text("utf-8")))


def price_micro_usd(feature: Feature, parameters: Mapping[str, Json] | None = None) -> int:
    """Return the price of one analysis in millionths of a US dollar.

    `parameters` are those of the request where they are not the feature's own: a request to DetectLabels pays for each
    thing that it asks for. ConfigurationError if `prices.toml` has no price.
    """
    asked = feature.parameters if parameters is None else parameters
    return sum(_price(item) for item in _billed(feature.operation, asked))


def _billed(operation: str, parameters: Mapping[str, Json]) -> list[str]:
    if operation != "DetectLabels":
        return [operation]
    return [f"{operation}.{each}" for each in parameters.get("Features") or ("GENERAL_LABELS",)]


def _price(item: str) -> int:
    prices = price_list().micro_usd
    if item not in prices:
        rule = "what is paid for must have a price"
        line = f'"{item}" = <millionths of a US dollar for one image>'
        remedy = f"Add the line {line} to [micro_usd] in sightline/rekognition/prices.toml"
        raise ConfigurationError(item, rule=rule, remedy=remedy)
    return prices[item]
