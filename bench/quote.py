"""Quotes against what was paid: ten backfills, each with duplicates, images that are paid already, and refused ones.

The world is in memory, and each run draws another mix. A range must hold what was paid, and an exact quote must be
within 2 % of it; the canary's range is that of what it leaves. Exit 1 if one is not.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sightline.models.images import Lane
from sightline.services.backfill import backfill
from sightline.services.quotes import (
    Listing,
    Quote,
    draw_canary,
    exact_quote,
    list_due,
    narrowed,
    pay_canary,
    quote,
)
from sightline.storage.buckets.protocol import Prefix
from sightline.testing.fake import BUCKET, FakeSightline, picture, uri_of

RUNS = 10
NEAR = 0.02
PLACE = Prefix(BUCKET)


@dataclass(frozen=True, slots=True)
class Run:
    """One backfill: what was quoted, and how many calls were made. after: of what a canary has left."""

    ranged: Quote
    exact: Quote
    paid: int
    after: Quote
    paid_after: int

    @property
    def is_held(self) -> bool:
        """Return whether the range holds what was paid."""
        return _calls(self.ranged)[0] <= self.paid <= _calls(self.ranged)[1]

    @property
    def is_near(self) -> bool:
        """Return whether the exact quote is."""
        return abs(_calls(self.exact)[1] - self.paid) <= NEAR * self.paid

    @property
    def is_held_after(self) -> bool:
        """Return whether the canary's range holds what was paid after it."""
        return _calls(self.after)[0] <= self.paid_after <= _calls(self.after)[1]


def one_run(seed: int, images: int, canary: int) -> Run:
    """Quote and pay for a mix of images, drawn by the seed."""
    world = _mixed(seed, images)
    before = len(world.detector.asked)
    listing = _listed(world)
    ranged, exact = quote(listing, world.services), exact_quote(listing, world.services)
    shown = pay_canary(draw_canary(listing, canary), world.services, lambda steps: _work(world, steps))
    after, paid_for = narrowed(listing, shown, world.services), len(world.detector.asked)
    for _ in backfill(PLACE, world.services, world.send):
        world.run()
    asked = len(world.detector.asked)
    return Run(ranged, exact, asked - before, after, asked - paid_for)


def _mixed(seed: int, images: int) -> FakeSightline:
    """Fill a bucket: some share bytes, some are no pictures, some were paid for under their own or other keys."""
    draw = random.Random(seed)
    world = FakeSightline(features=("labels", "text"))
    shares, spoilt, paid = draw.uniform(0, 0.5), draw.uniform(0, 0.3), draw.uniform(0, 0.4)
    uris = [uri_of(f"{number % 60:02}", f"camera{number // 60}") for number in range(images)]
    for number, uri in enumerate(uris):
        shade = draw.randrange(max(1, number)) if draw.random() < shares else number
        world.put(uri, b"no picture %d" % shade if draw.random() < spoilt else picture(shade, form="PNG"))
    world.add(*(uri for uri in uris if draw.random() < paid), lane=Lane.LIVE)
    world.run()
    for number in range(images // 10):
        elsewhere = uri_of(f"{number % 60:02}", f"elsewhere{number // 60}")
        world.put(elsewhere, picture(draw.randrange(images), form="PNG"))
        world.add(elsewhere)
    world.run()
    return world


def _work(world: FakeSightline, steps: Iterable[object]) -> None:
    world.send(steps)  # type: ignore[arg-type]
    world.run()


def _listed(world: FakeSightline) -> Listing:
    listing = Listing()
    for listing in list_due(PLACE, world.services):  # noqa: B007 - the last one has all
        pass
    return listing


def _calls(quoted: Quote) -> tuple[float, float]:
    return sum(each.least for each in quoted.calls.values()), sum(each.most for each in quoted.calls.values())


def main() -> int:
    """Print a line for each run, and how many held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--canary", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    given = parser.parse_args()
    print(f"{'seed':>4} {'quoted':>12} {'exact':>6} {'paid':>6} {'after the canary':>17} {'paid':>6}")
    held: Counter[str] = Counter()
    for seed in range(given.seed, given.seed + RUNS):
        run = one_run(seed, given.images, given.canary)
        quoted, left = ("{:.0f}-{:.0f}".format(*_calls(each)) for each in (run.ranged, run.after))
        print(f"{seed:>4} {quoted:>12} {_calls(run.exact)[1]:>6.0f} {run.paid:>6} {left:>17} {run.paid_after:>6}")
        held.update(range=run.is_held, exact=run.is_near, canary=run.is_held_after)
    print(", ".join(f"{name}: {number} of {RUNS}" for name, number in held.items()))
    return 0 if min(held["range"], held["exact"]) == RUNS else 1


if __name__ == "__main__":
    sys.exit(main())
