"""What AWS lists for its calls: by meter, region and tier of the month. The figures are in `prices.toml`.

A meter is what AWS counts by itself each calendar month (UTC): the images of group 1 and of group 2, image properties,
minutes of video, stored faces. What has no figure is refused with the line to add, never guessed.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sightline.errors import ConfigurationError
from sightline.models.answers import Json
from sightline.rekognition.feature import Feature

FACE_STORAGE = "face_storage"
"""The meter of faces in collections: no call counts on it."""

OWN_FILE = "the file that SIGHTLINE_PRICES names"


@dataclass(frozen=True, slots=True)
class Tier:
    """A stretch of a month's units and what each of them costs. units: None where all that follow are in it."""

    micro_usd: int
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """What a region lists for one meter, as it stood on a day."""

    unit: str
    tiers: Sequence[Tier]
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one region.

    meter_of: what is called (`DetectText`, `DetectLabels.GENERAL_LABELS`) → its meter
    free: meter → units of each month that AWS gives to this account for nothing
    """

    region: str
    meter_of: Mapping[str, str]
    meters: Mapping[str, Meter]
    free: Mapping[str, int] = field(default_factory=dict)

    @property
    def as_of(self) -> date | None:
        """Return the oldest day on which one of the figures was read; None without figures."""
        return min((each.as_of for each in self.meters.values()), default=None)

    def meters_of(self, feature: Feature, parameters: Mapping[str, Json] | None = None) -> list[str]:
        """Return the meters on which one call counts.

        `parameters` are those of the request where they are not the feature's own. ConfigurationError if what is called
        has no meter.
        """
        asked = feature.parameters if parameters is None else parameters
        return [self.meter_named(each) for each in billed(feature, asked)]

    def of_call(self, feature: Feature, parameters: Mapping[str, Json] | None = None) -> int:
        """Return the price of one call in a month's first tier, in millionths of a US dollar; as `meters_of`."""
        return sum(self.of_units(meter, 1) for meter in self.meters_of(feature, parameters))

    def of_units(self, meter: str, units: int, before: int = 0) -> int:
        """Return what so many units of a month cost after those `before` them, in millionths of a US dollar.

        The free tier is left out: `of_month` knows it. ConfigurationError if there is no price, or none for so many.
        """
        begun, cost, left = 0, 0, units
        for tier in self.meter(meter).tiers:
            ends = None if tier.units is None else begun + tier.units
            here = left if ends is None else min(left, max(0, ends - max(before, begun)))
            cost, left, before = cost + here * tier.micro_usd, left - here, before + here
            begun = begun if ends is None else ends
        if left > 0:
            raise self._unpriced(meter, f"above {begun:,} a month")
        return cost

    def of_month(self, meter: str, units: int, before: int = 0) -> int:
        """Return what so many units add to a month that has `before` already, the free ones left out of both.

        AWS's tiers count what is billed: free units are no part of a tier.
        """
        free = self.free.get(meter, 0)
        billed_before, billed = max(0, before - free), max(0, before + units - free)
        return self.of_units(meter, billed - billed_before, billed_before) if billed > billed_before else 0

    def meter(self, name: str) -> Meter:
        """Return a meter's figures; ConfigurationError if this region has none."""
        if name not in self.meters:
            raise self._unpriced(name, f"in {self.region}")
        return self.meters[name]

    def meter_named(self, called: str) -> str:
        """Return the meter of what is called, as `billed` names it; ConfigurationError if it has none."""
        if called not in self.meter_of:
            rule = "what is paid for must have a price"
            line = f'"{called}" = "<meter>", under [meters], with [regions.{self.region}.<meter>]'
            raise ConfigurationError(called, rule=rule, remedy=f"Add the line {line} to {OWN_FILE}")
        return self.meter_of[called]

    def _unpriced(self, meter: str, where: str) -> ConfigurationError:
        line = "{ units = <of this tier>, micro_usd = <millionths of a US dollar for one> }"
        remedy = f"Add {line} to `tiers` of [regions.{self.region}.{meter}] in {OWN_FILE}"
        return ConfigurationError(f"{meter} {where}", rule="what is paid for must have a price", remedy=remedy)


def billed(feature: Feature, parameters: Mapping[str, Json]) -> tuple[str, ...]:
    """Return what AWS counts of one call: of DetectLabels each thing that it asks for."""
    if feature.operation != "DetectLabels":
        return (feature.operation,)
    return tuple(f"{feature.operation}.{each}" for each in parameters.get("Features") or ("GENERAL_LABELS",))


def read_prices(region: str, own_file: str | None = None, free: Mapping[str, int] | None = None) -> Prices:
    """Return a region's prices: sightline's, and what a file of the operator's says instead or besides.

    ConfigurationError if that file cannot be read or is of another form, or if `free` names no meter. A region without
    figures is no error here: what asks for one is refused.
    """
    listed = _listed()
    own = _own(Path(own_file)) if own_file else {}
    meters = {**listed["regions"].get(region, {}), **own.get("regions", {}).get(region, {})}
    meter_of = {**listed["meters"], **own.get("meters", {})}
    known = {*meter_of.values(), FACE_STORAGE}
    if unknown := sorted({*(free or {})} - known):
        rule = f"the free tier is of a meter: {', '.join(sorted(known))}"
        raise ConfigurationError(", ".join(unknown), rule=rule, remedy="Correct SIGHTLINE_FREE_TIER")
    read = {name: _meter(name, each, own_file) for name, each in meters.items()}
    return Prices(region, meter_of, read, dict(free or {}))


@cache
def _listed() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("prices.toml").read_text("utf-8"))


def _own(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong_file(str(path), str(error)) from error


def _meter(name: str, told: Mapping[str, Any], path: str | None) -> Meter:
    try:
        tiers = [Tier(int(each["micro_usd"]), each.get("units")) for each in told["tiers"]]
        made = Meter(str(told.get("unit", "image")), tiers, str(told["source"]), told["as_of"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong_file(f"{path}, {name}", f"{type(error).__name__}: {error}") from error
    if not _is_whole(made):
        rule = "tiers need prices of at least 0 and units above 0, the last alone may go without; as_of is a date"
        raise _wrong_file(f"{path}, {name}", rule)
    return made


def _is_whole(meter: Meter) -> bool:
    units = [each.units for each in meter.tiers]
    has_units = all(isinstance(each, int) and each > 0 for each in units[:-1]) and (units[-1:] != [0])
    return bool(units) and has_units and min(t.micro_usd for t in meter.tiers) >= 0 and isinstance(meter.as_of, date)


def _wrong_file(subject: str, rule: str) -> ConfigurationError:
    remedy = "Compare sightline/rekognition/prices.toml: a file of prices has its form"
    return ConfigurationError(subject, rule=f"a file of prices must be readable ({rule})", remedy=remedy)
