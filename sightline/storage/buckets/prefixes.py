"""A bucket, or the objects in it whose keys begin alike."""

from dataclasses import dataclass

from sightline.errors import InvalidUri
from sightline.storage.buckets.protocol import require_bucket


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
