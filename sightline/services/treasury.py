"""Money for calls: taken from the account of the month in small blocks, never beyond a cap.

The account in DynamoDB is the truth, and is changed by compare and swap: of two who want the last cent one gets it. The
limiter spends a block together with its slots, and asks for the next one. Each process goes by its own UTC day: the day
of a reservation is the one on which it was made.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from uuid import uuid4

import structlog

from sightline.errors import BudgetSpent, ConfigurationError, SightlineError
from sightline.models.answers import Json
from sightline.models.budgets import (
    Account,
    Block,
    Budget,
    Cap,
    Charge,
    Left,
    Period,
    Purse,
    as_usd,
    block_size,
    month_of,
)
from sightline.models.images import Lane
from sightline.queues.steps import lane_queue
from sightline.ratelimit.protocol import Funds
from sightline.rekognition.comparing import NAME as COMPARE
from sightline.rekognition.features import all_features
from sightline.rekognition.known_faces import ENROL
from sightline.services.usage import COST, UNKNOWN
from sightline.storage.budget_accounts import BudgetAccounts
from sightline.storage.usage import Usage

log = structlog.get_logger()

LOOKED_AT_EVERY = timedelta(seconds=30)
"""How often the account is read again of a purse for which no money was left: a cap may be raised, money come back."""

PriceOf = Callable[[str, Mapping[str, Json] | None], int]
"""What is paid for, a feature or comparing, and its parameters (None: its own) → the price of a call in millionths of a
US dollar."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A purse for which no money was left when it was last looked at."""

    charge: Charge
    looked_at: datetime
    error: BudgetSpent


class Treasury:
    """What one process may take of the budget. Threads share it."""

    def __init__(
        self, budget: Budget, accounts: BudgetAccounts, usage: Usage, price_of: PriceOf, clock: Callable[[], datetime]
    ) -> None:
        self.budget = budget
        self._accounts = accounts
        self._usage = usage
        self._price_of = price_of
        self._clock = clock
        self._seen: dict[str, Account] = {}
        self._waiting: dict[Purse, Waiting] = {}
        self._lock = Lock()

    def charge(self, feature: str, lane: Lane, parameters: Mapping[str, Json] | None = None) -> Charge | None:
        """Return what a call costs today; None if no cap limits it."""
        purse = Purse(feature, lane)
        if not self.budget.caps_of(purse):
            return None
        return Charge(purse, self.today(), self._price_of(feature, parameters))

    def today(self) -> str:
        """Return the UTC day."""
        return self._clock().astimezone(UTC).date().isoformat()

    def account(self, month: str | None = None) -> Account:
        """Read this month's account, or that of another month (`2026-11`)."""
        return self._accounts.read(month or month_of(self.today()))

    def take(self, charge: Charge, held: Funds, most_calls: int, lost: int) -> Funds:
        """Take a block; raise BudgetSpent if a cap leaves too little for the call."""
        self.require_open(charge.purse.feature, charge.purse.lane or Lane.LIVE)
        block_id, month = uuid4().hex, charge.month
        account, is_fresh = self._seen.get(month), False
        while True:
            if account is None:
                account, is_fresh = self._accounts.read(month), True
            opened = self._opened(account, charge.day)
            left = _left(opened, self.budget, charge)
            amount = block_size(self.budget, charge, left.micro_usd, most_calls)
            if not amount and not is_fresh:
                account = None
                continue
            if not amount:
                raise self._spent(charge, opened, left)
            block = Block(charge.purse, charge.day, held.micro_usd + amount, opened.revision + 1)
            after = opened.with_lost(charge.day, lost).with_block(block_id, block, amount, held.block_ids)
            news = after.alarms(self.budget, charge.day)
            account, is_fresh = self._replace(after.with_told(news, charge.day) if news else after, block_id), True
            if block_id in account.blocks:
                _tell(news, charge.day)
                return Funds(amount, (block_id,))

    def give_back(self, purse: Purse, day: str, rest: Funds) -> None:
        """Return what a holder did not spend on a day that is over."""
        account = self._accounts.read(month_of(day))
        while account.blocks.keys() & {*rest.block_ids}:
            after = account.given_back(purse, day, rest.micro_usd, rest.block_ids)
            account = self._replace(after, uuid4().hex)

    def require_open(self, feature: str, lane: Lane) -> None:
        """Raise BudgetSpent if it is known that no money is left, before anything else is asked for the call."""
        if self.waits(feature, lane) and (waiting := self._known(Purse(feature, lane))):
            raise _copy(waiting.error)

    def waits(self, feature: str, lane: Lane) -> bool:
        """Return whether a feature's calls wait for money in a lane; the account is read again now and then."""
        waiting = self._known(Purse(feature, lane))
        if waiting is not None and self._clock() - waiting.looked_at >= LOOKED_AT_EVERY:
            self._look_again(waiting)
        return self._known(Purse(feature, lane)) is not None

    def why_waiting(self, purse: Purse) -> BudgetSpent | None:
        """Return why a purse waits, and when it goes on, by what is known; None if it does not."""
        waiting = self._known(purse)
        return waiting.error if waiting else None

    def tell_alarms(self) -> None:
        """Tell of shares that are reached although nobody takes a block now: a cap may be set below what is spent."""
        day = self.today()
        opened = self._opened(self.account(), day)
        if news := opened.alarms(self.budget, day):
            written_by = uuid4().hex
            if self._replace(opened.with_told(news, day), written_by).written_by == written_by:
                _tell(news, day)

    def look(self, paid_for: Mapping[str, Mapping[str, Json]]) -> None:
        """Read the account, and note what waits for money, in each lane. paid_for: names, each with its parameters."""
        account = self.account()
        for name, parameters in paid_for.items():
            for lane in lanes_of(name):
                charge = self.charge(name, lane, parameters)
                if charge is not None:
                    self._note(charge, self._opened(account, charge.day))

    def spent_caps(self, account: Account) -> Iterator[Cap]:
        """Yield the caps that are used up, which is no error: a cap may be set below what is spent."""
        return (cap for cap in self.budget.caps if account.used(cap, self.today()) >= cap.micro_usd)

    def _look_again(self, waiting: Waiting) -> None:
        """Read the account; one thread does, and the others go by what was known."""
        with self._lock:
            if self._waiting.get(waiting.charge.purse) is not waiting:
                return
            self._waiting[waiting.charge.purse] = replace(waiting, looked_at=self._clock())
        try:
            account = self._accounts.read(waiting.charge.month)
        except SightlineError as error:
            log.warning("The budget's account cannot be read", error=str(error))
            return
        self._note(waiting.charge, self._opened(account, waiting.charge.day))

    def _note(self, charge: Charge, account: Account) -> None:
        left = _left(account, self.budget, charge)
        if left.micro_usd >= charge.micro_usd:
            with self._lock:
                self._waiting.pop(charge.purse, None)
        else:
            self._spent(charge, account, left)

    def _known(self, purse: Purse) -> Waiting | None:
        """Return why a purse waits; nothing once its day is over."""
        with self._lock:
            waiting = self._waiting.get(purse)
            if waiting is not None and waiting.charge.day != self.today():
                del self._waiting[purse]
                return None
            return waiting

    def _spent(self, charge: Charge, account: Account, left: Left) -> BudgetSpent:
        error = BudgetSpent(f"{charge.purse.feature}, {charge.purse.lane}", rule=self._rule(charge, account, left))
        error.remedy = f"It goes on at {_next(left.cap, charge.day)} 00:00 UTC, or with a higher SIGHTLINE_BUDGET"
        with self._lock:
            is_news = charge.purse not in self._waiting
            self._waiting[charge.purse] = Waiting(charge, self._clock(), error)
        if is_news:
            log.warning(
                "No money is left for calls", feature=charge.purse.feature, lane=charge.purse.lane, why=str(error)
            )
        return _copy(error)

    def _rule(self, charge: Charge, account: Account, left: Left) -> str:
        used, cap = account.used(left.cap, charge.day), left.cap
        kept = cap.micro_usd - self.budget.limit(cap, charge.purse.lane)
        rule = f"the cap {cap} must hold, and {as_usd(used)} USD of it are taken"
        return f"{rule}; {as_usd(kept)} USD are set aside for live images" if kept else rule

    def _opened(self, account: Account, day: str) -> Account:
        """Return the account with an entry for a day.

        If there was no cap yesterday, what was spent meanwhile is taken from the counts of calls: of no lane, and with
        each call that ended unknown.
        """
        if day in account.taken:
            return account
        yesterday = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        before = account if month_of(yesterday) == account.month else self._accounts.read(month_of(yesterday))
        spent = {} if yesterday in before.taken else self._spent_without_cap(f"{account.month}-01", day)
        return account.with_day(day, spent)

    def _spent_without_cap(self, first: str, last: str) -> dict[str, dict[Purse, int]]:
        by_day: dict[str, dict[Purse, int]] = {}
        for day, counts in self._usage.calls_by_day(first, last).items():
            for (feature, kind), number in counts.items():
                if kind in {COST, UNKNOWN}:
                    amount = number if kind == COST else number * self.price_or_nothing(feature)
                    of_day = by_day.setdefault(day, {})
                    of_day[Purse(feature, None)] = of_day.get(Purse(feature, None), 0) + amount
        return by_day

    def price_or_nothing(self, feature: str) -> int:
        """Return the price of a feature; 0 if it is no longer declared."""
        try:
            return self._price_of(feature, None)
        except ConfigurationError:
            return 0

    def _replace(self, after: Account, written_by: str) -> Account:
        standing = self._accounts.replace(replace(after, written_by=written_by))
        self._seen = {month: each for month, each in self._seen.items() if month == after.month} | {
            after.month: standing
        }
        return standing


def _tell(alarms: Iterable[tuple[Cap, int]], day: str) -> None:
    for cap, percent in alarms:
        log.warning("A share of the budget is spent", cap=str(cap), percent=percent, day=day)


def lanes_of(called: str) -> tuple[Lane, ...]:
    """Return the lanes of a feature's calls, or of comparing and enrolling: users ask for these, and wait."""
    return (Lane.LIVE,) if called in {COMPARE, ENROL} else tuple(Lane)


def waits_for_money(treasury: Treasury | None, queue: str) -> bool:
    """Return whether the messages of a queue wait for money."""
    lanes = {lane_queue(feature, lane): (feature, lane) for feature in all_features() for lane in Lane}
    return treasury is not None and queue in lanes and treasury.waits(*lanes[queue])


def _copy(error: BudgetSpent) -> BudgetSpent:
    """Return the same error again, as a copy: one that is raised by many threads would gather their tracebacks."""
    return BudgetSpent(error.subject, rule=error.rule, remedy=error.remedy)


def _left(account: Account, budget: Budget, charge: Charge) -> Left:
    left = account.left(budget, charge.purse, charge.day)
    if left is None:
        message = f"no cap limits {charge.purse}, so it is not charged"
        raise TypeError(message)
    return left


def _next(cap: Cap, day: str) -> date:
    """Return when a cap begins again."""
    today = date.fromisoformat(day)
    if cap.period is Period.DAY:
        return today + timedelta(days=1)
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
