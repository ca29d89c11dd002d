"""The benchmark of the budget in small: a cap holds while processes are killed and Redis is emptied."""

import random

import pytest

from bench.budget_run import REKOGNITION, SERVERS, Size, World
from dev.stack import Options, Stack

SMALL = Size("0.4 USD/day", 120.0, processes=4, threads=4, live=1, kills=2, emptied=2, quiet_seconds=3.0)
CAP = 400_000
BLOCK = CAP // 200


@pytest.mark.timeout(900)
def test_no_more_is_paid_than_a_cap_and_what_is_missing_died_with_its_holders(tmp_path):
    options = Options(dynamodb_in_memory=True, rekognition=REKOGNITION)
    with Stack(tmp_path / "stack", SERVERS, options) as stack:
        outcome = World(stack, tmp_path, SMALL).run(random.Random(17))  # noqa: S311 - its sequence is what is wanted
    assert CAP == outcome.taken
    assert outcome.logged <= outcome.taken <= outcome.logged + outcome.unknown + outcome.died
    of_each_fault = SMALL.threads * outcome.price + 2 * BLOCK  # calls in flight, and a block for each lane
    assert outcome.logged >= CAP - (SMALL.kills + SMALL.emptied) * of_each_fault - 2 * BLOCK
    assert min(outcome.answers.values()) > 0
