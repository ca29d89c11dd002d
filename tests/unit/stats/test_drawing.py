"""What is drawn once, or not at all, is what would have been drawn one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sightline.stats.drawing import Drawing, Part
from sightline.stats.posterior import DRAWS, PRIORS, Counts, Evidence, draw_present, generator
from tests.examples import examples

NAMES = ("yard", "Person", "7")


def one_by_one(parts: list[Part]) -> list[Counts]:
    source = generator(*NAMES)
    return [draw_present(evidence, source, prior) for evidence, prior in parts]


def census(present: int) -> Evidence:
    return Evidence(2 * present, present, unseen=0, rate=0.0, effective=0.0)


def sample(present: int, unseen: int) -> Evidence:
    return Evidence(100 + unseen, present, unseen, rate=present / 100, effective=100)


parts = st.tuples(
    st.one_of(st.builds(census, st.integers(0, 3)), st.builds(sample, st.integers(0, 3), st.sampled_from([1, 90]))),
    st.sampled_from(PRIORS),
)


@given(st.lists(st.lists(parts, max_size=3), min_size=1, max_size=6))
@examples(40)
def test_each_world_is_drawn_as_if_it_were_alone(worlds):
    drawing = Drawing(*NAMES)
    for world in worlds:
        for expected, actual in zip(one_by_one(world), drawing.present(world), strict=True):
            np.testing.assert_array_equal(expected, actual)


def test_a_total_is_the_sum_of_its_parts():
    world = [(sample(3, 90), PRIORS[0]), (census(2), PRIORS[0]), (sample(1, 5), PRIORS[2])]
    np.testing.assert_array_equal(sum(one_by_one(world)), Drawing(*NAMES).total(world))


def test_a_total_of_nothing_is_nothing():
    np.testing.assert_array_equal(np.zeros(DRAWS, dtype=np.int64), Drawing(*NAMES).total([]))
