"""The published copy of the sync's position: for people to see, and to delete when everything shall be loaded anew."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from sightline.errors import ImageMissing, Unavailable
from sightline.graph.protocol import SyncState
from sightline.storage.buckets.protocol import Buckets, ObjectUri

log = structlog.get_logger()

KEY = "sightline/checkpoints/sync.json"


@dataclass(frozen=True, slots=True)
class CopySeen:
    """How the copy was found. etag: None where there is no copy."""

    etag: str | None


class PublishedCopy:
    """One object of the checkpoint bucket. The graph's own position is the truth; nothing is read from the copy.

    The sync does not need S3: while that is away it goes on, and a later run publishes.
    """

    def __init__(self, buckets: Buckets, bucket: str, clock: Callable[[], datetime]) -> None:
        self._buckets = buckets
        self._clock = clock
        self._uri = ObjectUri(bucket, KEY)

    def look(self) -> CopySeen | None:
        """Say how the copy is; None where S3 is away, so that nobody knows."""
        try:
            return CopySeen(self._buckets.head(self._uri).etag)
        except ImageMissing:
            return CopySeen(None)
        except Unavailable as error:
            log.warning("The published copy can not be looked at; the sync goes on without it", error=str(error))
            return None

    def write(self, state: SyncState, fence: int, seen: CopySeen) -> bool:
        """Put a new copy in the place of the one that was seen; say whether it was still that one, and S3 took it."""
        etag = seen.etag
        positions = {str(shard): position for shard, position in sorted(state.positions.items())}
        copy = {"positions": positions, "fence": fence, "at": self._clock().isoformat()}
        try:
            put = self._buckets.put(self._uri, json.dumps(copy).encode(), if_match=etag, if_none_match=etag is None)
        except Unavailable as error:
            log.warning("The published copy can not be written; a later run does it", error=str(error))
            return False
        if put is None:
            log.warning("The published copy was changed by another; it is left alone", uri=str(self._uri))
        return put is not None
