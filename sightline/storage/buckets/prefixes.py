"""What part of which bucket is meant, where more than one object is."""

from dataclasses import dataclass

from sightline.errors import InvalidUri
from sightline.storage.buckets.protocol import require_bucket


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket, or the part of it whose keys begin with `prefix`."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, uri: str) -> "Place":
        """Read `s3://bucket/prefix`; raise InvalidUri if it names no bucket."""
        scheme, _, rest = uri.partition("://")
        bucket, _, prefix = rest.partition("/")
        if scheme != "s3" or not bucket:
            rule = "a place is named s3://bucket or s3://bucket/prefix"
            raise InvalidUri(uri, rule=rule, remedy="Name the bucket, and perhaps how the keys begin")
        require_bucket(uri, bucket)
        return cls(bucket, prefix)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"
