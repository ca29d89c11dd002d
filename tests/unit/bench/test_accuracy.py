"""Cases of the accuracy benchmark run in other processes, where each is a copy."""

import pickle

import pytest

from bench.accuracy import Result, run
from bench.accuracy_gaps import GAPS
from bench.accuracy_worlds import CASES, RECALL_80, Case

CASE = CASES[0]
GAP = Case(next(iter(GAPS)), 1, 0, RECALL_80)


def run_as_copy(case: Case) -> list[Result]:
    return run(pickle.loads(pickle.dumps(case)), 2)  # noqa: S301 - as its pool does


@pytest.mark.parametrize("case", [CASE, GAP], ids=lambda case: case.name)
def test_a_copied_case_is_judged_by_our_method_first(case: Case) -> None:
    ours, *_ = run_as_copy(case)
    assert case.name == ours.case.name
    assert ours.is_within_goal in {True, False}
