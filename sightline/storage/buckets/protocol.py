"""What a bucket does, and how an image is named in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import IO, Protocol

from sightline.errors import InvalidUri, TooManyBytes
from sightline.rekognition.preflight import MAX_BYTES_IN_S3
from sightline.video_errors import VideoTooLarge

MAX_KEY_BYTES = 1024
MIB = 1024 * 1024

NO_METADATA: Mapping[str, str] = MappingProxyType({})

_BUCKET = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")
"""Wider than what can be created today: old buckets have upper case and underscores. No ARN, no `user:secret@`."""


@dataclass(frozen=True, slots=True)
class ObjectUri:
    """`s3://bucket/key`: the image id. The key is taken as it is: no escaping, no normalising."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "ObjectUri":
        """Read a URI; raise InvalidUri if it does not name an object."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket or not 0 < _key_bytes(key) <= MAX_KEY_BYTES:
            raise InvalidUri(uri)
        require_bucket(uri, bucket)
        _require_key(uri, key)
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What S3 says of an object. etag: without quotes; version: None if the bucket keeps no versions.

    headers: what a browser is told of it, by S3's names (`ContentType`)
    """

    uri: ObjectUri
    etag: str
    size_bytes: int
    last_modified: datetime
    version: str | None
    metadata: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a bucket of images answers to a look.

    region: None if S3 does not tell it; time: by S3's clock, None if it does not tell; key: of an object whose first
    byte was read, None if the prefix holds none
    """

    region: str | None
    time: datetime | None
    key: str | None


class Buckets(Protocol):
    """Objects by URI. Raises ImageMissing (404), MissingBucket, AccessDenied (403), Unavailable."""

    def get(self, uri: ObjectUri) -> tuple[ObjectHead, bytes]:
        """Read an object whole, at most 15 MB of it: a larger one raises TooManyBytes before its bytes are read."""

    def read_into(self, uri: ObjectUri, file: IO[bytes], most_bytes: int) -> ObjectHead:
        """Read an object into a file, piece by piece.

        One larger than `most_bytes` raises VideoTooLarge before its bytes are read.
        """

    def head(self, uri: ObjectUri) -> ObjectHead:
        """Ask for an object's facts now."""

    def put(
        self,
        uri: ObjectUri,
        data: bytes,
        *,
        if_match: str | None = None,
        if_none_match: bool = False,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> str | None:
        """Write an object and return its etag; None if the condition did not hold. metadata: in ASCII."""

    def delete(self, uri: ObjectUri) -> None:
        """Remove an object, if it is there."""

    def copy(self, source: ObjectUri, target: ObjectUri, *, if_match: str) -> bool:
        """Copy an object of at most 5 GB with its metadata, headers and tags, unless the target exists.

        Return False if it exists, if the source has another etag, or if it is gone.
        """

    def remove(self, uri: ObjectUri, *, if_match: str) -> bool:
        """Remove an object if it has this etag; return whether it had. A bucket that keeps versions keeps the bytes."""

    def list_page(self, bucket: str, prefix: str, after: str | None, limit: int = 1000) -> list[ObjectHead]:
        """List objects by key, those after the key `after`; empty at the end. Metadata and version are left out."""

    def link(self, uri: ObjectUri, lasts: timedelta) -> str:
        """Return an address at which the object can be seen for a while, without credentials."""

    def create(self, bucket: str) -> None:
        """Create a bucket if it is missing."""

    def probe(self, bucket: str, prefix: str) -> Probe:
        """Look at a bucket of images, and read one byte of one: KMS, requester-pays and archives refuse only then."""

    def check(self, bucket: str) -> None:
        """Raise what stands in the way of using the bucket; try two conditional writes, which some stand-ins ignore."""


def require_bucket(uri: str, bucket: str) -> None:
    """Raise InvalidUri if no bucket can have this name: S3's client would refuse it or misread it."""
    if not _BUCKET.fullmatch(bucket):
        rule = "a bucket's name has 1 to 255 letters, digits, dots, hyphens and underscores, and no dot in front"
        raise InvalidUri(uri, rule=rule, remedy="Name the bucket itself: no ARN, no credentials")


def require_readable(head: ObjectHead) -> None:
    """Raise TooManyBytes, with the etag, if an object is larger than `get` reads."""
    if head.size_bytes > MAX_BYTES_IN_S3:
        error = TooManyBytes(str(head.uri), rule=f"{TooManyBytes.rule}; it has {head.size_bytes:,} bytes")
        error.etag = head.etag
        raise error


def require_small(uri: ObjectUri, size_bytes: int, most_bytes: int) -> None:
    """Raise VideoTooLarge if an object is larger than `read_into` was told to read."""
    if size_bytes > most_bytes:
        rule = f"{VideoTooLarge.rule}, which is {most_bytes / MIB:,g} MiB; it has {size_bytes / MIB:,.1f}"
        raise VideoTooLarge(str(uri), rule=rule)


def walk(buckets: Buckets, bucket: str, prefix: str) -> Iterator[ObjectHead]:
    """List everything under a prefix, page by page."""
    after = None
    while page := buckets.list_page(bucket, prefix, after):
        yield from page
        after = page[-1].uri.key


def _require_key(uri: str, key: str) -> None:
    """Raise InvalidUri for the keys that S3 refuses by what they hold."""
    if "\0" in key:
        raise InvalidUri(uri, rule="a key holds no NUL")
    depth = 0
    for segment in key.split("/"):
        depth += -1 if segment == ".." else 1
        if depth < 0:
            raise InvalidUri(uri, rule="the `..` of a key do not climb above its bucket")


def _key_bytes(key: str) -> int:
    """Measure a key as S3 does; 0 where it is no text that UTF-8 can hold, such as half a surrogate pair."""
    try:
        return len(key.encode())
    except UnicodeEncodeError:
        return 0


@dataclass(frozen=True, slots=True)
class Prefix:
    """A bucket, or the part of it whose keys begin with `key_prefix`."""

    bucket: str
    key_prefix: str = ""

    @classmethod
    def parse(cls, uri: str) -> "Prefix":
        """Read `s3://bucket/prefix`; raise InvalidUri if it names no bucket."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key_prefix = rest.partition("/")
        if scheme != "s3" or not bucket:
            rule = "a prefix is named s3://bucket or s3://bucket/prefix"
            raise InvalidUri(uri, rule=rule, remedy="Name the bucket, and perhaps how the keys begin")
        require_bucket(uri, bucket)
        return cls(bucket, key_prefix)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key_prefix}"
