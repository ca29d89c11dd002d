"""How often does a 95 % interval contain the truth? Simulated windows, our method and others in common use.

`python -m bench.accuracy [--days N] [--case TEXT]`: N windows of each case (default 1,500), with fixed seeds. For each
case and method it prints the coverage of precision, recall, F1 and missed images, with its standard error in
percentage points, and the mean width of the interval. It exits 1 if the coverage of our method is outside 93–99 % by
more than two standard errors. Where verdicts leave open what some images show (`bench.accuracy_gaps`), 100 % is fine.
"""

import argparse
import sys
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from bench.accuracy_baselines import BASELINES, Ranges, ends_of
from bench.accuracy_gaps import GAPS
from bench.accuracy_worlds import CASES, RECALL_80, Array, Case, Whole, Worlds, simulate
from sightline.stats.figures import estimate
from sightline.stats.windows import evidence_of

FIGURES = ("precision", "recall", "F1", "missed")
GOAL = (0.93, 0.99)


@dataclass(frozen=True, slots=True)
class Result:
    """One method in one case: arrays of shape (4,) in the order of FIGURES."""

    case: Case
    method: str
    coverage: Array
    error: Array
    width: Array

    @property
    def is_within_goal(self) -> bool:
        """Return whether every coverage is within two standard errors of the goal."""
        low, high = (GOAL[0], 1.0) if self.case.name in GAPS else GOAL
        return bool(np.all((self.coverage >= low - 2 * self.error) & (self.coverage <= high + 2 * self.error)))

    def row(self) -> str:
        """Return a line of the table."""
        cells = zip(self.coverage * 100, self.error * 100, self.width, strict=True)
        return f"  {self.method:<24}" + "".join(f"{c:7.1f} ±{e:4.1f} {w:9.3f}" for c, e, w in cells)


def true_figures(population: Whole, truth: Whole) -> list[float]:
    """Compute the true figures of one window; NaN if a figure is undefined."""
    found, missed, listed = int(truth[:, 0].sum()), int(truth[:, 1:].sum()), int(population[:, 0].sum())
    there = found + missed
    recall = found / there if there else float("nan")
    return [found / listed, recall, 2 * found / (listed + there), float(missed)]


def run_case(case: Case, windows: int) -> list[Result]:
    """Simulate one case and apply each method."""
    worlds = simulate(case, windows, np.random.Generator(np.random.PCG64(zlib.crc32(case.name.encode()))))
    truths = np.array([true_figures(*pair) for pair in zip(worlds.population, worlds.truth, strict=True)])
    return [_judge(case, method, truths, _answers(method, worlds)) for method in BASELINES]


def run_gap(case: Case, windows: int) -> list[Result]:
    """Simulate a world of which verdicts tell less than they seem to, and let ours answer."""
    source = np.random.Generator(np.random.PCG64(zlib.crc32(case.name.encode())))
    made = [GAPS[case.name](source) for _ in range(windows)]
    answers = [ends_of(estimate(evidence_of(cells), f"window {i}")) for i, (cells, _) in enumerate(made)]
    return [_judge(case, "ours", np.array([truth for _, truth in made]), np.array(answers))]


def run(case: Case, windows: int) -> list[Result]:
    """Simulate a case of either kind."""
    return run_gap(case, windows) if case.name in GAPS else run_case(case, windows)


def _answers(method: str, worlds: Worlds) -> Array:
    """Return the intervals of a method, shape (windows, 4, 2)."""
    windows = zip(worlds.population, worlds.decided, worlds.present, strict=True)
    answers: list[Ranges] = [BASELINES[method](*window, f"window {i}") for i, window in enumerate(windows)]
    return np.array(answers)


def _judge(case: Case, method: str, truths: Array, answers: Array) -> Result:
    """Count how often the truth is inside; a missing interval contains nothing."""
    defined = ~np.isnan(truths)
    inside = (answers[..., 0] <= truths + 1e-12) & (truths - 1e-12 <= answers[..., 1])
    coverage = np.array([inside[defined[:, i], i].mean() for i in range(len(FIGURES))])
    spread = np.maximum(coverage * (1 - coverage), GOAL[1] * (1 - GOAL[1]))  # of few windows all may be covered
    error = np.sqrt(spread / defined.sum(axis=0))
    return Result(case, method, coverage, error, np.nanmean(answers[..., 1] - answers[..., 0], axis=0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases on all cores and print the table; return 1 if our method misses the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description="Coverage of the intervals.")
    parser.add_argument("--days", type=int, default=1500, help="simulated days, or windows of days, for each case")
    parser.add_argument("--case", default="", help="only cases whose name contains this")
    options = parser.parse_args(arguments)
    gaps = [Case(name, 1, 0, RECALL_80) for name in GAPS]
    cases = [case for case in (*CASES, *gaps) if options.case in case.name]
    print(f"coverage in % ± its standard error, mean width; {options.days} windows a case")
    print(f"  {'':<24}" + "".join(f"{name:>23}" for name in FIGURES))
    with ProcessPoolExecutor() as pool:
        missed = sum(_print(results) for results in pool.map(run, cases, [options.days] * len(cases)))
    print(f"ours within {GOAL[0]:.0%}–{GOAL[1]:.0%} ± 2 standard errors: {len(cases) - missed} of {len(cases)} cases")
    return int(missed > 0)


def _print(results: Sequence[Result]) -> bool:
    """Print one case; return whether ours missed the goal."""
    print(results[0].case.name)
    for result in results:
        print(result.row(), flush=True)
    return not results[0].is_within_goal


if __name__ == "__main__":
    sys.exit(main())
