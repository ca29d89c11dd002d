"""What is spent of each cap, and what waits for money: for `sightline status`, the console and the metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from sightline.models.answers import Json
from sightline.models.budgets import MICRO, Account, Cap, Period, Purse, month_of
from sightline.models.images import Lane
from sightline.services.treasury import Treasury, lanes_of
from sightline.services.usage import COST, UNKNOWN
from sightline.storage.operations import Operations


@dataclass(frozen=True, slots=True)
class CapNow:
    """A cap now, in US dollars.

    taken: what was taken in blocks, which is what counts; in_blocks: at most so much of that is not used up, or died
    with its holder
    alarm_percent: the highest of ALARMS_PERCENT that is reached; 0: none
    spent, unknown: by the counts of calls, which are a few seconds old: answered, and ended unknown. None if the cap is
    of a lane: calls are counted by feature
    """

    cap: Cap
    cap_usd: float
    taken_usd: float
    spent_usd: float | None
    unknown_usd: float | None
    in_blocks_usd: float
    left_usd: float
    left_for_backfill_usd: float
    alarm_percent: int

    @property
    def as_json(self) -> dict[str, Json]:
        """Return it for programs."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "cap"}


def caps_now(treasury: Treasury, operations: Operations) -> list[CapNow]:
    """Read the account and the counts of calls, and return each cap."""
    today, account = treasury.today(), treasury.account()
    by_day = operations.usage.calls_by_day(f"{month_of(today)}-01", today)
    return [_now(cap, today, account, by_day, treasury) for cap in treasury.budget.caps]


def _now(
    cap: Cap, today: str, account: Account, by_day: Mapping[str, Mapping[tuple[str, str], int]], treasury: Treasury
) -> CapNow:
    days = [day for day in by_day if cap.period is Period.MONTH or day == today]
    counts = [(key, number) for day in days for key, number in by_day[day].items() if cap.feature in {None, key[0]}]
    spent = sum(number for (_, kind), number in counts if kind == COST)
    unknown = sum(number * treasury.price_or_nothing(name) for (name, kind), number in counts if kind == UNKNOWN)
    blocks = [block for block in account.blocks.values() if cap.covers(block.purse)]
    in_blocks = sum(block.micro_usd for block in blocks if cap.period is Period.MONTH or block.day == today)
    used, is_of_a_lane = account.used(cap, today), cap.lane is not None
    return CapNow(
        cap,
        cap.micro_usd / MICRO,
        used / MICRO,
        None if is_of_a_lane else spent / MICRO,
        None if is_of_a_lane else unknown / MICRO,
        in_blocks / MICRO,
        max(0, cap.micro_usd - used) / MICRO,
        max(0, treasury.budget.limit(cap, Lane.BACKFILL) - used) / MICRO if cap.covers_lane(Lane.BACKFILL) else 0.0,
        account.reached(cap, today),
    )


def budget_section(
    treasury: Treasury | None, operations: Operations, paid_for: Mapping[str, Mapping[str, Json]]
) -> dict[str, Json]:
    """Return each cap, and why calls wait for money in their lanes, with when they go on; empty without a budget."""
    if treasury is None:
        return {}
    caps = {str(each.cap): each.as_json for each in caps_now(treasury, operations)}
    treasury.look(paid_for)
    waiting = {
        f"{name}, {lane}": str(error)
        for name in paid_for
        for lane in lanes_of(name)
        if (error := treasury.why_waiting(Purse(name, lane)))
    }
    return {"caps": caps, "waiting": waiting}
