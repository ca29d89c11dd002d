"""Forget what comparing kept about a picture: by its bytes, by an object's row if they are gone, or by SHA-256."""

import hashlib
import re
from pathlib import Path

from sightline.errors import ImageMissing, Unavailable
from sightline.rekognition.preflight import MAX_BYTES_IN_S3
from sightline.services.picture_files import read_picture
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

_SHA256 = re.compile(r"[0-9a-f]{64}")


class NotForgotten(Unavailable):
    """Something about the picture is there again after it was removed."""

    rule = "nothing may be left of a picture that is forgotten, and somebody compares it just now"
    remedy = "Stop that, then forget it again"


def contents_of(picture: str, buckets: Buckets, images: ImageStore) -> list[str]:
    """Return the SHA-256 of what a picture is and, if it is an image, was: its row may name other bytes.

    Raise ImageMissing if neither an object nor a row is left, or UnreadableFile.
    """
    if _SHA256.fullmatch(picture) and not Path(picture).exists():
        return [picture]
    if "://" not in picture:
        return [_sha256(read_picture(Path(picture), MAX_BYTES_IN_S3))]
    uri, row = ObjectUri.parse(picture), images.get(picture)
    known = [row.content.sha256] if row and row.content else []
    try:
        known.append(_sha256(buckets.get(uri)[1]))
    except ImageMissing:
        if not known:
            raise
    return [*dict.fromkeys(known)]


def forget_picture(content: str, operations: Operations) -> int:
    """Remove every comparison and request of a picture, as source and as target; return how many there were.

    Look again afterwards, consistently; raise NotForgotten if any is left.
    """
    forgotten = operations.comparisons.forget(content)
    if operations.comparisons.of_picture(content):
        raise NotForgotten(content)
    return forgotten


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
