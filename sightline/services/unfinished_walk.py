"""Walk over the unfinished, shard by shard, piece by piece, from where the last walk was cut.

The place is kept before a piece is worked on, not after it: if a piece brings its process down, the next walk begins
behind it. Nothing is lost by that: what was not dealt with is still due when the walk comes round.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from sightline.models.answers import Json
from sightline.models.images import Unfinished, UnfinishedPlace
from sightline.storage.checkpoints import Checkpoints
from sightline.storage.images.protocol import ImageStore

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk has come.

    began_at: when its first turn began; subject: what it is about: about something else, it begins at the front
    shard, after: everything up to there has had its piece
    """

    name: str
    began_at: datetime
    subject: tuple[str, ...] = ()
    shard: int = 0
    after: UnfinishedPlace | None = None


def resume(name: str, checkpoints: Checkpoints, now: datetime, subject: tuple[str, ...] = ()) -> Walk:
    """Return a walk as it was last kept; one that begins now if there is none, or it was about something else."""
    kept = checkpoints.get(name)
    walk = _from_json(name, kept) if kept else None
    return walk if walk and walk.subject == subject else Walk(name, now, subject)


def to_the_end(walk: Walk, images: ImageStore, until: datetime) -> Iterator[tuple[int, Unfinished]]:
    """Yield what is due before `until`, with its shard: from the walk's place to the end of the last shard."""
    for shard in range(walk.shard, images.shards.unfinished):
        after = walk.after if shard == walk.shard else None
        yield from ((shard, entry) for entry in images.due(shard, until, after))


def once_round(walk: Walk, images: ImageStore, until: datetime) -> Iterator[tuple[int, Unfinished]]:
    """Yield what is due before `until`, with its shard: from the walk's place through all shards to that place."""
    yield from to_the_end(walk, images, until)
    for shard in range(min(walk.shard, images.shards.unfinished)):
        yield from ((shard, entry) for entry in images.due(shard, until))
    if (end := walk.after) and walk.shard < images.shards.unfinished:
        # Entries of one time stand in any order, so all of the last place's time are taken
        left = takewhile(lambda entry: entry.next_check_at <= end.next_check_at, images.due(walk.shard, until))
        yield from ((walk.shard, entry) for entry in left)


def pieces(
    walk: Walk,
    entries: Iterable[tuple[int, Unfinished]],
    checkpoints: Checkpoints,
    goes_on: Callable[[], bool],
    size: int,
) -> Iterator[list[str]]:
    """Yield image ids, `size` at a time, while the turn goes on; keep the place behind each piece before it."""
    waiting = iter(entries)
    while goes_on() and (piece := list(islice(waiting, size))):
        shard, last = piece[-1]
        checkpoints.keep(walk.name, _to_json(replace(walk, shard=shard), last.place), KEPT)
        yield [entry.image_id for _, entry in piece]


def _to_json(walk: Walk, place: UnfinishedPlace) -> dict[str, Json]:
    return {
        "began_at": walk.began_at.isoformat(),
        "subject": [*walk.subject],
        "shard": walk.shard,
        "next_check_at": place.next_check_at.isoformat(),
        "image_id": place.image_id,
    }


def _from_json(name: str, kept: Mapping[str, Any]) -> Walk:
    after = UnfinishedPlace(datetime.fromisoformat(kept["next_check_at"]), kept["image_id"])
    return Walk(name, datetime.fromisoformat(kept["began_at"]), tuple(kept["subject"]), kept["shard"], after)
