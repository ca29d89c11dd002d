"""The money that one process holds itself: all of it while Redis is away, otherwise only on its way there."""

from collections import Counter
from threading import Lock, RLock

import structlog

from sightline.errors import Unavailable
from sightline.models.budgets import OWN_CALLS, Charge, Purse
from sightline.ratelimit.protocol import Funds, Money

log = structlog.get_logger(__name__)


class OwnPurses:
    """One purse for each feature, lane and day. Threads share it; one at a time fetches more."""

    def __init__(self, money: Money | None) -> None:
        self._money = money
        self._purses: dict[tuple[Purse, str], Funds] = {}
        self._lost: Counter[str] = Counter()
        self._lock = Lock()
        self._fetching = RLock()

    def pay(self, charge: Charge) -> None:
        """Take the money for a call, from a new block if need be; raise BudgetSpent or Unavailable."""
        while not self._try_to_pay(charge):
            with self._fetching:
                held = self._held(charge)
                if held.micro_usd < charge.micro_usd:  # no other thread has fetched meanwhile
                    self._drop_past_days(charge.day)
                    self._replace(charge, held, self.fetch(charge, held, OWN_CALLS))

    def fetch(self, charge: Charge, held: Funds, most_calls: int) -> Funds:
        """Take a block for a holder whose funds do not pay for a call."""
        if self._money is None:
            raise TypeError("this limiter was built without money, and asked to pay")
        with self._lock:
            lost = self._lost.pop(charge.day, 0)
        try:
            return self._money.take(charge, held, most_calls, lost)
        except BaseException:
            with self._lock:
                self._lost[charge.day] += lost
            raise

    def give_back(self, purse: Purse, day: str, rest: Funds) -> None:
        """Return what a holder did not spend. What cannot be returned is lost: its block stays in the account."""
        if self._money is None:
            return
        try:
            self._money.give_back(purse, day, rest)
        except Unavailable as error:
            log.warning("Money of a day that is over could not be given back", day=day, error=str(error))

    def put(self, purse: Purse, day: str, funds: Funds) -> None:
        """Hold more."""
        with self._lock:
            held = self._purses.get((purse, day), Funds())
            ids = held.block_ids + funds.block_ids
            self._purses[purse, day] = Funds(held.micro_usd + funds.micro_usd, ids)

    def empty(self, purse: Purse, day: str) -> Funds:
        """Hand over all that a purse holds."""
        with self._lock:
            return self._purses.pop((purse, day), Funds())

    def lose(self, charge: Charge) -> None:
        """Note money of which nobody knows whether Redis took it: it is told with the next block."""
        with self._lock:
            self._lost[charge.day] += charge.micro_usd

    def _try_to_pay(self, charge: Charge) -> bool:
        key = (charge.purse, charge.day)
        with self._lock:
            held = self._purses.get(key, Funds())
            if held.micro_usd < charge.micro_usd:
                return False
            self._purses[key] = Funds(held.micro_usd - charge.micro_usd, held.block_ids)
            return True

    def _held(self, charge: Charge) -> Funds:
        with self._lock:
            return self._purses.get((charge.purse, charge.day), Funds())

    def _replace(self, charge: Charge, before: Funds, taken: Funds) -> None:
        """Hold a new block. What was returned meanwhile stays; the blocks before are used up."""
        key = (charge.purse, charge.day)
        with self._lock:
            held = self._purses.get(key, Funds())
            ids = tuple(each for each in held.block_ids if each not in before.block_ids) + taken.block_ids
            self._purses[key] = Funds(held.micro_usd + taken.micro_usd, ids)

    def _drop_past_days(self, today: str) -> None:
        with self._lock:
            past = [key for key in self._purses if key[1] < today]
            dropped = {key: self._purses.pop(key) for key in past}
        for (purse, day), rest in dropped.items():
            self.give_back(purse, day, rest)
