"""What a canary tells of what it leaves."""

from math import ceil, floor
from random import Random

import pytest

from sightline.services.quotes import share_between

DRAWS = 2_000


@pytest.mark.parametrize(("contents", "canary"), [(472, 100), (120, 100), (5_000, 100), (60, 20)])
def test_the_range_of_what_is_left_holds_it_99_times_of_100(contents, canary):
    chance = Random(contents)  # noqa: S311 - a draw that can be repeated
    held = [is_held(chance, contents, canary) for _ in range(DRAWS)]
    assert sum(held) >= 0.985 * DRAWS


def is_held(chance: Random, contents: int, canary: int) -> bool:
    """Draw a canary of contents of which any share is paid for; say whether the range holds what is paid after it."""
    paid = chance.randint(contents // 20, contents - contents // 20)
    found = sum(number < paid for number in chance.sample(range(contents), canary))
    left = contents - canary
    low, high = share_between(found, canary, left)
    return floor(left * low) <= paid - found <= ceil(left * high)


def test_where_nothing_was_drawn_or_nothing_is_left_nothing_is_told():
    assert [(0.0, 1.0), (0.0, 1.0)] == [share_between(0, 0, 9), share_between(3, 9, 0)]
