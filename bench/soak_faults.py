"""What goes wrong during the soak, and when: a script drawn from a seed, and the thread that plays it."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Thread

import redis

from bench.reported import cancel_consumer
from bench.soak_environment import WORKERS, Environment, insisting
from sightline.errors import SightlineError
from sightline.storage.ledger.protocol import Status

SHORTEST_OUTAGE_SECONDS = 5.0
REVIVE_AFTER_SECONDS = 2.0
LANDED_SECONDS = 0.5
"""By then DynamoDB has carried out what a killed worker had sent to it."""

PAYING = ("labels", "faces")

CANCEL = "cancel consumer"
CANCELLED_QUEUES = ("ingest", "labels", "faces", "rows", "graph")

OUTAGES = {
    "redis": ("kill", "freeze"),
    "neo4j": ("kill", "freeze"),
    "dynamodb": ("freeze",),
    "s3": ("kill", "freeze"),
    "rekognition": ("kill", "freeze"),
}
"""What may happen to each server. DynamoDB is never killed: here it keeps everything in memory, AWS loses nothing."""

LONGEST_SECONDS = {"s3": 20.0, "rekognition": 20.0}
"""Below the 30 s after which a caller times out, so that a call is paid for twice only if a kill cut it off."""
UP_AGAIN_SECONDS = 1.0
NOT_BEFORE = 0.2
"""Of the time of faults: an empty Redis is flushed in vain."""


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """One thing to do. at: seconds after the beginning."""

    at: float
    what: str
    whom: str


def script(chance: random.Random, seconds: float, kills: int, longest_outage: float, cancels: int = 0) -> list[Act]:
    """Make the acts: kills of workers, an outage of each server, two FLUSHALL, a kill of beat, and cancelled consumers.

    One thread plays them in order, so no act may need a server that only a later act brings back.
    """
    acts: list[Act] = []
    names = [f"{name}-{n}" for name, count in WORKERS.items() if name != "beat" for n in range(count)]
    slot = seconds / kills
    for number in range(kills):
        acts += _kill(chance.choice(names), (number + chance.uniform(0, 0.5)) * slot)
    acts += _kill("beat-0", chance.uniform(0, seconds))
    for whom, variants in OUTAGES.items():
        lasts = chance.uniform(SHORTEST_OUTAGE_SECONDS, min(longest_outage, LONGEST_SECONDS.get(whom, longest_outage)))
        begins, variant = chance.uniform(0, max(1.0, seconds - lasts)), chance.choice(variants)
        acts += [Act(begins, variant, whom), Act(begins + lasts, "start" if variant == "kill" else "thaw", whom)]
        if whom == "redis":
            acts += [Act(_while_up(chance, seconds, begins, lasts), "flush", "redis") for _ in range(2)]
            redis_is_away = begins, lasts
    for _ in range(cancels):  # last, so that the other acts of a seed stay as they are
        acts.append(Act(_while_up(chance, seconds, *redis_is_away), CANCEL, chance.choice(CANCELLED_QUEUES)))
    return sorted(acts)


def _while_up(chance: random.Random, seconds: float, begins: float, lasts: float) -> float:
    """Draw a time outside of an outage; right after it if the outage takes all the time that there is."""
    first, again = NOT_BEFORE * seconds, begins + lasts + UP_AGAIN_SECONDS
    before, after = max(0.0, begins - first), max(0.0, seconds - max(first, again))
    drawn = chance.uniform(0, before + after)
    return first + drawn if drawn < before else max(first, again) + drawn - before


def _kill(name: str, at: float) -> list[Act]:
    return [Act(at, "kill worker", name), Act(at + REVIVE_AFTER_SECONDS, "revive worker", name)]


@dataclass
class Faults:
    """Plays a script.

    in_flight: claims of the ledger that were open when a paying worker or the endpoint was killed
    died: processes that had already ended by themselves when they were to be killed
    """

    environment: Environment
    acts: list[Act]
    done: Counter[str] = field(default_factory=Counter)
    in_flight: set[str] = field(default_factory=set)
    failed: list[BaseException] = field(default_factory=list)
    died: list[str] = field(default_factory=list)
    _killed: set[str] = field(default_factory=set)
    _looks: list[Thread] = field(default_factory=list)

    def play(self) -> None:
        """Do every act at its time; an act that fails is noted, and the others are still done."""
        begun = time.monotonic()
        for act in self.acts:
            time.sleep(max(0.0, begun + act.at - time.monotonic()))
            print(f"{time.monotonic() - begun:6.1f} s  {act.what} {act.whom}", flush=True)
            try:
                self._acts_by_name[act.what](act.whom)
                self.done[act.what] += 1
            except (SightlineError, redis.RedisError, OSError) as error:
                self.failed.append(error)
        for look in self._looks:
            look.join()
        for name in {act.whom for act in self.acts if act.what == "start"}:
            self.environment.stack.server(name).wait()  # it may have begun a moment ago, and is asked next

    @property
    def _acts_by_name(self) -> dict[str, Callable[[str], None]]:
        server = self.environment.stack.server
        return {
            "kill worker": self._kill_worker,
            "revive worker": self._revive_worker,
            CANCEL: self._cancel,
            "flush": lambda _: insisting(self._flush, self.environment.stack.moves),
            "kill": self._kill_server,
            "start": lambda name: server(name).begin(),
            "freeze": lambda name: server(name).freeze(),
            "thaw": lambda name: server(name).thaw(),
        }

    def _kill_worker(self, name: str) -> None:
        process = next(each for each in self.environment.stack.replicas.processes if each.name == name)
        if not process.is_running() and name not in self._killed:
            self.died.append(name)
        process.kill()
        self._killed.add(name)
        if name.startswith(PAYING):
            self._look_at_claims()

    def _revive_worker(self, name: str) -> None:
        self.environment.stack.revive(name)
        self._killed.discard(name)

    def _kill_server(self, name: str) -> None:
        self.environment.stack.server(name).kill()
        if name == "rekognition":
            self._look_at_claims()

    def _flush(self) -> None:
        try:
            self.environment.redis.flushall()
        except redis.ReadOnlyError as error:
            raise OSError(str(error)) from error

    def _cancel(self, queue: str) -> None:
        insisting(lambda: cancel_consumer(self.environment, queue), self.environment.stack.moves)

    def _look_at_claims(self) -> None:
        """Note which calls were being paid for at this moment: in a thread, since DynamoDB may be away."""
        look = Thread(target=self._note_claims, daemon=True)
        look.start()
        self._looks.append(look)

    def _note_claims(self) -> None:
        time.sleep(LANDED_SECONDS)
        try:
            self.in_flight |= insisting(lambda: set(self._claims()), self.environment.stack.moves)
        except Exception as error:  # noqa: BLE001 - the report names it
            self.failed.append(error)

    def _claims(self) -> Iterator[str]:
        for entry in self.environment.services.ledger.scan():
            if entry.status is Status.CLAIMED:
                yield entry.claim_id
