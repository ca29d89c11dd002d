"""Count images by state without reading more than a bounded number of index entries.

Few are counted one by one. Of many, whole shards are drawn and the others estimated from them: an image's shard is a
hash of its id, so a shard is a fair sample, and the spread between the drawn shards tells how far the estimate may be
off. That spread counts too, should some shards be worked off faster than others. If not even two shards can be read,
there is only the index's own count, which is hours old.
"""

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import variance
from typing import Protocol

from sightline.models.images import State
from sightline.storage.images.transitions import ENDED

MOST_COUNTED = 40_000
"""Entries of the unfinished that are read, about 9 MB: 1,200 read units."""

MOST_COUNTED_OF_AN_ENDED_STATE = 20_000

FEWEST_SHARDS = 2
"""One shard says nothing of how shards differ."""

NORMAL_95 = 1.96
STUDENT_95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)
"""For two drawn shards, three, and so on; for more than these the last one, which is a little too wide."""

NONE_SEEN_95 = 3
"""If none of a state was seen, this many may have been in the drawn shards' place with a chance of 5 %."""


@dataclass(frozen=True, slots=True)
class StateCounts:
    """Images by state, all but the complete ones.

    plus_minus: state → how far its count may be off, with 95 % confidence, where it is an estimate; None: nobody knows
    """

    by_state: Mapping[State, int]
    plus_minus: Mapping[State, int | None] = field(default_factory=dict)


class Countable(Protocol):
    """What is read of a store of images to count them."""

    def unfinished_states(self, shard: int) -> Iterable[State]:
        """Yield the state of each entry in one shard of the unfinished."""

    def ended(self, state: State) -> Iterable[object]:
        """Yield an entry for each image that has ended so."""

    def index_counts(self) -> tuple[int, int]:
        """Return the indexes' own counts of unfinished and of ended images, which may be hours old."""


def count_by_state(store: Countable, shards: int, most: int, most_of_an_ended_state: int) -> StateCounts:
    """Count the unfinished and the ended images; estimate those of which there are more than may be read."""
    unfinished = _count_unfinished(store, shards, most)
    ended = _count_ended(store, most_of_an_ended_state)
    return StateCounts({**unfinished.by_state, **ended.by_state}, {**unfinished.plus_minus, **ended.plus_minus})


def _count_unfinished(store: Countable, shards: int, most: int) -> StateCounts:
    counted, read, left = list[Counter[State]](), Counter[State](), most
    for shard in random.sample(range(shards), shards):
        if counted and (most - left) / len(counted) > left:
            break
        read = Counter(islice(store.unfinished_states(shard), left + 1))
        if read.total() > left:
            break
        counted.append(read)
        left -= read.total()
    if len(counted) < min(FEWEST_SHARDS, shards):
        return _by_index(read, store.index_counts()[0])
    return estimate(counted, shards)


def estimate(counted: Sequence[Counter[State]], shards: int) -> StateCounts:
    """Return the counts of all shards from those of the drawn ones."""
    total = sum(counted, Counter[State]())
    if len(counted) == shards:
        return StateCounts(_without_ended(total))
    states = {*_without_ended(total), *_STATES_OF_WORK}
    by_state = {state: round(total[state] * shards / len(counted)) for state in states}
    return StateCounts(by_state, {state: _off([each[state] for each in counted], shards) for state in states})


def _off(counts: Sequence[int], shards: int) -> int:
    """Return how far an estimate from these shards' counts may be off: by chance, or since shards differ."""
    drawn, total = len(counts), sum(counts)
    if not total:
        return math.ceil(NONE_SEEN_95 * shards / drawn)
    unseen = 1 - drawn / shards
    by_chance = NORMAL_95 * math.sqrt(total * unseen) * shards / drawn
    student = STUDENT_95[min(drawn - FEWEST_SHARDS, len(STUDENT_95) - 1)]
    by_shards = student * shards * math.sqrt(unseen * variance(counts) / drawn)
    return math.ceil(max(by_chance, by_shards))


def _by_index(seen: Counter[State], of_index: int) -> StateCounts:
    """Share the index's own count out as the entries that were read; at least those are there."""
    parts = _without_ended(seen)
    by_state = {state: max(count, of_index * count // seen.total()) for state, count in parts.items()}
    return StateCounts(by_state, dict.fromkeys(by_state))


def _without_ended(states: Mapping[State, int]) -> dict[State, int]:
    """Leave out images that have ended and are unfinished only until the graph shows it."""
    return {state: count for state, count in states.items() if state not in ENDED}


def _count_ended(store: Countable, most: int) -> StateCounts:
    counts = {state: sum(1 for _ in islice(store.ended(state), most + 1)) for state in ENDED}
    many = [state for state, count in counts.items() if count > most]
    if not many:
        return StateCounts(counts)
    others = sum(count for state, count in counts.items() if state not in many)
    share = (store.index_counts()[1] - others) // len(many)
    return StateCounts({**counts, **{state: max(counts[state], share) for state in many}}, dict.fromkeys(many))


_STATES_OF_WORK = (State.RECEIVED, State.ANALYSING, State.ANALYSED)
