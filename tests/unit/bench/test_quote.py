"""Quotes against what was paid, in a small copy of `bench/quote.py`."""

import pytest

from bench.quote import RUNS, one_run


@pytest.mark.parametrize("seed", range(RUNS))
def test_what_was_paid_is_in_the_quote_and_the_exact_quote_is_within_two_percent(seed):
    run = one_run(seed, images=60, canary=20)
    assert (True, True, True) == (run.is_held, run.is_near, run.is_held_after)
