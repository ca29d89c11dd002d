"""Does it matter if every message arrives twice, and in any order?

`python -m bench.soak_twice [--images N] [--seed N]`. Stage by stage: while nobody consumes a queue, each message in it
is added a second time and all are shuffled; then two workers consume that queue. In the end the endpoint must have
answered as many calls as there are analyses, and rows and graph must equal those of a clean run. Exit status as that
of `bench.soak`.
"""

import argparse
import random
import sys
from collections.abc import Sequence

from bench.soak import compare, wait_for_all
from bench.soak_end import paid_calls, read_end, settled_analyses
from bench.soak_environment import FEATURES, Environment, Images, add_seed, add_versioned, options
from bench.soak_report import Line, Report, print_report
from dev.stack import Stack
from dev.stack.waiting import wait_until
from dev.stack.watched import temporary_folder
from sightline.models.images import Lane
from sightline.services.ingest import add_images
from sightline.storage.buckets.protocol import ObjectUri

STAGES: tuple[tuple[str, ...], ...] = (("ingest",), FEATURES, ("rows",), ("graph",))
POLL_SECONDS = 0.5


def main() -> None:
    """Run it, print how it ended, and exit with the verdict."""
    parser = argparse.ArgumentParser("python -m bench.soak_twice", description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    add_seed(parser)
    add_versioned(parser)
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    images = Images(chosen.images)
    with (
        temporary_folder("sightline-twice-") as folder,
        Stack(
            folder / "stack", options=options(folder, images, is_versioned=chosen.versioned, SIGHTLINE_SWEEP="")
        ) as stack,
    ):
        report = twice(stack, images, random.Random(chosen.seed))
    print_report(report)
    sys.exit(report.verdict)


def twice(stack: Stack, images: Images, chance: random.Random) -> Report:
    """Process the images stage by stage, each message twice; then compare with a clean run."""
    stack.set_up()
    environment = Environment(stack)
    for number in range(images.count):
        environment.services.buckets.put(ObjectUri.parse(images.uri(number)), images.first(number))
    add_images(images.uris, Lane.LIVE, environment.services)
    delivered = sum(_stage(environment, queues, chance) for queues in STAGES)
    wait_for_all(environment, images)
    paid, settled = paid_calls(environment), settled_analyses(environment)
    lines = (
        Line("messages delivered", delivered),
        Line("calls", paid.total()),
        Line("analyses", settled.total()),
        Line("analyses that are missing", images.count * len(FEATURES) - settled.total(), 0),
        Line("calls − analyses", (paid - settled).total(), 0),
    )
    end = read_end(environment, images.uris)
    environment.close()
    return compare(Report(lines), end, stack, images)


def _stage(environment: Environment, queues: Sequence[str], chance: random.Random) -> int:
    """Double and shuffle the messages of these queues, and have them consumed; return their number."""
    delivered = sum(_double(environment, queue, chance) for queue in queues)
    print(f"{' and '.join(queues)}: {delivered} messages", flush=True)
    environment.stack.start_workers(dict.fromkeys(queues, 2))
    wait_until(lambda: not _waiting(environment, queues), lambda: _waiting(environment, queues), every=POLL_SECONDS)
    environment.stack.start_workers(dict.fromkeys(queues, 0))
    return delivered


def _double(environment: Environment, queue: str, chance: random.Random) -> int:
    key = environment.settings.key_prefix + queue
    messages = 2 * environment.redis.lrange(key, 0, -1)
    chance.shuffle(messages)
    environment.redis.delete(key)
    if messages:
        environment.redis.rpush(key, *messages)
    return len(messages)


def _waiting(environment: Environment, queues: Sequence[str]) -> int:
    read = environment.services.queues.read(queues)
    return sum(each.messages for each in read.waiting.values()) + read.unacknowledged


if __name__ == "__main__":
    main()
