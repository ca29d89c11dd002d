"""Buckets in memory, with S3's rules."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import IO
from urllib.parse import quote

from typing_extensions import override

from sightline.errors import AccessDenied, ImageMissing, MissingBucket, SightlineError
from sightline.storage.buckets.conditions import check_conditions
from sightline.storage.buckets.protocol import (
    NO_METADATA,
    Buckets,
    ObjectHead,
    ObjectUri,
    Probe,
    require_readable,
    require_small,
)

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class _Object:
    head: ObjectHead
    data: bytes


class InMemoryBuckets(Buckets):
    """Buckets of one process, without versions. `clock` gives the time of writing."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._buckets: dict[str, dict[str, _Object]] = {}
        self._denied: set[str] = set()
        self._unremovable: set[str] = set()
        self._unwritable: set[str] = set()
        self._refused: dict[str, Callable[[str], SightlineError]] = {}
        self.read: list[str] = []
        self.regions: dict[str, str] = {}
        self._lock = Lock()

    @override
    def probe(self, bucket: str, prefix: str) -> Probe:
        page = self.list_page(bucket, prefix, None)
        return Probe(self.regions.get(bucket), self._clock(), page[0].uri.key if page else None)

    def deny(self, bucket: str) -> None:
        """Answer AccessDenied for a bucket from now on, as an account does whose policy is wrong."""
        self._denied.add(bucket)

    def refuse(self, place: str, error: Callable[[str], SightlineError]) -> None:
        """Refuse every object under a place from now on. error: makes what is raised from the object's URI."""
        self._refused[place] = error

    def deny_removing(self, place: str) -> None:
        """Refuse to remove objects under a place from now on, as a bucket does that may only be read and written."""
        self._unremovable.add(place)

    def deny_writing(self, place: str) -> None:
        """Refuse to write objects under a place from now on."""
        self._unwritable.add(place)

    def allow(self, place: str) -> None:
        """Refuse a place no more."""
        self._refused.pop(place)

    @override
    def get(self, uri: ObjectUri) -> tuple[ObjectHead, bytes]:
        found = self._find(uri)
        require_readable(found.head)
        return found.head, found.data

    @override
    def read_into(self, uri: ObjectUri, file: IO[bytes], most_bytes: int) -> ObjectHead:
        found = self._find(uri)
        require_small(uri, found.head.size_bytes, most_bytes)
        file.write(found.data)
        return found.head

    @override
    def head(self, uri: ObjectUri) -> ObjectHead:
        return self._find(uri).head

    @override
    def put(
        self,
        uri: ObjectUri,
        data: bytes,
        *,
        if_match: str | None = None,
        if_none_match: bool = False,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> str | None:
        with self._lock:
            there = self._bucket(uri.bucket, str(uri)).get(uri.key)
            if if_match is not None and (there is None or there.head.etag != if_match):
                return None
            if if_none_match and there is not None:
                return None
            return self._write(uri, data, metadata)

    def put_with_metadata(
        self, uri: ObjectUri, data: bytes, metadata: Mapping[str, str], headers: Mapping[str, str] = NO_METADATA
    ) -> str:
        """Write an object as a camera does that sends metadata with its pictures."""
        with self._lock:
            return self._write(uri, data, metadata, headers)

    @override
    def delete(self, uri: ObjectUri) -> None:
        with self._lock:
            self._bucket(uri.bucket, str(uri)).pop(uri.key, None)

    @override
    def copy(self, source: ObjectUri, target: ObjectUri, *, if_match: str) -> bool:
        with self._lock:
            there = self._bucket(source.bucket, str(source)).get(source.key)
            if there is None or there.head.etag != if_match:
                return False
            if target.key in self._bucket(target.bucket, str(target)):
                return False
            self._write(target, there.data, there.head.metadata, there.head.headers)
            return True

    @override
    def remove(self, uri: ObjectUri, *, if_match: str) -> bool:
        with self._lock:
            _require_outside(uri, self._unremovable)
            objects = self._bucket(uri.bucket, str(uri))
            if uri.key not in objects or objects[uri.key].head.etag != if_match:
                return False
            del objects[uri.key]
            return True

    @override
    def list_page(self, bucket: str, prefix: str, after: str | None, limit: int = MAX_PAGE) -> list[ObjectHead]:
        # S3 orders keys by their bytes.
        with self._lock:
            objects = self._bucket(bucket, f"s3://{bucket}")
            keys = (key for key in objects if key.startswith(prefix) and _order(key) > _order(after or ""))
            return [_listed(objects[key].head) for key in sorted(keys, key=_order)[: min(limit, MAX_PAGE)]]

    @override
    def link(self, uri: ObjectUri, lasts: timedelta) -> str:
        """Return an address that says what it names; nothing answers there."""
        return f"memory://{uri.bucket}/{quote(uri.key)}?expires={int(lasts.total_seconds())}"

    @override
    def create(self, bucket: str) -> None:
        with self._lock:
            self._buckets.setdefault(bucket, {})

    @override
    def check(self, bucket: str) -> None:
        self.list_page(bucket, "", None, limit=1)
        check_conditions(self, bucket)

    def _bucket(self, bucket: str, subject: str) -> dict[str, _Object]:
        if bucket in self._denied:
            raise AccessDenied(subject)
        if bucket not in self._buckets:
            raise MissingBucket(subject)
        return self._buckets[bucket]

    def _find(self, uri: ObjectUri) -> _Object:
        """Return an object, and note in `read` that it was asked for, refused or not."""
        self.read.append(str(uri))
        for place, error in self._refused.items():
            if str(uri).startswith(place):
                raise error(str(uri))
        with self._lock:
            found = self._bucket(uri.bucket, str(uri)).get(uri.key)
        if found is None:
            raise ImageMissing(str(uri))
        return found

    def _write(
        self, uri: ObjectUri, data: bytes, metadata: Mapping[str, str], headers: Mapping[str, str] = NO_METADATA
    ) -> str:
        _require_outside(uri, self._unwritable)
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        head = ObjectHead(uri, etag, len(data), self._clock(), None, dict(metadata), dict(headers))
        self._bucket(uri.bucket, str(uri))[uri.key] = _Object(head, data)
        return etag


def _require_outside(uri: ObjectUri, places: Iterable[str]) -> None:
    if any(str(uri).startswith(place) for place in places):
        raise AccessDenied(str(uri))


def _order(key: str) -> bytes:
    return key.encode()


def _listed(head: ObjectHead) -> ObjectHead:
    return ObjectHead(head.uri, head.etag, head.size_bytes, head.last_modified, None, {})
