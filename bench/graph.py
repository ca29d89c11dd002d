"""How fast are images written to Neo4j? Six variants side by side, the same data, with 1, 4 and 8 writers.

`python -m bench.graph [--images N] [--rounds N]`, on its own Neo4j, emptied between runs. The data: nine cameras,
3 to 10 labels of 1,489 in each image, skewed; batches of 500 images. A figure is the median of the rounds; the variants
take turns in each round, so that a busy machine is fair to all. It exits 1 if a goal is missed.

The old loader creates no constraint or index, so it is measured without any, and once more with ours. Without them it
slows down as the graph grows (every MERGE reads all nodes of its label), so the other images are written first.
"""

import argparse
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import neo4j

from bench.graph_baselines import Baseline, CreateOnly, TransactionForEachRow, UnwindMerge
from bench.graph_data import make_images
from bench.graph_environment import Environment
from dev.stack import Stack
from dev.stack.watched import temporary_folder
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.graph.protocol import GraphImage

WRITERS = (1, 4, 8)
BATCH = 500
ROW_BY_ROW_IMAGES = 48
ROWS, ROWS_KEYED, MERGE, OURS, CREATE, CREATE_FIXED = VARIANTS = (
    "a transaction a row (the blog)",
    "the same, with our constraints",
    "UNWIND + MERGE",
    "sightline",
    "CREATE only, a statement a kind",
    "CREATE only, the fixed in one",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One variant with some writers. rate: relationships a second; deadlocks, duplicates: how many there were."""

    rate: float
    deadlocks: int
    duplicates: int


class Ours:
    """The graph store."""

    def __init__(self, store: Neo4jGraphStore) -> None:
        self._store = store
        self.changed = 0

    def prepare(self, images: Sequence[GraphImage]) -> None:
        """Do nothing."""

    def write(self, batch: Sequence[GraphImage]) -> None:
        """Merge one batch."""
        for outcome in self._store.merge(batch):
            if isinstance(outcome, Exception):
                raise outcome
            self.changed += outcome.is_changed


def writer_of(variant: str, environment: Environment) -> Baseline:
    """Make a new writer for this variant, so that it remembers nothing."""
    if variant in {ROWS, ROWS_KEYED}:
        return TransactionForEachRow(environment.tools)
    if variant == MERGE:
        return UnwindMerge(environment.tools, environment.statements)
    if variant == OURS:
        return Ours(environment.store())
    return CreateOnly(environment.tools, is_fixed_in_one=variant == CREATE_FIXED)


def write_all(how: Baseline, images: Sequence[GraphImage], writers: int) -> float:
    """Write all images; return the seconds it took."""
    size = min(BATCH, -(-len(images) // writers))
    batches = [images[start : start + size] for start in range(0, len(images), size)]
    begun = time.perf_counter()
    how.prepare(images)
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(how.write, batches))
    return time.perf_counter() - begun


def count_relationships(images: Sequence[GraphImage]) -> int:
    """Count the relationships that these images have."""
    return 6 * len(images) + sum(len(image.findings["labels"]) for image in images)


def measure(variant: str, environment: Environment, images: Sequence[GraphImage], writers: int) -> Run:
    """Write into an empty graph, and count what it then has.

    One transaction a row would take minutes for all images: it writes only the last ones, beside all others.
    """
    environment.clear()
    is_by_row = variant in {ROWS, ROWS_KEYED}
    if is_by_row:
        write_all(Ours(environment.store()), images[:-ROW_BY_ROW_IMAGES], 1)
    if variant == ROWS:
        environment.drop_constraints()
    timed = images[-ROW_BY_ROW_IMAGES:] if is_by_row else images
    environment.take_deadlocks()
    taken = write_all(writer_of(variant, environment), timed, writers)
    expected = count_relationships(images)
    found = environment.relationships()
    # Without constraints the node of a label or day may exist twice, and so may relationships to it
    duplicates = found - expected if variant == ROWS else environment.duplicates()
    if found - duplicates != expected:
        print(f"{variant}: {found} relationships and {duplicates} duplicates, but {expected} were written")
        sys.exit(1)
    return Run(count_relationships(timed) / taken, environment.take_deadlocks(), duplicates)


def replay(environment: Environment, images: Sequence[GraphImage]) -> tuple[int, float]:
    """Merge what the graph already shows, with a new store; return the number of changes, and images a second."""
    environment.clear()
    write_all(Ours(environment.store()), images, 1)
    before = environment.relationships()
    again = Ours(environment.store())
    taken = write_all(again, images, 1)
    return again.changed + abs(environment.relationships() - before), len(images) / taken


def run_rounds(environment: Environment, count: int, rounds: int) -> dict[tuple[str, int], list[Run]]:
    """Run every variant with every number of writers, in each round."""
    images = make_images(count)
    for variant in VARIANTS:
        measure(variant, environment, make_images(1_000), 4)  # warms the server up
    runs: dict[tuple[str, int], list[Run]] = defaultdict(list)
    for _ in range(rounds):
        for writers in WRITERS:
            for variant in VARIANTS:
                runs[variant, writers].append(measure(variant, environment, images, writers))
    return runs


def report(runs: dict[tuple[str, int], list[Run]], replayed: tuple[int, float]) -> bool:
    """Print the figures and the goals; return whether every goal is met."""
    rates = {key: statistics.median(run.rate for run in each) for key, each in runs.items()}
    print(
        f"{'relationships/s':<34}{'writers':>8}{'median':>10}{'lowest':>10}{'highest':>10}{'deadlocks':>11}{'doubles':>9}"
    )
    for (variant, writers), each in sorted(runs.items(), key=lambda item: (VARIANTS.index(item[0][0]), item[0][1])):
        low, high = min(run.rate for run in each), max(run.rate for run in each)
        deadlocks, doubles = sum(run.deadlocks for run in each), sum(run.duplicates for run in each)
        rate = rates[variant, writers]
        print(f"{variant:<34}{writers:>8}{rate:>10,.0f}{low:>10,.0f}{high:>10,.0f}{deadlocks:>11}{doubles:>9}")
    changes, rate = replayed
    print(f"replay of the same images: {changes} changes, {rate:,.0f} images/s")
    goals = [
        ("sightline / CREATE only, a statement a kind, 1 writer", rates[OURS, 1] / rates[CREATE, 1], 0.8),
        ("sightline / a transaction a row, 1 writer", rates[OURS, 1] / rates[ROWS, 1], 300),
        ("sightline / UNWIND + MERGE, 8 writers", rates[OURS, 8] / rates[MERGE, 8], 1.3),
    ]
    for name, ratio, least in goals:
        print(f"{name}: {ratio:,.2f} (goal: at least {least}) {'met' if ratio >= least else 'MISSED'}")
    doubles = sum(run.duplicates for (variant, _), each in runs.items() if variant == OURS for run in each)
    print(f"sightline's duplicates: {doubles} (goal: 0), changes on replay: {changes} (goal: 0)")
    return all(ratio >= least for _, ratio, least in goals) and doubles == changes == 0


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=16_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with temporary_folder("bench-graph-") as folder, Stack(folder, ("neo4j",)) as stack:
        uri, user, password = (stack.env[f"SIGHTLINE_NEO4J_{each}"] for each in ("URI", "USER", "PASSWORD"))
        with neo4j.GraphDatabase.driver(uri, auth=(user, password)) as driver:
            environment = Environment(driver, "neo4j")
            environment.clear()
            runs = run_rounds(environment, chosen.images, chosen.rounds)
            is_met = report(runs, replay(environment, make_images(chosen.images)))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
