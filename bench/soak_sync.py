"""Does a sync that is killed at any moment lose anything, and does its position ever run ahead of the data?

`python -m bench.soak_sync [--kills N] [--neo4j-kills N] [--seed N]`, on its own servers. Rows are new, changed and
gone. A sync in its own process gets kill -9 at random moments, first in the full load and then in the feed; then Neo4j
gets it while the sync commits. After each kill the graph must show every image up to its position. In the end
the graph must equal that of one clean run over the same rows. Exit status: 0 if all promises were kept, 1 if one was
broken, 3 if there is no verdict (too few kills hit a sync at work, or the clean run did not end).
"""

import argparse
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.soak_environment import add_seed
from bench.soak_report import WORDS, Verdict
from bench.soak_sync_environment import WINDOW, SyncEnvironment
from bench.soak_sync_run import DONE, SyncRun
from dev.stack import Options, Stack
from dev.stack.waiting import wait_until
from dev.stack.watched import temporary_folder

SERVERS = ("dynamodb", "neo4j", "s3")
IN_THE_LOAD = 0.3
"""The share of the kills during the full load."""

MOST_IMAGES = 1_000_000
"""They are made one by one, as they are needed."""


@dataclass
class Soak:
    """One soak.

    done: what was killed at work, and how often; broken: the promises that were broken; undecided: why the promises
    could not be tested
    """

    stack: Stack
    environment: SyncEnvironment
    chosen: argparse.Namespace
    done: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    fence: int = 0
    round: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.chosen.seed)
        self._until = time.monotonic() + 60 * self.chosen.minutes

    def sync(self, *, full: bool = False) -> SyncRun:
        """Start a run whose clock is late enough for its position to pass the rows of all rounds."""
        self.fence += 1
        return SyncRun(self.stack.env, self.fence, (self.round + 1) * WINDOW, full=full)

    @property
    def hits(self) -> int:
        """Return how often a sync was killed while it worked."""
        return self.done["sync, in the full load"] + self.done["sync, in the feed"]

    def goes_on(self) -> bool:
        """Return whether there is time for another kill."""
        return bool(time.monotonic() < self._until)

    def kill_in_load(self) -> None:
        """Kill the sync while it loads all rows; the next one goes on from its checkpoint."""
        for number in range(round(self.chosen.kills * IN_THE_LOAD)):
            self._kill("sync, in the full load", full=number % 5 == 0)
        self._finish("the run that ends the load", self.broken)

    def kill_in_feed(self) -> None:
        """Kill the sync while it reads the feed, with more rows each time."""
        while self.hits < self.chosen.kills and self.goes_on():
            self.round += 1
            self.environment.write_round(self.round, self.chosen.rows)
            self._kill("sync, in the feed")

    def _kill(self, name: str, *, full: bool = False) -> None:
        run = self.sync(full=full)
        was_at_work = run.kill(self._chance.uniform(0, self.chosen.seconds))
        self.done[name if was_at_work else f"({name}: had ended)"] += 1
        self._look(name)

    def kill_neo4j(self) -> None:
        """Kill the database while the sync commits to it, and start it again."""
        server = self.stack.server("neo4j")
        for _ in range(self.chosen.neo4j_kills):
            if not self.goes_on():
                return
            self.round += 1
            self.environment.write_round(self.round, self.chosen.rows)
            run = self.sync()
            time.sleep(self._chance.uniform(0, self.chosen.seconds))
            server.kill()
            was_at_work = run.end() != DONE
            server.begin()
            server.wait()
            self.done["Neo4j, under the sync" if was_at_work else "(Neo4j: the sync had ended)"] += 1
            self._look("Neo4j")

    def _look(self, after: str) -> None:
        if ahead := self.environment.ahead():
            self.broken.append(f"after a kill of {after}: {len(ahead)} images before the position are not shown")

    def compare(self) -> None:
        """Let the sync finish, then compare the graph with that of a clean run."""
        self._finish("the last run", self.broken)
        soaked = self.environment.graph()
        self.environment.wipe()
        if not self._finish("the clean run", self.undecided):
            return
        clean = self.environment.graph()
        missing, extra = (clean - soaked).total(), (soaked - clean).total()
        self.done["relationships compared"] = clean.total()
        if missing or extra or not clean:
            self.broken.append(f"{missing} relationships are missing and {extra} too many, of {clean.total()}")

    def _finish(self, name: str, complaints: list[str]) -> bool:
        """Sync until a run ends well, as beat does: a run fails if its database has only just started."""
        ends: list[str] = []

        def is_done() -> bool:
            ends.append(self.sync().end())
            return ends[-1] == DONE

        is_finished = wait_until(is_done, self.stack.moves)
        self.done["(runs that met an error and were followed by another)"] += len(ends) - 1
        if not is_finished:
            complaints.append(f"{name}: {ends[-1]}")
        self._look(name)
        return is_finished

    @property
    def verdict(self) -> Verdict:
        """Return whether the promises were kept, or that this run cannot tell."""
        if self.broken:
            return Verdict.BROKEN
        return Verdict.NONE if self.undecided else Verdict.KEPT


def main() -> None:
    """Soak, print a table, and exit with the verdict."""
    chosen, begun = _options(), time.monotonic()
    print(f"seed {chosen.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with (
        temporary_folder("sightline-soak-sync-") as folder,
        Stack(folder, SERVERS, Options(dynamodb_in_memory=True)) as stack,
    ):
        soak = Soak(stack, SyncEnvironment(stack, MOST_IMAGES, chosen.seed), chosen)
        soak.environment.write_round(0, chosen.images)
        for act in (soak.kill_in_load, soak.kill_in_feed, soak.kill_neo4j, soak.compare):
            act()
        soak.environment.close()
    of_neo4j = soak.done["Neo4j, under the sync"]
    if soak.hits < chosen.kills or of_neo4j < chosen.neo4j_kills / 2:
        soak.undecided.append(f"only {soak.hits} kills of the sync and {of_neo4j} of Neo4j hit: try more --minutes")
    _print(soak, time.monotonic() - begun)
    sys.exit(soak.verdict)


def _print(soak: Soak, seconds: float) -> None:
    print(f"\nsoak of the sync, seed {soak.chosen.seed}, {len(soak.environment.rows):,} images, {seconds:,.0f} s")
    for name, number in [*soak.done.items(), ("promises broken", len(soak.broken))]:
        print(f"  {name:<56} {number:>9,}")
    for each in soak.broken:
        print(f"  broken: {each}")
    for each in soak.undecided:
        print(f"  not tested: {each}")
    print(WORDS[soak.verdict])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.soak_sync", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of the sync, while it works")
    parser.add_argument("--neo4j-kills", type=int, default=5)
    parser.add_argument("--images", type=int, default=4_000, help="rows before the first run")
    parser.add_argument("--rows", type=int, default=300, help="rows written before each later run")
    parser.add_argument("--seconds", type=float, default=2.0, help="within which a run is killed")
    parser.add_argument("--minutes", type=float, default=7.0, help="after which nothing more is killed")
    add_seed(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
