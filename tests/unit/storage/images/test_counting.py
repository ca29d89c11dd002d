"""Counting by state: exact while there are few, else estimated, with a margin that holds, and a bounded cost."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from sightline.models.images import State
from sightline.storage.images.counting import Countable, StateCounts, count_by_state, estimate
from sightline.storage.images.keys import shard_of
from sightline.storage.images.transitions import ENDED
from sightline.testing.fake import uri_of

SHARDS = 32
PLENTY = 10**6
MIXED = 17 * [State.RECEIVED] + 2 * [State.ANALYSING] + [State.ANALYSED]


class Index(Countable):
    """States by shard and ended images by state; notes how many entries are read, and what the index says itself."""

    def __init__(self, shards: list[list[State]], ended: dict[State, int], says: tuple[int, int] = (0, 0)) -> None:
        self._shards, self._ended, self._says = shards, ended, says
        self.read = 0

    def unfinished_states(self, shard: int) -> Iterator[State]:
        for state in self._shards[shard]:
            self.read += 1
            yield state

    def ended(self, state: State) -> Iterator[State]:
        for _ in range(self._ended.get(state, 0)):
            self.read += 1
            yield state

    def index_counts(self) -> tuple[int, int]:
        return self._says


def by_shard(number: int) -> list[list[State]]:
    """Give many images their shards as a store does."""
    shards: list[list[State]] = [[] for _ in range(SHARDS)]
    for each in range(number):
        shards[shard_of(uri_of(f"{each:06}"), SHARDS)].append(MIXED[each % len(MIXED)])
    return shards


def share_within(shards: list[list[State]], drawn: int, tries: int = 300) -> float:
    """Give the share of draws whose margin holds the true number of received images."""
    counts = [Counter(each) for each in shards]
    true = sum(counts, Counter[State]())[State.RECEIVED]
    chance = random.Random(7)  # noqa: S311 - draws, alike in each run
    found = [estimate(chance.sample(counts, drawn), SHARDS) for _ in range(tries)]
    held = [abs(each.by_state[State.RECEIVED] - true) <= (each.plus_minus[State.RECEIVED] or 0) for each in found]
    return sum(held) / tries


def test_few_are_counted_and_those_that_only_the_graph_still_shows_are_not_unfinished():
    index = Index([[State.RECEIVED, State.GONE], [], [State.RECEIVED, State.ANALYSED]], {State.GONE: 1, State.STUCK: 2})
    expected = {State.RECEIVED: 2, State.ANALYSED: 1, **dict.fromkeys(ENDED, 0), State.GONE: 1, State.STUCK: 2}
    assert StateCounts(expected) == count_by_state(index, 3, PLENTY, PLENTY)


@pytest.mark.parametrize("drawn", [2, 3, 8, 20])
def test_the_margin_holds_the_true_number_in_19_of_20_draws(drawn):
    assert share_within(by_shard(20_000), drawn) >= 0.95


@pytest.mark.parametrize("drawn", [2, 3, 8, 20])
def test_the_margin_also_holds_where_some_shards_have_been_worked_off_further_than_others(drawn):
    shards = [each[: len(each) * (number + 1) // SHARDS] for number, each in enumerate(by_shard(20_000))]
    assert share_within(shards, drawn) >= 0.9


def test_the_margin_is_narrow_where_shards_are_alike():
    found = estimate([Counter(each) for each in by_shard(200_000)[:8]], SHARDS)
    assert found.by_state[State.RECEIVED] == pytest.approx(170_000, rel=0.03)
    assert (found.plus_minus[State.RECEIVED] or 0) < 0.03 * 170_000


def test_a_state_of_which_none_was_seen_may_still_have_some():
    found = estimate([Counter({State.RECEIVED: 10})] * 2, 4)
    assert (0, 6) == (found.by_state[State.ANALYSED], found.plus_minus[State.ANALYSED])


@pytest.mark.parametrize("number", [3_000, 20_000, 100_000])
def test_what_is_read_is_bounded_however_many_there_are(number):
    index = Index(by_shard(number), {State.GONE: number}, (number, number))
    counts = count_by_state(index, SHARDS, 5_000, 1_000)
    assert index.read <= 5_001 + 1_001
    assert counts.by_state[State.RECEIVED] == pytest.approx(number * 0.85, rel=0.1)


def test_if_not_even_two_shards_can_be_read_the_index_counts_and_nobody_knows_how_far_it_is_off():
    counts = count_by_state(Index(by_shard(8_000), {}, (9_000, 0)), SHARDS, 300, PLENTY)
    assert {None} == {counts.plus_minus[state] for state in (State.RECEIVED, State.ANALYSING, State.ANALYSED)}
    assert counts.by_state[State.RECEIVED] == pytest.approx(9_000 * 0.85, rel=0.1)


def test_an_index_that_is_behind_is_not_believed_against_what_was_read():
    counts = count_by_state(Index([[State.RECEIVED] * 50], {State.GONE: 70}, (2, 0)), 1, 10, 10)
    assert (11, 11) == (counts.by_state[State.RECEIVED], counts.by_state[State.GONE])
    assert {State.RECEIVED: None, State.GONE: None} == counts.plus_minus


def test_of_ended_states_the_one_with_too_many_is_what_the_index_has_beside_the_others():
    counts = count_by_state(Index([[]], {State.GONE: 70, State.STUCK: 3}, (0, 71)), 1, 10, 10)
    assert (68, 3, {State.GONE: None}) == (
        counts.by_state[State.GONE],
        counts.by_state[State.STUCK],
        counts.plus_minus,
    )
