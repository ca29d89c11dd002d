"""No interleaving of payments, kills, lost answers, an emptied Redis and midnights exceeds a cap, or leaks money.

Sixty runs; `INTERLEAVINGS=5000 pytest tests/unit/services/test_money_interleavings.py` makes 5,000. A run that
fails names its seed: `Play(seed, has_faults=…).run()` repeats it.
"""

import os
from collections.abc import Iterator

import pytest
import structlog

from tests.unit.services.money_play import Play

RUNS = int(os.environ.get("INTERLEAVINGS", "60"))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def play(seed: int, *, has_faults: bool = True) -> Play:
    made = Play(seed, has_faults=has_faults)
    try:
        made.run()
    except Exception as error:
        raise AssertionError(f"seed {seed}: {error!r}") from error
    return made


def test_no_interleaving_exceeds_a_cap_and_all_of_it_can_be_used():
    plays = [play(seed) for seed in range(RUNS)]
    assert sum(each.kills for each in plays) > RUNS  # it does what it says
    assert sum(each.emptied for each in plays) > RUNS
    assert sum(each.billed.total() for each in plays) > 20 * RUNS


def test_where_nothing_can_be_lost_every_cent_is_billed_or_there_and_none_is_given_back_twice():
    plays = [play(seed, has_faults=False) for seed in range(RUNS)]
    assert (0, 0) == (sum(each.kills for each in plays), sum(each.emptied for each in plays))
    assert sum(each.given_back for each in plays) > RUNS
    assert sum(each.billed.total() for each in plays) > 20 * RUNS
