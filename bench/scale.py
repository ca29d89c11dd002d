"""`python -m bench.scale`: does a look at a table cost more if it has ten times the images, and what saturates first?

Two tables. The first counts requests, read units and rows written of one turn of the reconciler, one `status`, one
sync of 1,000 rows, one page of a day and one page of a backfill, with one and with ten million images. The stores are
the real ones, over a model of their table (`scale_model.py`): DynamoDB Local would take hours to be filled. The second
is computed from what an image costs, at 50, 500 and 5,000 images a second. It exits 1 if any cost of the first grows by
more than a fifth.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, cast

from bench.scale_model import CAMERA, DAY, NEW_SINCE, NOW, Model, Size
from sightline.graph.protocol import SyncMove, SyncState
from sightline.services.backfill import backfill
from sightline.services.collaborators import Services
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.services.status import images_section
from sightline.services.sync import sync_with
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.keys import DEFAULT_SHARDS, ShardChoice
from sightline.storage.images.positions import position_at
from sightline.storage.images.protocol import DayPart
from sightline.testing.fake import FakeSightline

SIZES = (1_000_000, 10_000_000)
MOST_GROWTH = 1.2
NEW_ROWS = 1_000
PAGE_OF_A_DAY = 300
FOLDERS = 16
OF_A_FOLDER = 250
RATES = (50, 500, 5_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one look took."""

    requests: int
    read_units: float
    written: int

    def growth(self, smaller: "Cost") -> float:
        """Return how many times another's cost this is, by what grew most."""
        pairs = zip(_numbers(self), _numbers(smaller), strict=True)
        return max((mine / other if other else float(mine > 0) or 1.0) for mine, other in pairs)


def _numbers(cost: Cost) -> tuple[float, float, float]:
    return cost.requests, cost.read_units, cost.written


@dataclass(frozen=True, slots=True)
class Capacity:
    """Something that saturates. of_an_image: what one image takes of it; most: what it gives in a second."""

    name: str
    of_an_image: float
    most: float


def costs(size: Size, most_sent: int) -> dict[str, Cost]:
    """Return what each look takes at a size."""
    model = Model(size, NEW_ROWS)
    with world_of(model) as services:
        looks: dict[str, Callable[[], object]] = {
            f"reconcile, {most_sent:,} sent": lambda: reconcile(
                reconciler_of(services, lambda _: None), lambda: True, most_sent
            ),
            "status": lambda: images_section(services.images),
            f"sync, {NEW_ROWS:,} rows": lambda: sync_with(services).run(1, lambda: True),
            f"page of a day, {PAGE_OF_A_DAY}": lambda: page_of_a_day(services),
            f"page of a backfill, {FOLDERS * OF_A_FOLDER:,}": lambda: next(
                backfill(Prefix("bench", "known/"), services, lambda _: None)
            ),
        }
        return {name: _cost(model, look) for name, look in looks.items()}


def _cost(model: Model, look: Callable[[], object]) -> Cost:
    model.requests.clear()
    model.read_units, model.written = 0.0, 0
    look()
    return Cost(model.requests.total(), model.read_units, model.written)


@contextmanager
def world_of(model: Model) -> Iterator[Services]:
    """Give the services over a model of the images; all else is in memory, and the graph is synced up to new rows."""
    world = FakeSightline()
    world.clock.now = NOW
    world.buckets.create("bench")
    for folder in range(FOLDERS):
        for number in range(OF_A_FOLDER):
            world.buckets.put(ObjectUri("bench", f"known/{folder}/{number}.jpg"), b"0")
    world.images = cast("Any", DynamoImageStore(cast("Any", model), "bench-", world.clock))
    begin = position_at(NOW - NEW_SINCE)
    world.graph.merge([], SyncMove(1, SyncState(dict.fromkeys(range(DEFAULT_SHARDS.feed), begin))))
    yield replace(world.make_services(world.plan), images=world.images)


def page_of_a_day(services: Services) -> list[object]:
    """Read the newest pictures of a camera's day, as its page does."""
    part = DayPart(newest_first=True, page=PAGE_OF_A_DAY)
    return list(islice(services.images.by_day(CAMERA, DAY, part), PAGE_OF_A_DAY))


def capacities(given: argparse.Namespace) -> list[Capacity]:
    """Return what saturates as images come faster. Write units are those that `test_units_of_an_image.py` counts."""
    shards = given.shards
    return [
        Capacity("cores of workers", given.cpu_seconds, given.cores),
        Capacity("Redis commands", given.redis_commands, given.redis_most),
        Capacity("write units: a spread camera's day, a shard", 4 / shards.day, 1_000),
        Capacity("write units: unfinished, a shard", 5 / shards.unfinished, 1_000),
        Capacity("write units: feed, a shard", 1 / shards.feed, 1_000),
        Capacity("write units: rows of images", 12, given.table_units),
        Capacity("commits of Neo4j, 64 images each", 1 / 64, given.neo4j_images / 64),
    ]


def print_growth(found: Mapping[int, Mapping[str, Cost]]) -> float:
    """Print the first table; return the largest growth."""
    small, large = (found[size] for size in SIZES)
    print(f"{'':28} {'requests':>17} {'read units':>21} {'rows written':>17}  times")
    worst = 0.0
    for name, cost in large.items():
        of = small[name]
        worst = max(worst, times := cost.growth(of))
        print(
            f"{name:28} {of.requests:8,} {cost.requests:8,} {of.read_units:10,.1f} {cost.read_units:10,.1f} "
            f"{of.written:8,} {cost.written:8,} {times:6.2f}"
        )
    return worst


def print_saturation(limits: list[Capacity]) -> None:
    """Print the second table: what each rate takes, and how many images a second are the most."""
    print(f"\n{'':38} {''.join(f'{rate:>12,}/s' for rate in RATES)} {'most':>12}")
    for each in sorted(limits, key=lambda limit: limit.most / limit.of_an_image):
        taken = "".join(f"{each.of_an_image * rate:14,.1f}" for rate in RATES)
        print(f"{each.name:38} {taken} {each.most / each.of_an_image:10,.0f}/s")


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--most-sent", type=int, default=5_000, help="messages of one turn of the reconciler")
    parser.add_argument("--cpu-seconds", type=float, default=0.051, help="of all workers for an image: bench-pipeline")
    parser.add_argument("--cores", type=float, default=8, help="that the workers have")
    parser.add_argument("--redis-commands", type=float, default=76, help="of an image: bench-pipeline")
    parser.add_argument("--redis-most", type=float, default=60_000, help="commands a second that a Redis takes")
    parser.add_argument(
        "--table-units", type=float, default=40_000, help="write units a second of a table: AWS's quota"
    )
    parser.add_argument("--neo4j-images", type=float, default=2_051, help="a second, in commits of 64: bench-graph")
    parser.add_argument("--day-shards", type=int, help="of each camera's day, as `sightline setup` takes them")
    given = parser.parse_args()
    given.shards = ShardChoice(day=given.day_shards).over(DEFAULT_SHARDS)
    worst = print_growth({size: costs(Size(size, given.shards), given.most_sent) for size in SIZES})
    print_saturation(capacities(given))
    return int(worst > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
