"""Bursts: the images of one camera within one window of the clock, the unit in which a control slice is chosen.

Windows stand fixed on the clock, so an image's burst follows from its camera and capture time alone: images that come
late, twice or out of order change no burst, and whether a burst belongs to the control slice is known before its first
image is paid for. A run of pictures over the end of a window is two bursts. That costs a little of the saving, and
nothing of the estimate, which takes whole windows as they are.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Burst:
    """One camera's window. number: of windows since the epoch, UTC; length_seconds: of each window."""

    camera: str
    length_seconds: int
    number: int

    @property
    def begins_at(self) -> datetime:
        """Return the first instant of the window."""
        return _EPOCH + self.number * timedelta(seconds=self.length_seconds)

    def __str__(self) -> str:
        return f"{self.camera}#{self.length_seconds}#{self.number}"


def burst_of(camera: str, taken_at: datetime, length: timedelta) -> Burst:
    """Return the burst of an image. `taken_at` is aware; `length` is whole seconds, at least one."""
    return Burst(camera, int(length.total_seconds()), (taken_at - _EPOCH) // length)


def is_control(burst: Burst, salt: str, percent: float) -> bool:
    """Return whether a burst is in the control slice, which `percent` of all bursts are.

    The word before the salt keeps this hash apart from the review's, also if both have the same salt.
    """
    digest = hashlib.sha256(f"control slice\n{salt}\n{burst}".encode()).digest()
    return int.from_bytes(digest[:8]) < percent / 100 * 2**64


@dataclass(frozen=True, slots=True)
class Likeness:
    """The image whose answer another one is shown with. distance: bits in which their fingerprints differ."""

    image_id: str
    distance: int


def nearest(fingerprint: str, paid: Mapping[str, str], most: int) -> Likeness | None:
    """Return the paid image that looks most alike; None if all differ in more than `most` bits.

    Args:
        fingerprint: of the image in question, hex.
        paid: image id → fingerprint of the burst's images that are paid for.
        most: bits.
    """
    bits = int(fingerprint, 16)
    like = [Likeness(each, (bits ^ int(other, 16)).bit_count()) for each, other in paid.items()]
    near = [each for each in like if each.distance <= most]
    return min(near, key=lambda each: (each.distance, each.image_id), default=None)


def choose(frames: Iterable[tuple[str, str]], most: int) -> Iterator[tuple[str, Likeness | None]]:
    """Yield for each frame of a burst the one that it would be shown with; None if it is to be paid for.

    frames: (image id, fingerprint) in the order in which they come. In another order others are paid for, and each is
    shown with a paid one all the same: nobody is shown with an answer that was not given for its own image.
    """
    paid: dict[str, str] = {}
    for image_id, fingerprint in frames:
        like = nearest(fingerprint, paid, most)
        if like is None:
            paid[image_id] = fingerprint
        yield image_id, like
