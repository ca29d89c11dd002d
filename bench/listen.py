"""Does each image come once of events that come twice, shuffled and in batches, while the listener is killed?

`python -m bench.listen [--images N] [--overwritten N] [--poison N] [--kills N] [--seed N]`. Exit status: 0 if every
image was begun once, overwritten ones once more, and each poisonous message left one dead letter; 1 if not.
"""

import argparse
import random
import sys
import time

from bench.listen_run import Size, World, expected, run
from dev.stack import Options, Stack
from dev.stack.watched import temporary_folder
from sightline.logs import configure_logs

SERVERS = ("redis", "dynamodb", "sqs")


def main() -> None:
    """Run it, print what came of it, and exit with the verdict."""
    parser = argparse.ArgumentParser("python -m bench.listen", description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--overwritten", type=int, default=50)
    parser.add_argument("--poison", type=int, default=20)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    chosen = parser.parse_args()
    configure_logs("WARNING", as_json=False)
    print(f"seed {chosen.seed}", flush=True)
    size = Size(chosen.images, chosen.overwritten, chosen.poison, chosen.kills)
    options = Options(dynamodb_in_memory=True)
    with (
        temporary_folder("sightline-listen-") as folder,
        Stack(folder / "stack", SERVERS, options) as stack,
    ):
        world = World(stack.env, folder)
        world.set_up()
        outcome = run(world, size, random.Random(chosen.seed))
        world.clear()
    print(f"{'kills':<24} {size.kills:>9,}")
    lines = expected(size, outcome)
    for name, (wanted, found) in lines.items():
        print(f"{name:<24} {found:>9,}{'' if wanted == found else f'   should be {wanted:,}'}")
    print(f"{'messages':<24} {outcome.messages:>9,}")
    print(f"{'steps sent':<24} {outcome.sent:>9,}   copies that came before an image was read ask again")
    print(f"{'seconds':<24} {outcome.seconds:>9.1f}   with the listener's starts after its kills")
    each = 1000 * outcome.listener_cpu_seconds / size.images
    print(f"{'CPU ms for an image':<24} {each:>9.2f}   of listeners, their starts included")
    sys.exit(any(wanted != found for wanted, found in lines.values()))


if __name__ == "__main__":
    main()
