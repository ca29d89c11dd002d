"""Check that a bucket honours conditional writes; some S3 stand-ins silently ignore them."""

from uuid import uuid4

from sightline.errors import NotSupported
from sightline.storage.buckets.protocol import Buckets, ObjectUri

_ETAG_OF_NOTHING = "0" * 32


def check_conditions(buckets: Buckets, bucket: str) -> None:
    """Try two writes that must not happen; raise NotSupported if one does."""
    # A unique key, so that concurrent checks do not delete each other's object.
    uri = ObjectUri(bucket, f"sightline/checkpoints/check-{uuid4().hex}")
    buckets.put(uri, b"written by a check of sightline; may be removed")
    try:
        _require_refusal(uri, "IfMatch", buckets.put(uri, b"", if_match=_ETAG_OF_NOTHING))
        _require_refusal(uri, "IfNoneMatch", buckets.put(uri, b"", if_none_match=True))
    finally:
        buckets.delete(uri)


def _require_refusal(uri: ObjectUri, condition: str, etag: str | None) -> None:
    if etag is not None:
        raise NotSupported(
            str(uri),
            rule=f"the endpoint must honour {condition} on writing, and this one ignores it",
            remedy="Use S3, or a stand-in that answers 412 to conditional writes",
        )
