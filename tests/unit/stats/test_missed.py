"""The estimate of what paying by need misses."""

import numpy as np
import pytest

from sightline.stats.figures import Interval, NotEstimable
from sightline.stats.missed import Compared, estimate_missed


def test_without_unpaid_images_nothing_is_missed():
    assert estimate_missed([], [0, 0]) == Interval(0, 0, 0)


def test_without_a_control_burst_nothing_is_said_but_that_all_unpaid_images_may_be_missed():
    figure = estimate_missed([Compared(0, 0)], [2, 3])
    assert isinstance(figure, NotEstimable)
    assert figure.at_most == 5


def test_the_same_names_give_the_same_figures():
    control, others = [Compared(3, 1), Compared(2, 0)], [2, 3, 4]
    assert estimate_missed(control, others, "a") == estimate_missed(control, others, "a")


def test_an_interval_stays_within_what_is_possible():
    few = estimate_missed([Compared(1, 1)], [2, 3])
    assert isinstance(few, Interval)
    assert 0 <= few.low <= few.median <= few.high <= 5


def test_a_slice_without_a_miss_does_not_prove_that_nothing_is_missed():
    figure = estimate_missed([Compared(1, 0)] * 20, [1] * 200)
    assert isinstance(figure, Interval)
    assert figure.low == 0
    assert 10 <= figure.high <= 45  # the rule of three: 30 of 200


def test_many_control_bursts_find_the_share():
    figure = estimate_missed([Compared(1, int(number % 10 == 0)) for number in range(1000)], [1] * 1000)
    assert isinstance(figure, Interval)
    assert 70 <= figure.low <= 90
    assert 110 <= figure.high <= 130


def test_misses_that_come_by_the_burst_say_less_than_as_many_that_do_not():
    together = estimate_missed([Compared(5, 5)] * 4 + [Compared(5, 0)] * 16, [5] * 80)
    apart = estimate_missed([Compared(5, 1)] * 20, [5] * 80)
    assert isinstance(together, Interval)
    assert isinstance(apart, Interval)
    assert together.width > 1.5 * apart.width


def test_more_misses_than_unpaid_images_are_refused():
    with pytest.raises(ValueError, match="at most all unpaid images"):
        Compared(1, 2)


def test_large_bursts_that_miss_more_are_estimated_apart():
    control = [Compared(1, 0)] * 30 + [Compared(8, 4)] * 10
    figure = estimate_missed(control, [1] * 400 + [8] * 50)
    assert isinstance(figure, Interval)
    assert figure.low <= 200 <= figure.high
    assert figure.high <= 300


def test_the_interval_holds_the_truth_for_most_slices():
    source = np.random.default_rng(17)
    sizes = source.geometric(0.3, 150)
    missed = source.binomial(sizes, source.beta(0.3, 3, 150))
    inside = 0
    for salt in range(20):
        is_control = source.random(150) < 0.15
        control = [Compared(int(x), int(y)) for x, y in zip(sizes[is_control], missed[is_control], strict=True)]
        figure = estimate_missed(control, map(int, sizes[~is_control]), str(salt))
        assert isinstance(figure, Interval)
        inside += figure.low <= missed[~is_control].sum() <= figure.high
    assert inside >= 18
