"""The published copy of the sync's position: for people to see, and to delete when everything shall be loaded anew."""

import json
from collections.abc import Callable
from datetime import datetime

import structlog

from stores.buckets.protocol import Buckets, ObjectUri
from stores.graph.sync import SyncState
from vision.errors import ImageMissing

log = structlog.get_logger()

KEY = "sightline/checkpoints/sync.json"


class PublishedCopy:
    """One object of the checkpoint bucket. The graph's own position is the truth; nothing is read from the copy."""

    def __init__(self, buckets: Buckets, bucket: str, clock: Callable[[], datetime]) -> None:
        self._buckets = buckets
        self._clock = clock
        self._uri = ObjectUri(bucket, KEY)

    def etag(self) -> str | None:
        """Give the copy's etag; None where there is no copy."""
        try:
            return self._buckets.head(self._uri).etag
        except ImageMissing:
            return None

    def write(self, state: SyncState, fence: int, etag: str | None) -> bool:
        """Put a new copy in the place of the one with this etag; say whether it was still that one."""
        positions = {str(shard): position for shard, position in sorted(state.positions.items())}
        copy = {"positions": positions, "fence": fence, "at": self._clock().isoformat()}
        put = self._buckets.put(self._uri, json.dumps(copy).encode(), if_match=etag, if_none_match=etag is None)
        if put is None:
            log.warning("The published copy was changed by another; it is left alone", uri=str(self._uri))
        return put is not None
