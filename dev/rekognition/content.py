"""The bytes of a picture, and how a request carries them."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property

from dev.rekognition.refusals import Refusal
from sightline.rekognition.preflight import MAX_BYTES_SENT


@dataclass(frozen=True)
class Content:
    """An image's bytes and their name."""

    data: bytes

    @cached_property
    def sha256(self) -> str:
        """Return the sha256 of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()


def sent_bytes(encoded: object) -> Content:
    """Read the Bytes of a request (base64)."""
    try:
        data = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except ValueError as error:  # letters beyond ASCII, or no base64
        raise Refusal("SerializationException", "Image.Bytes is not base64.") from error
    if not data:
        raise Refusal("InvalidParameterException")
    if len(data) > MAX_BYTES_SENT:
        raise Refusal("ImageTooLargeException")
    return Content(data)
