"""How far the sync has come, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sightline.errors import Unavailable


class StaleFence(Unavailable):
    """Another has taken over the sync."""

    rule = "only the holder of the sync's lease may move its position, and another has taken over"
    remedy = "Nothing is to be done: the other goes on"


@dataclass(frozen=True, slots=True)
class FullLoad:
    """A load of every row that is under way.

    feed_from: the position in the feed to go on from once it has ended
    after: the last image loaded, in the order of the scan; None where none is
    """

    feed_from: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far the sync has come.

    positions: shard of the feed → position; empty until a full load has ended
    is_published: whether a copy of the positions was put where people can see it
    """

    positions: Mapping[int, str] = field(default_factory=dict)
    load: FullLoad | None = None
    is_published: bool = False


@dataclass(frozen=True, slots=True)
class SyncMove:
    """A new state, by the holder of the lease with this fence."""

    fence: int
    state: SyncState
