"""Signed addresses of pictures: an address that no page made reads nothing.

The console may read whole buckets, so the address itself must prove that a row named the picture. It names the bytes by
their SHA-256: an object that was overwritten since is not shown under its old address.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

SIGNATURE_CHARACTERS = 22
"""Of base64: 132 bits."""

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PictureName:
    """Which picture is meant. until: seconds since the epoch up to which it needs no session; None: it needs one."""

    width: int
    sha256: str
    image_id: str
    until: int | None = None


class AddressSigner:
    """Signs and checks addresses with the console's secret."""

    def __init__(self, secret: bytes, clock: Callable[[], datetime]) -> None:
        self._secret, self._clock = secret, clock

    def picture(self, width: int, sha256_hex: str, image_id: str) -> str:
        """Return the address of a picture for the pages: it lasts, and needs a session besides."""
        return self._address(PictureName(width, sha256_hex, image_id))

    def open_picture(self, width: int, sha256_hex: str, image_id: str) -> str:
        """Return an address that needs no session. It ends with the hour after next, so that browsers can cache it."""
        now = int(self._clock().timestamp())
        hour = int(HOUR.total_seconds())
        return self._address(PictureName(width, sha256_hex, image_id, (now // hour + 2) * hour))

    def original(self, sha256_hex: str, image_id: str) -> str:
        """Return the address that leads to the object itself; it needs a session besides."""
        signature = self.sign(PictureName(0, sha256_hex, image_id))
        return f"/original/{sha256_hex}?id={quote(image_id, safe='')}&t={signature}"

    def is_valid(self, name: PictureName, signature: str) -> bool:
        """Return whether we signed this, and it has not expired."""
        is_ours = hmac.compare_digest(self.sign(name).encode(), signature.encode("utf-8", "replace"))
        return is_ours and (name.until is None or self._clock().timestamp() < name.until)

    def sign(self, name: PictureName) -> str:
        """Return the signature of a name. The URI stands last: it alone may hold any character."""
        text = f"{name.width}\n{name.sha256}\n{name.until or ''}\n{name.image_id}"
        digest = hmac.digest(self._secret, text.encode(), "sha256")  # hmac.new takes five times as long
        return urlsafe_b64encode(digest).decode()[:SIGNATURE_CHARACTERS]

    def _address(self, name: PictureName) -> str:
        until = f"&until={name.until}" if name.until is not None else ""
        query = f"id={quote(name.image_id, safe='')}{until}&t={self.sign(name)}"
        return f"/picture/{name.width}/{name.sha256}.jpg?{query}"
