"""How long does a live image take while a backfill fills the queues?

`python -m bench.lanes [--images N] [--live N]`. A backfill of 1,000 images under a quota of 20 calls a second for each
operation, while 20 live images arrive, one a second; then the same with all images in one lane. A live image's time
runs from its `add` until it is complete in the graph. A warm-up comes first: a Neo4j that has just started needs
seconds for each of its first transactions. Exits 1 if p95 with lanes is above 10 s.
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from bench.soak_environment import FEATURES, Environment, Images, options
from dev.stack import Stack
from dev.stack.waiting import wait_until
from dev.stack.watched import temporary_folder
from sightline.models.images import Lane, State
from sightline.queues.names import QUEUE_NAMES
from sightline.rekognition.features import feature_named
from sightline.services.graph_merge import graph_image
from sightline.services.ingest import add_images
from sightline.storage.buckets.protocol import ObjectUri

QUOTA = 20.0
GOAL_SECONDS = 10.0
WORKERS = {"ingest": 1, "labels": 2, "faces": 2, "rows": 1, "graph": 1}
POLL_SECONDS = 0.2
LEAD_SECONDS = 3.0
WARM_UP_IMAGES = 60
WARM_UP_MERGES = 60


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds that each live image took."""

    seconds: Sequence[float]

    @property
    def p50(self) -> float:
        """Return the median."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """Return the time that nineteen of twenty do not exceed."""
        return statistics.quantiles(self.seconds, n=20, method="inclusive")[-1]


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser("python -m bench.lanes", description=__doc__)
    parser.add_argument("--images", type=int, default=1000, help="of each backfill")
    parser.add_argument("--live", type=int, default=20)
    chosen = parser.parse_args()
    each = chosen.images + chosen.live
    images = Images(2 * each + WARM_UP_IMAGES)
    quotas = json.dumps({feature_named(name).operation: QUOTA for name in FEATURES})
    with temporary_folder("sightline-lanes-") as folder:
        made = options(folder, images, "--quotas", quotas, SIGHTLINE_SWEEP="", SIGHTLINE_QUOTAS=quotas)
        with Stack(folder / "stack", options=made) as stack:
            stack.set_up()
            stack.start_workers(WORKERS)
            environment = Environment(stack)
            numbers = range(images.count)
            warm_up(environment, images, numbers[2 * each :])
            with_lanes = measure(environment, images, numbers[:each], chosen.live, Lane.LIVE)
            without = measure(environment, images, numbers[each : 2 * each], chosen.live, Lane.BACKFILL)
            environment.close()
    for words, times in (("with lanes", with_lanes), ("without lanes", without)):
        print(f"{words:14} p50 {times.p50:6.1f} s   p95 {times.p95:6.1f} s   ({len(times.seconds)} live images)")
    sys.exit(0 if with_lanes.p95 <= GOAL_SECONDS else 1)


def measure(environment: Environment, images: Images, numbers: Sequence[int], live: int, lane: Lane) -> Times:
    """Backfill all but the last images; add those in `lane`, one a second; wait until all are complete."""
    uris = _put_all(environment, images, numbers)
    add_images(uris[:-live], Lane.BACKFILL, environment.services)
    time.sleep(LEAD_SECONDS)
    begun: dict[str, float] = {}
    took: dict[str, float] = {}
    for uri in uris[-live:]:
        begun[uri] = time.monotonic()
        add_images([uri], lane, environment.services)
        while time.monotonic() < begun[uri] + 1:
            _note(environment, begun, took)
            time.sleep(POLL_SECONDS)
    queues = environment.services.queues
    wait_until(
        lambda: _note(environment, begun, took),
        lambda: repr(queues.read(QUEUE_NAMES)),
        every=POLL_SECONDS,
        longest=math.inf,
    )
    _wait_for_all(environment, uris)
    return Times([took[uri] for uri in begun])


def warm_up(environment: Environment, images: Images, numbers: Sequence[int]) -> None:
    """Process images in both lanes; then merge them again and again, until Neo4j has compiled its hot paths."""
    uris = _put_all(environment, images, numbers)
    for lane, part in zip(Lane, (uris[::2], uris[1::2]), strict=True):
        add_images(part, lane, environment.services)
    _wait_for_all(environment, uris)
    rows = environment.services.images.get_many(uris).values()
    for more in range(1, WARM_UP_MERGES + 1):
        environment.services.graph.merge([replace(graph_image(row), version=row.version + more) for row in rows])


def _put_all(environment: Environment, images: Images, numbers: Sequence[int]) -> list[str]:
    """Upload images; return their ids."""
    put = environment.services.buckets.put
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: put(ObjectUri.parse(images.uri(n)), images.first(n)), numbers))
    return [images.uri(number) for number in numbers]


def _note(environment: Environment, begun: dict[str, float], took: dict[str, float]) -> bool:
    """Note which live images are complete by now; return whether all are."""
    rows = environment.services.images.get_many(set(begun) - set(took))
    for uri, row in rows.items():
        if row.state is State.COMPLETE:
            took[uri] = time.monotonic() - begun[uri]
    return len(took) == len(begun)


def _wait_for_all(environment: Environment, uris: Sequence[str]) -> None:
    def states() -> list[State]:
        return [row.state for row in environment.services.images.get_many(uris).values()]

    if not wait_until(
        lambda: set(states()) == {State.COMPLETE}, lambda: tuple(states()), every=5 * POLL_SECONDS, longest=math.inf
    ):
        raise SystemExit("nothing moves any more, and some images are not complete; see the logs of the workers")


if __name__ == "__main__":
    main()
