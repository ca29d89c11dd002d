"""The strata in plain words: which pictures are meant where a figure is missing, or more of them should be reviewed."""

import re
from collections.abc import Mapping

from sightline.services.rollups.figures import WindowFigures
from sightline.stats.figures import Interval
from sightline.stats.operating_points import OperatingPoint
from sightline.stats.strata import ESTIMATED, Stratum

Named = Mapping[str, str]
"""What stands for a stratum after `no`."""

LACKING: Named = {"A": "picture in which it was found", "B": "near miss", "C": "picture without a sign of it"}

_REASON = re.compile(
    r"no reviewed image(?: of (?P<cameras>.+))? in stratum (?P<strata>[A-C](?: and [A-C])*)"
    r"(?P<most>, which ha(?:s|ve) most of it)?"
)
_WANTED = re.compile(r"(\d+) in stratum ([A-C])")
_SOUGHT = {"A": "in which it was found", "B": "near misses", "C": "without a sign of it"}
_ONE_SOUGHT = {**_SOUGHT, "B": LACKING["B"]}


def plain(reason: str, lacking: Named = LACKING) -> str:
    """Return why a figure cannot be estimated, without the letters of strata."""

    def told(found: re.Match[str]) -> str:
        pictures = " and ".join(f"no {lacking[name]}" for name in found["strata"].split(" and "))
        most = (found["most"] or "").replace("of it", "of them")
        return (f"of {found['cameras']}{most}, " if found["cameras"] else "") + f"{pictures} is reviewed"

    return _REASON.sub(told, reason)


def lacking_below(point: OperatingPoint, in_use_percent: float) -> Named:
    """Return what the pictures are called that another threshold leaves below it: what they show, it would miss."""
    percent = point.threshold_percent
    if percent > in_use_percent:
        return {**LACKING, "A": f"{LACKING['A']} with {in_use_percent:g} to {percent:g} %"}
    return {**LACKING, "B": f"near miss below {percent:g} %"} if percent < in_use_percent else LACKING


def lacking_above(point: OperatingPoint, in_use_percent: float) -> Named:
    """Return what the pictures are called that another threshold counts as positives."""
    percent = point.threshold_percent
    if percent > in_use_percent:
        return {**LACKING, "A": f"{LACKING['A']} from {percent:g} % up"}
    return {**LACKING, "B": f"near miss from {percent:g} % up"}


def lacking_for_recall(point: OperatingPoint, in_use_percent: float) -> Named:
    """Return what the pictures are called for whose sake recall is unknown: both sides of a threshold have a part."""
    side = lacking_above if isinstance(point.missed, Interval) else lacking_below
    return side(point, in_use_percent)


def left_to_review(window: WindowFigures) -> Mapping[Stratum, int]:
    """Return how many pictures of each stratum nobody has answered; one whose answer was unsure is not asked again."""
    tallies = ((stratum, window.tallies[stratum]) for stratum in ESTIMATED)
    return {stratum: tally.population - tally.reviewed for stratum, tally in tallies}


def is_all_reviewed(window: WindowFigures) -> bool:
    """Return whether each picture that may be asked about has an answer."""
    return not any(left_to_review(window).values())


def plain_advice(sentence: str) -> str:
    """Return what to review next, without the letters of strata."""
    return _WANTED.sub(lambda found: f"{found[1]} {(_ONE_SOUGHT if found[1] == '1' else _SOUGHT)[found[2]]}", sentence)
