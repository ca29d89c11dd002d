"""What an event of S3 asks of an image, decided from its row: pure functions.

Events are hints. They come late, twice and in any order, and the object itself says what is true: so an event adds an
image, has it received again or has it looked at, and never says more of it than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from sightline.models.images import ImageRow, State
from sightline.rekognition.preflight import MAX_BYTES_IN_S3
from sightline.services.other_files import OWN_OBJECT, is_own, skipped_suffix
from sightline.services.s3_events import Change, ObjectEvent
from sightline.storage.buckets.protocol import Prefix
from sightline.storage.images.positions import time_of
from sightline.storage.images.transitions import ENDS

CLOCKS_APART = timedelta(seconds=2)
"""An image ended by our clock and was uploaded by S3's. `sightline check` warns if they are further apart than this."""

NOT_LOOKED_FOR = (State.RECEIVED, State.GONE, State.IMPORTED)
"""The states of images whose deletion is nothing new: one is looked at anyway, of the others nobody knows an object."""


class Wish(IntEnum):
    """What is to be done about an image. Of several events the greatest wish is carried out: it includes the others."""

    NOTHING = 0
    LOOK = 1
    RECEIVE = 2
    ADD = 3


@dataclass(frozen=True, slots=True)
class Filter:
    """What is never an image. own: where sightline keeps its objects; suffixes: of keys that are not images."""

    own: Prefix
    suffixes: tuple[str, ...]

    def why_skipped(self, event: ObjectEvent, row: ImageRow | None) -> str | None:
        """Return why an event is skipped before a row exists: a suffix, or a word in parentheses. None: it is not.

        An object that was added by name and is an image stays one, whatever its suffix.
        """
        key = event.uri.key
        if is_own(event.uri, self.own):
            return OWN_OBJECT
        if (row is None or row.content is None) and (suffix := skipped_suffix(key, self.suffixes)):
            return suffix
        return _why_no_image(event) if row is None else None


def _why_no_image(event: ObjectEvent) -> str | None:
    if event.uri.key.endswith("/"):  # a folder, as S3's console makes them
        return "(folder)"
    if event.size_bytes == 0:  # writing it later sends another event
        return "(empty)"
    return "(over 15 MB)" if (event.size_bytes or 0) > MAX_BYTES_IN_S3 else None


def decide(events: Sequence[ObjectEvent], row: ImageRow | None) -> Wish:
    """Return what the events of one image, of which there is at least one, ask for."""
    if row is None:  # an object that came and went leaves no image
        newest = max(events, key=lambda event: (event.at, event.change is Change.CREATED))
        return Wish.ADD if newest.change is Change.CREATED else Wish.NOTHING
    return max(_wish(event, row) for event in events)


def _wish(event: ObjectEvent, row: ImageRow) -> Wish:
    if event.change is Change.REMOVED:
        return Wish.NOTHING if row.state in NOT_LOOKED_FOR else Wish.LOOK
    if row.state is State.RECEIVED:  # a worker may have read the bytes before these; or its message was never sent
        return Wish.LOOK
    return Wish.RECEIVE if _tells_of_other_bytes(event, row) else Wish.NOTHING


def _tells_of_other_bytes(event: ObjectEvent, row: ImageRow) -> bool:
    """Return whether the row was not written for the event's bytes, nor for some that came later."""
    if row.state in ENDS:
        return _came_after_its_end(event, row)
    if row.content is None or row.state is State.IMPORTED:
        return True
    is_older = row.content.last_modified is not None and event.at < row.content.last_modified
    return event.etag != row.content.etag and not is_older


def _came_after_its_end(event: ObjectEvent, row: ImageRow) -> bool:
    """Return whether an image that ended was judged without the event's bytes."""
    if row.judged is None:  # from before this was kept: the row's last place in the feed is no earlier
        return row.feed_position is None or event.at > time_of(row.feed_position) - CLOCKS_APART
    is_what_was_refused = event.etag is not None and event.etag == row.judged.etag
    return not is_what_was_refused and event.at > row.judged.at - CLOCKS_APART
