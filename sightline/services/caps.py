"""What `SIGHTLINE_BUDGET` says: `10 USD/day, 200 USD/month, backfill 4 USD/day, labels 100 USD/month`."""

import re
from collections.abc import Collection
from decimal import Decimal

from sightline.addresses import require
from sightline.models.budgets import MICRO, Cap, Period
from sightline.models.images import Lane

EXAMPLE = "`10 USD/day, 200 USD/month, backfill 4 USD/day`"

_ENTRY = re.compile(r"(?P<scope>.*?)\s*(?P<amount>[-+]?\d+(?:\.\d+)?)\s*(?P<currency>[^\s/\d]+)\s*/\s*(?P<period>\w+)")

MOST_PLACES = 6
"""Of an amount: prices are millionths of a dollar."""


def parse_caps(phrases: Collection[str], features: Collection[str]) -> tuple[Cap, ...]:
    """Read each phrase as a cap; raise ValueError that says what is wrong. features: those that are declared."""
    caps = tuple(_cap(phrase, features) for phrase in phrases)
    limits = [(cap.period, cap.feature, cap.lane) for cap in caps]
    for cap, limit in zip(caps, limits, strict=True):
        require(limits.count(limit) == 1, f"there are two caps for {cap.scope} by {cap.period}: leave one")
    return caps


def _cap(phrase: str, features: Collection[str]) -> Cap:
    found = _ENTRY.fullmatch(phrase)
    if found is None:
        form = "`[feature] [lane] AMOUNT USD/day` or `…/month`"
        raise ValueError(f"{phrase!r} is no cap: write {form}, the amount without a comma, such as {EXAMPLE}")
    currency, period = found["currency"], found["period"]
    require(currency == "USD", f"{phrase!r} is in {currency}: AWS bills in US dollars, so a cap must be in USD")
    require(period in set(Period), f"{phrase!r}: a cap holds for a day or a month (UTC), not for {period!r}")
    feature, lane = _scope(phrase, found["scope"], features)
    return Cap(Period(period), _micro_usd(phrase, found["amount"]), feature, lane)


def _scope(phrase: str, scope: str, features: Collection[str]) -> tuple[str | None, Lane | None]:
    words = scope.split()
    lanes = [Lane(word) for word in words if word in set(Lane)]
    named = [word for word in words if word not in set(Lane)]
    for word in named:
        known = f"there are the features {', '.join(sorted(features))} and the lanes {', '.join(Lane)}"
        require(word in features, f"{phrase!r}: {word!r} is no feature and no lane; {known}")
    require(len(lanes) <= 1 and len(named) <= 1, f"{phrase!r}: name at most one feature and one lane for a cap")
    return next(iter(named), None), next(iter(lanes), None)


def _micro_usd(phrase: str, amount: str) -> int:
    micro_usd = Decimal(amount) * MICRO
    require(micro_usd > 0, f"{phrase!r}: a cap is above 0; to pay for nothing, stop the workers of the features")
    require(micro_usd == int(micro_usd), f"{phrase!r}: an amount has at most {MOST_PLACES} places after the point")
    return int(micro_usd)
