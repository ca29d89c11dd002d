"""`python -m bench.need`: what does paying by need save, what does it miss, and does its interval hold the truth?

Every frame is analysed in full by the local Rekognition's detectors, so what the rules miss is known. Then, for each of
many salts, a control slice of whole bursts is drawn, and what the other bursts miss is estimated from it. Beside each
interval stands that of a simple random sample of as many unpaid images.

The goals, for each feature of each set of frames: the interval contains the true number for at least 18 of 20 salts,
and its median width is at most 1.5 times that of the simple random sample.

The frames were not taken in bursts: they are seven minutes apart. So a burst is as long here as three of them
take, and five minutes for a folder; `--seconds` sets both. `--worlds 100` simulates months instead, each kind so often.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from bench.accuracy_pixels_environment import FRAMES, NEWEST_AT
from bench.need_frames import PRICES, Shot, shots_of
from bench.need_worlds import hold
from dev.demo.uploads import demo_uploads
from dev.frames.making import make_frames
from dev.frames.package import examples
from sightline.models.answers import Finding
from sightline.services.need import Ask, Near, Need, is_missed
from sightline.stats.bursts import Burst, choose, is_control
from sightline.stats.figures import Figure, Interval
from sightline.stats.missed import Compared, estimate_missed
from sightline.stats.posterior import generator

GOAL = 0.9
"""Of the salts: 18 of 20."""
WIDEST = 1.5
PERSON = 50.0
"""In percent: from here on a person asks for faces, and is missed if nobody shows it."""
LEAST: Mapping[str, Mapping[str, float] | None] = {"labels": {"Person": PERSON}, "faces": None, "text": None}
"""What is missed of each feature."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one shot under the rules. missed: feature → whether something is; of unpaid features only."""

    burst: Burst
    missed: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Trial:
    """One salt. compared: images of the slice that would not be paid for; truth: what the others miss."""

    salt: str
    compared: int
    estimate: Figure
    truth: int
    even: Figure

    @property
    def is_inside(self) -> bool:
        """Return whether the interval contains the truth."""
        low, high = _ends(self.estimate)
        return low <= self.truth <= high

    def line(self) -> str:
        """Return it as a line of the table."""
        inside = "yes" if self.is_inside else "NO"
        return (
            f"{self.salt:>8} {self.compared:>9} {_words(self.estimate)} {self.truth:>7} {inside:>7} {_words(self.even)}"
        )


def _ends(figure: Figure) -> tuple[float, float]:
    """Return the interval's ends; without an estimate, what is certain: none of the unpaid images, or all."""
    return (figure.low, figure.high) if isinstance(figure, Interval) else (0, figure.at_most or 0)


def _width(figure: Figure) -> float:
    low, high = _ends(figure)
    return high - low


def _words(figure: Figure) -> str:
    low, high = _ends(figure)
    middle = f"{figure.median:.0f}" if isinstance(figure, Interval) else "-"
    return f"{middle:>6} {f'({low:.0f} to {high:.0f})':>15}"


def outcomes(shots: Sequence[Shot], need: Need) -> list[Outcome]:
    """Apply the rules to shots in the order in which they come."""
    bursts: defaultdict[Burst, list[Shot]] = defaultdict(list)
    for shot in shots:
        bursts[need.burst(shot.capture)].append(shot)
    return [each for burst, frames in bursts.items() for each in _outcomes(burst, frames, need)]


def _outcomes(burst: Burst, frames: Sequence[Shot], need: Need) -> list[Outcome]:
    known = {shot.image_id: shot for shot in frames}
    bits = need.near.bits if need.near else -1
    likes = choose(((shot.image_id, shot.fingerprint) for shot in frames), bits)
    pairs = ((known[image_id], known[like.image_id] if like else None) for image_id, like in likes)
    return [Outcome(burst, _missed(shot, like, need)) for shot, like in pairs]


def _missed(shot: Shot, like: Shot | None, need: Need) -> dict[str, bool]:
    shown = _paid(like or shot, need)
    unpaid = [name for name in shot.findings if like is not None or name not in shown]
    return {name: is_missed(shot.findings[name], shown.get(name, ()), LEAST[name]) for name in unpaid}


def _paid(shot: Shot, need: Need) -> dict[str, Finding]:
    """Return the answers of a shot that are paid for if no other stands for it."""
    names = need.after_labels(list(shot.findings), shot.capture, shot.findings["labels"], None)
    return {name: shot.findings[name] for name in names}


def trial(feature: str, found: Sequence[Outcome], need: Need, salt: str) -> Trial:
    """Draw one control slice, and estimate."""
    counts: defaultdict[Burst, list[bool]] = defaultdict(list)
    for each in found:
        counts[each.burst] += [each.missed[feature]] if feature in each.missed else []
    chosen = {burst for burst in counts if is_control(burst, salt, need.control_percent)}
    control = [Compared(len(counts[burst]), sum(counts[burst])) for burst in sorted(chosen)]
    others = [counts[burst] for burst in sorted(counts) if burst not in chosen]
    compared = sum(each.unpaid for each in control)
    estimate = estimate_missed(control, map(len, others), feature, salt)
    even = _even([each for burst in sorted(counts) for each in counts[burst]], compared, feature, salt)
    return Trial(salt, compared, estimate, sum(map(sum, others)), even)


def _even(unpaid: Sequence[bool], size: int, *names: str) -> Figure:
    """Estimate from a simple random sample of so many unpaid images, each a burst of its own."""
    order = generator("simple random sample", *names).permutation(np.array(unpaid, dtype=int))
    return estimate_missed([Compared(1, int(each)) for each in order[:size]], [1] * (len(order) - size), *names)


def judge(feature: str, trials: Sequence[Trial]) -> bool:
    """Print the totals of a feature; return whether the goals are met."""
    inside = sum(each.is_inside for each in trials)
    width, even = median(_width(each.estimate) for each in trials), median(_width(each.even) for each in trials)
    print(f"{feature}: {inside} of {len(trials)} intervals contain the truth; the goal is {GOAL:.0%}")
    print(f"{feature}: median width {width:g}, of a simple random sample {even:g}; the goal is {WIDEST:g} times")
    return inside >= GOAL * len(trials) and width <= WIDEST * even


def run(name: str, shots: Sequence[Shot], need: Need, salts: int) -> bool:
    """Print what is saved, and a table for each feature; return whether the goals are met."""
    found = outcomes(shots, need)
    bursts = len({each.burst for each in found})
    print(f"\n{name}: {len(shots)} frames in {bursts} bursts; {_saved(shots, found)}")
    met = []
    for feature in LEAST:
        total = [each.missed[feature] for each in found if feature in each.missed]
        print(f"\n{feature}: {len(total)} of {len(shots)} not paid for without a slice; {sum(total)} of them missed")
        if not total:
            continue
        print(f"{'salt':>8} {'compared':>9} {'estimate':>22} {'truth':>7} {'inside':>7} {'simple random sample':>22}")
        trials = [trial(feature, found, need, f"salt-{number}") for number in range(1, salts + 1)]
        print("\n".join(each.line() for each in trials))
        met.append(judge(feature, trials))
    return all(met)


def _saved(shots: Sequence[Shot], found: Sequence[Outcome]) -> str:
    saved = sum(PRICES[feature] for each in found for feature in each.missed)
    whole = len(shots) * sum(PRICES.values())
    return f"{saved / whole:.0%} of {whole / 1e6:.3f} USD saved, less the control slice"


def _simulate(runs: int) -> int:
    print(f"{'what is missed':<28} {'bursts':>6} {'inside':>8} {'width':>8}")
    inside = []
    for held in hold(runs):
        print(held.line(), flush=True)
        inside.append(held.inside)
    return int(min(inside) < GOAL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Analyse once, draw many slices, print the tables; return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.need", description="What paying by need saves and misses.")
    parser.add_argument("--images", type=Path, help="a folder with a truth.csv, besides the demo frames")
    parser.add_argument("--salts", type=int, default=20, help="how many control slices (default 20)")
    parser.add_argument("--seconds", type=int, help="length of a burst (default 300 for a folder, 1260 for the demo)")
    parser.add_argument("--bits", type=int, default=12, help="bits in which near frames may differ (default 12)")
    parser.add_argument("--control-percent", type=float, default=30.0, help="of all bursts (default 30)")
    parser.add_argument("--worlds", type=int, metavar="RUNS", help="instead, simulate months, each kind so many times")
    chosen = parser.parse_args(arguments)
    if chosen.worlds:
        return _simulate(chosen.worlds)
    sets = {"folder": (shots_of(demo_uploads(chosen.images)), 300)} if chosen.images else {}
    with tempfile.TemporaryDirectory(prefix="bench-need-") as folder:
        make_frames(Path(folder), NEWEST_AT, FRAMES, examples(Path(".cache")))
        sets["demo frames"] = shots_of(demo_uploads(Path(folder))), 1260
    met = []
    for name, (shots, seconds) in sets.items():
        near = Near(seconds=chosen.seconds or seconds, bits=chosen.bits)
        asks = {feature: Ask(labels={"Person": PERSON}) for feature in ("faces", "text")}
        need = Need(asks=asks, near=near, control_percent=chosen.control_percent)
        met.append(run(name, shots, need, chosen.salts))
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
