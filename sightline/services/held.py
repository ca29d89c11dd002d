"""The very bytes that ingest read, for objects that are overwritten faster than they can be analysed.

Rekognition reads an object by its name. If it is overwritten during the call, the answer may be of other bytes: it is
dropped, paid for, and the image is received again. A key that is overwritten every second would pay for ever. So after
a few dropped answers ingest keeps a copy of what it read, and the next call is about that copy.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sightline.errors import ImageChanged, ImageMissing
from sightline.models.images import Content, ImageRow
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.images.protocol import ImageStore

DROPS = 3
"""After so many dropped answers, none of them a day after the one before, the image's own bytes are asked about."""

FOLDER = "sightline/held"

RECENT = timedelta(hours=1)
"""An object that was uploaded longer ago is not one that is overwritten all the time."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What ingest read, as it is kept."""

    uri: ObjectUri
    etag: str
    data: bytes


class HeldBytes:
    """Copies in `bucket`, one for each image: a newer one replaces it. An image's row says how many answers it lost."""

    def __init__(self, images: ImageStore, buckets: Buckets, bucket: str, clock: Callable[[], datetime]) -> None:
        self._images = images
        self._buckets = buckets
        self._bucket = bucket
        self._clock = clock

    def note_drop(self, image_id: str) -> None:
        """Count an answer that was dropped."""
        if row := self._images.get(image_id):
            self._images.note_drop(row)

    def keep(self, row: ImageRow, data: bytes) -> None:
        """Keep what was read, if enough answers about the image have been dropped."""
        if self._is_due(row):
            self._buckets.put(self._uri(row.image_id), data)

    def find(self, row: ImageRow, content: Content) -> Copy | None:
        """Return the kept copy of these bytes; None if none is due.

        Raise ImageChanged if it holds others: the image was read again meanwhile, so an answer about these bytes by
        their name would be paid for and dropped.
        """
        is_old = content.last_modified is not None and content.last_modified < self._clock() - RECENT
        if content.version is not None or is_old or not self._is_due(row):
            return None
        try:
            head, data = self._buckets.get(self._uri(row.image_id))
        except ImageMissing:
            return None
        if hashlib.sha256(data).hexdigest() != content.sha256:
            raise ImageChanged(row.image_id)
        return Copy(head.uri, head.etag, data)

    def require_unchanged(self, copy: Copy) -> None:
        """Raise ImageChanged if the copy was replaced during a call by its name."""
        if self._buckets.head(copy.uri).etag != copy.etag:
            raise ImageChanged(str(copy.uri))

    def _is_due(self, row: ImageRow) -> bool:
        return row.drops is not None and row.drops.count >= DROPS and row.drops.are_recent(self._clock())

    def _uri(self, image_id: str) -> ObjectUri:
        return ObjectUri(self._bucket, f"{FOLDER}/{hashlib.sha256(image_id.encode()).hexdigest()}")
