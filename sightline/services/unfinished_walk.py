"""Walk over the unfinished, soonest first over all shards, piece by piece, from where the last walk was cut.

The places are kept before a piece is worked on, not after it: if a piece brings its process down, the next walk begins
behind it. Nothing is lost by that: what was not dealt with is still due when the walk comes round.

All shards are walked side by side, so that each is worked off as fast as the others: what waits longest goes first,
and `counting.py` may estimate all of them from a few.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice, takewhile
from typing import Any

from sightline.models.answers import Json
from sightline.models.images import Unfinished, UnfinishedPlace
from sightline.storage.checkpoints import Checkpoints
from sightline.storage.images.protocol import ImageStore

KEPT = timedelta(days=7)

InShard = tuple[int, Unfinished]


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk has come.

    began_at: when its first turn began; subject: what it is about: about something else, it begins at the front
    places: shard → everything up to there has had its piece; a shard without a place begins at its front
    """

    name: str
    began_at: datetime
    subject: tuple[str, ...] = ()
    places: Mapping[int, UnfinishedPlace] = field(default_factory=dict)


def resume(name: str, checkpoints: Checkpoints, now: datetime, subject: tuple[str, ...] = ()) -> Walk:
    """Return a walk as it was last kept; one that begins now if there is none, or it was about something else."""
    kept = checkpoints.get(name)
    walk = _from_json(name, kept) if kept else None
    return walk if walk and walk.subject == subject else Walk(name, now, subject)


def to_the_end(walk: Walk, images: ImageStore, until: datetime) -> Iterator[InShard]:
    """Yield what is due before `until`, with its shard, from the walk's places on."""
    shards = range(images.shards.unfinished)
    yield from _soonest_first({shard: images.due(shard, until, walk.places.get(shard)) for shard in shards})


def once_round(walk: Walk, images: ImageStore, until: datetime) -> Iterator[InShard]:
    """Yield what is due before `until`, with its shard: from the walk's places to the end, then up to these places."""
    yield from to_the_end(walk, images, until)
    places = {shard: place for shard, place in walk.places.items() if shard < images.shards.unfinished}
    yield from _soonest_first({shard: _up_to(place, images.due(shard, until)) for shard, place in places.items()})


def _up_to(place: UnfinishedPlace, entries: Iterable[Unfinished]) -> Iterator[Unfinished]:
    """Stop behind a place's time: entries of one time stand in any order."""
    return takewhile(lambda entry: entry.next_check_at <= place.next_check_at, entries)


def _soonest_first(shards: Mapping[int, Iterable[Unfinished]]) -> Iterator[InShard]:
    pairs = [_with_shard(shard, entries) for shard, entries in shards.items()]
    return merge(*pairs, key=lambda pair: pair[1].next_check_at)


def _with_shard(shard: int, entries: Iterable[Unfinished]) -> Iterator[InShard]:
    return ((shard, entry) for entry in entries)


def pieces(
    walk: Walk, entries: Iterable[InShard], checkpoints: Checkpoints, goes_on: Callable[[], bool], size: int
) -> Iterator[list[str]]:
    """Yield image ids, `size` at a time, while the turn goes on. Keep the places behind each piece before it.

    A walk that has come to its end is forgotten.
    """
    waiting, places = iter(entries), dict(walk.places)
    while goes_on():
        piece = list(islice(waiting, size))
        if not piece:
            _forget(walk, places, checkpoints)
            return
        places.update((shard, entry.place) for shard, entry in piece)
        checkpoints.keep(walk.name, _to_json(walk, places), KEPT)
        yield [entry.image_id for _, entry in piece]


def _forget(walk: Walk, places: Mapping[int, UnfinishedPlace], checkpoints: Checkpoints) -> None:
    if places:  # otherwise nothing was kept: most turns find nothing that is due
        checkpoints.drop(walk.name)


def _to_json(walk: Walk, places: Mapping[int, UnfinishedPlace]) -> dict[str, Json]:
    return {
        "began_at": walk.began_at.isoformat(),
        "subject": [*walk.subject],
        "places": {str(shard): [place.next_check_at.isoformat(), place.image_id] for shard, place in places.items()},
    }


def _from_json(name: str, kept: Mapping[str, Any]) -> Walk:
    places = {int(shard): UnfinishedPlace(datetime.fromisoformat(at), i) for shard, (at, i) in kept["places"].items()}
    return Walk(name, datetime.fromisoformat(kept["began_at"]), tuple(kept["subject"]), places)
