"""What may be spent: caps, the account of a month, and the blocks of money that are taken from it.

Pure values: the store keeps an account, the service changes it by compare and swap. Amounts are millionths of a US
dollar. Money is counted when it is taken, so what was spent is never more than what the account says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from sightline.models.images import Lane

MICRO = 1_000_000

BLOCK_SHARE = 200
"""A block is at most this fraction of the tightest cap, so that one that is lost is not missed."""

SHARED_CALLS, OWN_CALLS = 200, 10
"""The most calls that a block pays for: of the purse in Redis, and of one process while Redis is away."""

BLOCKS_KEPT = 100
"""Of an account; the oldest beyond are only summed up."""

ALARMS_PERCENT = (50, 80, 100)
"""Of a cap: each is told of once a day or month."""


class Period(StrEnum):
    """How long a cap holds, by UTC."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Purse:
    """Who pays: a feature in a lane. lane: None in what was spent before there was a cap: then nobody knows."""

    feature: str
    lane: Lane | None

    def __str__(self) -> str:
        return f"{self.feature}#{self.lane or ''}"

    @classmethod
    def named(cls, name: str) -> "Purse":
        """Return the purse with this name."""
        feature, _, lane = name.partition("#")
        return cls(feature, Lane.read(lane) if lane else None)


@dataclass(frozen=True, slots=True)
class Charge:
    """What one call needs. day: the UTC day on which it is reserved, by the clock of its process, as ISO 8601."""

    purse: Purse
    day: str
    micro_usd: int

    @property
    def month(self) -> str:
        """Return the month, `2026-11`."""
        return month_of(self.day)


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that may be spent. feature, lane: None for all."""

    period: Period
    micro_usd: int
    feature: str | None = None
    lane: Lane | None = None

    def covers(self, purse: Purse) -> bool:
        """Return whether what the purse spends counts. What may belong to a lane counts as its own."""
        return self.feature in {None, purse.feature} and (None in {self.lane, purse.lane} or self.lane == purse.lane)

    def span(self, day: str) -> str:
        """Return the day or the month in which a cap counts on a day."""
        return day if self.period is Period.DAY else month_of(day)

    def covers_lane(self, lane: Lane) -> bool:
        """Return whether a lane's calls may count."""
        return self.lane in {None, lane}

    def __str__(self) -> str:
        return f"{self.scope} {as_usd(self.micro_usd)} USD/{self.period}"

    @property
    def scope(self) -> str:
        """Name what it limits."""
        return " ".join(str(each) for each in (self.feature, self.lane) if each) or "all"


@dataclass(frozen=True, slots=True)
class Budget:
    """All caps. live_percent: of each cap that both lanes share, what backfill leaves untouched."""

    caps: tuple[Cap, ...]
    live_percent: float = 20.0

    def caps_of(self, purse: Purse) -> list[Cap]:
        """Return the caps that limit a purse."""
        return [cap for cap in self.caps if cap.covers(purse)]

    def limit(self, cap: Cap, lane: Lane | None) -> int:
        """Return up to where a lane may fill a cap."""
        is_shared = cap.lane is None and lane is Lane.BACKFILL
        return int(cap.micro_usd * (1 - self.live_percent / 100)) if is_shared else cap.micro_usd


@dataclass(frozen=True, slots=True)
class Block:
    """Money that was taken and is not known to be used up: at most `micro_usd` of it are left. number: in order."""

    purse: Purse
    day: str
    micro_usd: int
    number: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a purse may still take, and the cap that says so."""

    micro_usd: int
    cap: Cap


@dataclass(frozen=True, slots=True)
class Account:
    """What was taken in a UTC month, less what was given back.

    taken: day → purse → amount
    blocks: by id, those that are not known to be used up
    lost: day → older ones summed up, and what was reserved by requests of which nobody knows whether they arrived
    told: day or month → cap → the share in percent that was told of as an alarm
    revision, written_by: of the store
    """

    month: str
    taken: Mapping[str, Mapping[Purse, int]] = field(default_factory=dict)
    blocks: Mapping[str, Block] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    revision: int = 0
    written_by: str = ""

    def used(self, cap: Cap, day: str) -> int:
        """Return how much of a cap is taken, on a day or in its month."""
        days = self.taken.values() if cap.period is Period.MONTH else [self.taken.get(day, {})]
        return sum(amount for each in days for purse, amount in each.items() if cap.covers(purse))

    def left(self, budget: Budget, purse: Purse, day: str) -> Left | None:
        """Return the least that any cap leaves a purse, never below zero; None if no cap limits it."""
        each = [Left(max(0, budget.limit(cap, purse.lane) - self.used(cap, day)), cap) for cap in budget.caps_of(purse)]
        return min(each, key=lambda left: left.micro_usd, default=None)

    def with_day(self, day: str, spent: Mapping[str, Mapping[Purse, int]]) -> "Account":
        """Open a day. spent: what was spent on days that have no entry yet, when there was no cap."""
        return replace(self, taken={day: {}, **spent, **self.taken})

    def with_block(self, block_id: str, block: Block, amount: int, used_up: tuple[str, ...]) -> "Account":
        """Take an amount. block: what its holder has then; used_up: ids of the holder's blocks before."""
        counted = self._with(block.day, block.purse, amount)
        kept = {name: each for name, each in self.blocks.items() if name not in used_up}
        return _pruned(replace(counted, blocks=kept | {block_id: block}), block.day)

    def given_back(self, purse: Purse, day: str, amount: int, used_up: tuple[str, ...]) -> "Account":
        """Return what a holder did not spend of its blocks, once: as it was, if none of them is known any more."""
        if not self.blocks.keys() & {*used_up}:
            return self
        kept = {name: each for name, each in self.blocks.items() if name not in used_up}
        least = -self.taken.get(day, {}).get(purse, 0)
        return replace(self._with(day, purse, max(least, -amount)), blocks=kept)

    def with_lost(self, day: str, amount: int) -> "Account":
        """Note what is taken and will not be used. It stays taken."""
        return replace(self, lost={**self.lost, day: self.lost.get(day, 0) + amount}) if amount else self

    def reached(self, cap: Cap, day: str) -> int:
        """Return the highest of ALARMS_PERCENT that is taken of a cap; 0 if none is."""
        used = self.used(cap, day) * 100
        return max((percent for percent in ALARMS_PERCENT if used >= percent * cap.micro_usd), default=0)

    def alarms(self, budget: Budget, day: str) -> list[tuple[Cap, int]]:
        """Return the caps, each with the percentage, of which more is reached than was told of."""
        each = [(cap, self.reached(cap, day)) for cap in budget.caps]
        return [(cap, percent) for cap, percent in each if percent > self.told.get(cap.span(day), {}).get(str(cap), 0)]

    def with_told(self, alarms: Iterable[tuple[Cap, int]], day: str) -> "Account":
        """Note alarms as told of. Those of days before yesterday are forgotten: clocks differ at midnight."""
        yesterday = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        told = {span: dict(each) for span, each in self.told.items() if span == self.month or span >= yesterday}
        for cap, percent in alarms:
            told.setdefault(cap.span(day), {})[str(cap)] = percent
        return replace(self, told=told)

    def in_blocks(self, day: str | None = None) -> int:
        """Return the most that blocks hold which are not known to be used up, what is known to be lost included."""
        held = sum(block.micro_usd for block in self.blocks.values() if day in {None, block.day})
        return held + sum(amount for of, amount in self.lost.items() if day in {None, of})

    def _with(self, day: str, purse: Purse, amount: int) -> "Account":
        of_day = self.taken.get(day, {})
        return replace(self, taken={**self.taken, day: {**of_day, purse: of_day.get(purse, 0) + amount}})


def _pruned(account: Account, today: str) -> Account:
    """Sum up blocks from before yesterday, and the oldest if there are too many: an item must not grow without end.

    Yesterday's may still be in use: clocks differ at midnight.
    """
    yesterday = (date.fromisoformat(today) - timedelta(days=1)).isoformat()
    in_order = sorted(account.blocks, key=lambda name: account.blocks[name].number)
    old = {name for name in in_order if account.blocks[name].day < yesterday} | {*in_order[:-BLOCKS_KEPT]}
    kept = replace(account, blocks={name: block for name, block in account.blocks.items() if name not in old})
    for name in old:
        kept = kept.with_lost(account.blocks[name].day, account.blocks[name].micro_usd)
    return kept


def month_of(day: str) -> str:
    """Return a day's month."""
    return day[:7]


def as_usd(micro_usd: int) -> str:
    """Write an amount in US dollars: with cents, and with more places only if it has them."""
    cents = f"{micro_usd / MICRO:.6f}".rstrip("0")
    whole, _, places = cents.partition(".")
    return f"{whole}.{places:0<2}"


def block_size(budget: Budget, charge: Charge, left: int, most_calls: int) -> int:
    """Return how much to take of what is left; 0 if that does not pay for the call.

    A rest that would not pay for another call goes along, so that a cap is used up to its end.
    """
    if left < charge.micro_usd:
        return 0
    tightest = min(cap.micro_usd for cap in budget.caps_of(charge.purse))
    calls = max(1, min(most_calls, tightest // BLOCK_SHARE // charge.micro_usd))
    wanted = min(left, calls * charge.micro_usd)
    return left if left - wanted < charge.micro_usd else wanted
