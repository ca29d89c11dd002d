"""Dead letters: chosen by what is in them, and redriven once the cause is mended.

A redrive looks at the image again from its beginning, and what the ledger has settled is not paid again. A letter
closes by itself when ingest takes its image again; if the image is refused once more, the same letter counts it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import structlog

from sightline.errors import InvalidUri, UnreadableKey
from sightline.models.images import ImageRow, Lane, State
from sightline.queues.publishing import BATCH, Publish
from sightline.queues.steps import Step, ingest_step
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dead_letters import DeadLetter
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

log = structlog.get_logger()

CameraOf = Callable[[ObjectUri], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant: those of which everything given here is true. since, until: of the last time."""

    error: str | None = None
    camera: str | None = None
    image: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, dead_letter: DeadLetter, camera_of: CameraOf) -> bool:
        """Return whether a letter is meant."""
        return (
            self.error in {None, dead_letter.error}
            and self.image in {None, dead_letter.image_id, dead_letter.subject}
            and (self.since is None or dead_letter.last_at >= self.since)
            and (self.until is None or dead_letter.last_at <= self.until)
            and (self.camera is None or self.camera == camera_of_dead_letter(dead_letter, camera_of))
        )


def camera_of_dead_letter(dead_letter: DeadLetter, camera_of: CameraOf) -> str | None:
    """Return the camera that the letter's image names; None where it names none."""
    try:
        return camera_of(ObjectUri.parse(dead_letter.image_id or dead_letter.subject))
    except (InvalidUri, UnreadableKey):
        return None


def redrive(
    dead_letters: Iterable[DeadLetter], images: ImageStore, operations: Operations, send: Publish
) -> Iterator[Counter[str]]:
    """Send the images of letters through ingest again, in batches; give counts of each.

    sent: looked at again; closed: complete already, so that the letter was left behind; refused: no image is named, so
    nothing can be sent, and the letter stays open. An image whose row only a newer version knows is left to that one.
    """
    waiting = iter(dead_letters)
    while batch := list(islice(waiting, BATCH)):
        named = [(dead_letter, uri) for dead_letter in batch if (uri := _image_of(dead_letter))]
        rows = images.get_many({uri for _, uri in named})
        refused = len(batch) - len(named)
        if newer := {uri for uri, row in rows.items() if not row.is_known}:
            log.warning("Images are left to a newer version", images=sorted(newer))
        named = [(dead_letter, uri) for dead_letter, uri in named if uri not in newer]
        done = {uri for uri, row in rows.items() if row.state is State.COMPLETE}
        closed = sum(
            operations.dead_letters.close(dead_letter.dead_letter_id) for dead_letter, uri in named if uri in done
        )
        again = sorted({uri for _, uri in named} - done)
        send(_step(uri, rows.get(uri), images) for uri in again)
        yield Counter(sent=len(again), closed=closed, refused=refused)


def _image_of(dead_letter: DeadLetter) -> str | None:
    try:
        return str(ObjectUri.parse(dead_letter.image_id or dead_letter.subject))
    except InvalidUri:
        return None


def _step(uri: str, row: ImageRow | None, images: ImageStore) -> Step:
    """Return the step that looks at the image again; its row is received first, as if it were added anew."""
    lane = row.lane if row else Lane.LIVE
    images.add(uri, lane)
    return ingest_step(uri, lane)
