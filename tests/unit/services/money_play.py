"""Processes that pay out of one budget, cut into each other at random: between any two statements anything may happen.

Between two statements others pay, the process dies, a request or its answer is lost, Redis is emptied or goes away, and
midnight passes, for each process at its own moment.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from sightline.errors import BudgetSpent, Unavailable
from sightline.models.budgets import Charge, Purse
from sightline.models.images import Lane
from sightline.ratelimit.redis import RedisLimiter
from sightline.services.treasury import Treasury
from sightline.testing.money import PRICE, treasury_of
from sightline.testing.operations import in_memory_operations

CAPS = "0.03 USD/day, 0.05 USD/month, backfill 0.015 USD/day"
LIVE_PERCENT = 10.0
PROCESSES = 4
DEEPEST = 3
BEGIN = datetime(2044, 5, 30, 23, 59, 0, tzinfo=UTC)
SKEW = (timedelta(seconds=-20), timedelta(0), timedelta(seconds=20), timedelta(seconds=45))


class ProcessDied(BaseException):
    """Nothing handles this, as nothing handles kill -9."""


@dataclass
class Shelf:
    """What Redis holds of one purse."""

    rest: int = 0
    ids: list[str] = field(default_factory=list)
    fetching_until: float = 0.0


class FakeRedis:
    """The scripts of the limiter as they treat money; each slot is free at once. Emptied, it has forgotten all."""

    def __init__(self, play: "Play") -> None:
        self._play = play
        self.shelves: dict[tuple[str, str], Shelf] = {}
        self.connection_pool = self
        self.connection_kwargs: dict[str, object] = {}

    def register_script(self, text: str) -> Callable[..., Any]:
        scripts = {"Books the next slot": self._book, "Returns money to a purse": self._give_back}
        run = next((each for words, each in scripts.items() if words in text), None)
        return lambda _, told: self._sent(run, told)

    def _sent(self, run: Callable[[Sequence[Any]], Any] | None, told: Sequence[Any]) -> Any:
        """Run a script, unless Redis is away; its request or its answer may be lost."""
        assert run
        self._play.happens()
        if self._play.is_redis_away:
            raise RedisConnectionError
        if self._play.fails(0.02):
            raise RedisConnectionError
        answer = run(told)
        if self._play.fails(0.02) or (run == self._give_back and self._play.chance(0.2)):
            raise RedisTimeoutError
        self._play.happens()
        return answer

    def _book(self, told: Sequence[Any]) -> list[Any]:
        name, day, price, deposit, ids, used_up = told[6:]
        shelf = self.shelves.setdefault((name, day), Shelf())
        lapsed: list[Any] = []
        if deposit:
            kept = [] if not shelf.ids or ",".join(shelf.ids) == used_up else shelf.ids
            self.shelves[name, day] = shelf = Shelf(shelf.rest + deposit, kept + ids.split(","))
            for key in [key for key in self.shelves if key[1] < day]:
                old = self.shelves.pop(key)
                lapsed += [*key, str(old.rest), ",".join(old.ids)]
        short, now = 0, self._play.seconds
        if shelf.rest >= price:
            shelf.rest -= price
        else:
            short = 1 if now >= shelf.fetching_until else 2
            shelf.fetching_until = now + 2 if short == 1 else shelf.fetching_until
        return [int(not short), 0, "born", 1, "1000000", 0, short, str(shelf.rest), ",".join(shelf.ids), *lapsed]

    def _give_back(self, told: Sequence[Any]) -> int:
        name, day = str(told[0]).removeprefix("purse ").rsplit(" ", 1)
        if (name, day) not in self.shelves:
            return 0
        self.shelves[name, day].rest += int(told[1])
        self.shelves[name, day].fetching_until = 0.0
        return 1


class Interrupted:
    """The store of accounts; something may happen before and after each of its statements, and answers get lost."""

    def __init__(self, inner: Any, play: "Play") -> None:
        self._inner, self._play = inner, play

    def __getattr__(self, name: str) -> Any:
        def statement(*args: Any) -> Any:
            self._play.happens()
            if self._play.fails(0.02):
                raise Unavailable("DynamoDB")
            answer = getattr(self._inner, name)(*args)
            if self._play.fails(0.02):
                raise Unavailable("DynamoDB")
            self._play.happens()
            return answer

        return statement


class Process:
    """One process: its limiter and its treasury, and its own clock."""

    def __init__(self, play: "Play", skew: timedelta) -> None:
        self._play = play
        self._skew = skew
        self.treasury: Treasury = treasury_of(CAPS, play.operations, self.clock, live_percent=LIVE_PERCENT)
        self.treasury._accounts = Interrupted(play.operations.budget_accounts, play)
        self.limiter = RedisLimiter(
            play.redis,  # type: ignore[arg-type]
            "1",
            "eu",
            {"DetectLabels": 1e6},
            "play:",
            assumed_processes=1,
            money=self.treasury,
            seconds=lambda: play.seconds,
        )

    def clock(self) -> datetime:
        return self._play.begin + timedelta(seconds=self._play.seconds) + self._skew

    def pay(self, lane: Lane) -> bool | None:
        """Call once if there is a slot and money; return whether there was, None if no money is left."""
        try:
            charge = self.treasury.charge("labels", lane)
            assert charge
            if not self.limiter.reserve("DetectLabels", lane, charge).is_booked:
                return False
        except BudgetSpent:
            return None
        except Unavailable:
            return False
        self._call(charge)
        return True

    def _call(self, charge: Charge) -> None:
        key = (charge.purse, charge.day)
        self._play.reserved[key] += 1
        self._play.happens()
        if self._play.chance(0.1):  # refused, so it is not billed
            self._play.reserved[key] -= 1
            self._play.unsure[charge.day] += 1  # until it is given back
            self.limiter.give_back("DetectLabels", charge)
            self._play.given_back += 1
            self._play.unsure[charge.day] -= 1
        else:
            self._play.reserved[key] -= 1
            self._play.billed[key] += 1
            self._play.happens()


class Play:
    """One run. billed: calls that the endpoint answered; reserved: money taken by processes that died then.

    has_faults: whether money may be lost, by a kill, a lost request, midnight, or a Redis that is emptied or away. If
    it cannot be, every cent is accounted for, so that a cent which is given back twice has nothing to hide behind.
    """

    def __init__(self, seed: int, *, has_faults: bool = True) -> None:
        self.has_faults = has_faults
        self.begin = BEGIN if has_faults else BEGIN - timedelta(hours=12)
        self.random = Random(seed)  # noqa: S311 - a play that can be repeated
        self.operations = in_memory_operations(lambda: BEGIN)
        self.seconds = 0.0
        self.is_redis_away = False
        self.is_calm = False
        self.billed: Counter[tuple[Purse, str]] = Counter()
        self.reserved: Counter[tuple[Purse, str]] = Counter()
        self.unsure: Counter[str] = Counter()
        self.kills = self.emptied = self.given_back = 0
        self._depth = 0
        self.redis = FakeRedis(self)
        self.processes = [Process(self, skew) for skew in SKEW[:PROCESSES]]

    def chance(self, share: float) -> bool:
        return not self.is_calm and self.random.random() < share

    def fails(self, share: float) -> bool:
        return self.has_faults and self.chance(share)

    def happens(self) -> None:
        """Let anything happen between two statements."""
        if self.is_calm:
            return
        self.seconds += self.random.expovariate(8)
        if self._depth < DEEPEST and self.chance(0.3):
            self.step()
        if self.fails(0.01):
            self.redis.shelves.clear()
            self.emptied += 1
        if self.fails(0.02):
            self.is_redis_away = not self.is_redis_away
        if self.fails(0.015):
            self.kills += 1
            raise ProcessDied

    def step(self) -> None:
        """Let some process pay; one that dies is replaced."""
        place = self.random.randrange(PROCESSES)
        self._depth += 1
        try:
            self.processes[place].pay(self.random.choice((Lane.LIVE, Lane.BACKFILL)))
        except ProcessDied:
            self.processes[place] = Process(self, SKEW[place])
        finally:
            self._depth -= 1

    def run(self, steps: int = 120) -> None:
        for _ in range(steps):
            self.step()
            self.check()
        self.is_calm, self.is_redis_away = True, False
        self.seconds += 100.0
        for process in self.processes:
            for lane in (Lane.BACKFILL, Lane.LIVE):
                self._use_up(process, lane)
        self.check()
        self._check_used_up()

    def _use_up(self, process: Process, lane: Lane) -> None:
        for _ in range(1000):
            outcome = process.pay(lane)
            if outcome is None:
                return
            self.seconds += 0.0 if outcome else 3.0
        raise AssertionError("it neither books nor says that no money is left")

    def check(self) -> None:
        """No cap is ever exceeded, by what was taken and by what was billed; where nothing is lost, all is there."""
        budget = self.processes[0].treasury.budget
        for account in map(self.operations.budget_accounts.read, ("2044-05", "2044-06")):
            for day in account.taken:
                for cap in budget.caps:
                    assert account.used(cap, day) <= cap.micro_usd
                taken = sum(account.taken[day].values())
                assert self._somewhere(day) <= taken
                assert self.has_faults or self._somewhere(day) == taken

    def _somewhere(self, day: str) -> int:
        """Return what is billed or can still be spent of a day's money: never more than was taken."""
        calls = sum(number for each in (self.billed, self.reserved) for (_, of), number in each.items() if of == day)
        shared = sum(shelf.rest for (_, of), shelf in self.redis.shelves.items() if of == day)
        own = [each.limiter._own._purses for each in self.processes]
        return calls * PRICE + shared + sum(f.micro_usd for each in own for (_, of), f in each.items() if of == day)

    def _check_used_up(self) -> None:
        """What was taken and not billed is known: it died with its holder, or was reserved by a process that died."""
        last = self.processes[-1].treasury
        account = last.account()
        cap = min(last.budget.caps[:2], key=lambda cap: cap.micro_usd - account.used(cap, last.today()))
        assert cap.micro_usd == account.used(cap, last.today())
        for month in ("2044-05", "2044-06"):
            account = self.operations.budget_accounts.read(month)
            for day, taken in account.taken.items():
                billed, reserved = (
                    sum(number for (_, of), number in each.items() if of == day) * PRICE
                    for each in (self.billed, self.reserved)
                )
                missing = sum(taken.values()) - billed - reserved - self.unsure[day] * PRICE - account.in_blocks(day)
                assert missing <= 0
