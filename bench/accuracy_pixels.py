"""`python -m bench.accuracy_pixels`: does the interval of recall contain the truth, from pixels to figures?

Frames go through the whole stack once: the local Rekognition analyses their pixels. Then, for each of many salts, the
review queue draws a sample, the truth of the frames answers, and the rollup computes the figures. In the end all frames
are reviewed: then the interval has width 0, at the true value.

The goal: the interval contains the true recall for at least 17 of 20 salts, and the census is exact.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy_pixels_environment import Environment, analysed
from dev.demo.verdicts import LABEL, review_sample, true_recall
from dev.stack.watched import temporary_folder
from sightline.services.rollups.report import read_report
from sightline.services.rollups.run import roll_up_now
from sightline.stats.figures import Figure, Interval
from sightline.stats.windows import LONGEST_WINDOW_DAYS

GOAL = 17 / 20
REVIEWS = 24
THRESHOLDS = (50.0, 99.0)
"""In percent: the default, and one so high that the detector misses many people."""
TOLERANCE = 1e-9
"""For quotients of counts that are computed in two ways."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The recall that one salt's sample estimates (a share), and the true one."""

    salt: str
    reviewed: int
    recall: Figure
    truth: float

    @property
    def is_inside(self) -> bool:
        """Return whether the interval contains the truth; a missing one does not."""
        recall = self.recall
        return isinstance(recall, Interval) and recall.low - TOLERANCE <= self.truth <= recall.high + TOLERANCE

    @property
    def is_exact(self) -> bool:
        """Return whether the interval is exactly the truth."""
        return self.is_inside and isinstance(self.recall, Interval) and self.recall.width <= TOLERANCE

    def line(self) -> str:
        """Return it as a line of the table."""
        words = "                not estimable"
        if isinstance(self.recall, Interval):
            low, median, high = (100 * end for end in (self.recall.low, self.recall.median, self.recall.high))
            words = f"{median:8.1f} % {low:7.1f} to {high:5.1f} %"
        inside = "yes" if self.is_inside else "NO"
        return f"{self.salt:>8} {self.reviewed:>9} {words} {100 * self.truth:7.1f} % {inside:>7}"


@dataclass(frozen=True, slots=True)
class Trial:
    """The frames at one threshold. reviews: how many are reviewed for each salt."""

    environment: Environment
    threshold_percent: float
    reviews: int

    def run(self, salts: int) -> bool:
        """Draw the samples, then the census; print a line for each; return whether the goal is met."""
        print(f"\nPositive from {self.threshold_percent:g} %, {self.reviews} frames reviewed")
        print(f"{'salt':>8} {'reviewed':>9} {'estimate':>10} {'interval':>18} {'truth':>9} {'inside':>7}")
        samplings = [self.sample(f"salt-{n}", self.reviews) for n in range(1, salts + 1)]
        return judge(samplings, self.sample("census", len(self.environment.rows)))

    def sample(self, salt: str, reviews: int) -> Sampling:
        """Review so many frames in a salt's order, compute the figures, and print them."""
        environment = self.environment
        services = environment.services_of(salt, self.threshold_percent)
        reviewed = review_sample(environment.days, environment.truth, services, reviews)
        roll_up_now(services, environment.days)
        window = read_report(services.rollups, services.accuracy, LABEL, None, LONGEST_WINDOW_DAYS).main.window
        found, present = true_recall(environment.rows, environment.truth, self.threshold_percent)
        sampling = Sampling(salt, reviewed, window.figures.recall, found / present)
        print(sampling.line(), flush=True)
        return sampling


def judge(samplings: Sequence[Sampling], census: Sampling) -> bool:
    """Print the totals; return whether the goal is met."""
    inside = sum(each.is_inside for each in samplings)
    print(f"{inside} of {len(samplings)} intervals contain the true recall; the goal is {GOAL:.0%}")
    print(f"all {census.reviewed} frames reviewed: {'exact' if census.is_exact else 'NOT EXACT'}")
    return inside >= GOAL * len(samplings) and census.is_exact


def main(arguments: Sequence[str] | None = None) -> int:
    """Analyse once, sample many times, print the tables; return 1 if the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy_pixels", description="Recall against the truth.")
    parser.add_argument("--images", type=Path, help="a folder with a truth.csv, instead of the demo frames")
    parser.add_argument("--salts", type=int, default=20, help="how many samples (default 20)")
    parser.add_argument("--reviews", type=int, default=REVIEWS, help=f"frames reviewed in each (default {REVIEWS})")
    parser.add_argument("--thresholds", type=float, nargs="+", default=THRESHOLDS, help="in percent")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped in this case too
    with temporary_folder("bench-accuracy-") as folder, analysed(folder, chosen.images) as environment:
        print(f"{len(environment.rows)} frames, {sum(map(bool, environment.truth.values()))} of them show a person")
        met = [Trial(environment, threshold, chosen.reviews).run(chosen.salts) for threshold in chosen.thresholds]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
