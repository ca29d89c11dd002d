"""What came of a walk that moves days into their shards."""

from typing import NamedTuple


class MovedDays(NamedTuple):
    """What a run came to. moved: rows that got the new keys; is_over: whether the old index is read no more."""

    moved: int
    is_over: bool
