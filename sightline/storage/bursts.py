"""The register of bursts: which images of each are paid for, and what they look like.

An item for each burst, changed by compare and swap. It expires, and nothing depends on it: whether an image is paid for
stands in its own row. Without the register a late image is paid for where it need not have been.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import override

from sightline.stats.bursts import Burst
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import equals
from sightline.storage.dynamodb.items import Item
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import DynamoTable

BURST = "burst"

BURSTS_LAST = timedelta(days=7)
"""How long a burst is kept after an image was last added to it."""

MOST_FRAMES = 32
"""Of a burst: with keys of 100 bytes, an item of 8 KB. Images beyond them are paid for, and stand in for nobody."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A paid image of a burst. content_sha256, fingerprint: of its bytes, hex."""

    content_sha256: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class PaidFrames:
    """The paid images of a burst by id. revision: of the store; 0: it knows none."""

    frames: Mapping[str, Frame] = field(default_factory=dict)
    revision: int = 0

    def with_frame(self, image_id: str, frame: Frame) -> "PaidFrames":
        """Return them with one more, or with what an image looks like now."""
        return replace(self, frames={**self.frames, image_id: frame})

    def has_room_for(self, image_id: str) -> bool:
        """Return whether an image can be added."""
        return image_id in self.frames or len(self.frames) < MOST_FRAMES


class BurstRegister(Protocol):
    """What every register does."""

    def read(self, burst: Burst) -> PaidFrames:
        """Return the paid images of a burst, consistently."""

    def replace(self, burst: Burst, after: PaidFrames) -> PaidFrames:
        """Write, if nobody has written since it was read; return what then stands, in one request either way."""


class DynamoBurstRegister(BurstRegister):
    """The register in the table of operations: each camera is a partition of its own."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def read(self, burst: Burst) -> PaidFrames:
        return to_paid_frames(self._table.get(_key(burst)))

    @override
    def replace(self, burst: Burst, after: PaidFrames) -> PaidFrames:
        expires_at = int((self._clock() + BURSTS_LAST).timestamp())
        change = Change().set_all(**burst_item(after), expires_at=expires_at)
        outcome = self._table.update(_key(burst), change, equals("revision", after.revision or None))
        return to_paid_frames(outcome.item)


def burst_item(after: PaidFrames) -> Item:
    """Return the attributes of a burst that is written, with the next revision."""
    frames = {image_id: [each.content_sha256, each.fingerprint] for image_id, each in after.frames.items()}
    return {"frames": frames, "revision": after.revision + 1}


def to_paid_frames(item: Item | None) -> PaidFrames:
    """Read a burst; None: it is not there."""
    if item is None:
        return PaidFrames()
    return PaidFrames({image_id: Frame(*each) for image_id, each in item["frames"].items()}, item["revision"])


def _key(burst: Burst) -> dict[str, str]:
    return {"kind": f"{BURST}#{burst.camera}", "id": sort_key(f"{burst.length_seconds}#{burst.number}")}
