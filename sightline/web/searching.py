"""Images by label, text and confidence, over all days: the graph finds them, and their rows say what may be told.

What the review hides is left out before a page is filled: neither its length nor where the next one begins tells that
something was there.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sightline.models.answers import Json
from sightline.models.images import ImageSummary
from sightline.web.console import Console
from sightline.web.errors import InvalidRequest, WebError
from sightline.web.looking import note_viewed
from sightline.web.masks import contents_of, masked
from sightline.web.sought import Sought
from sightline.web.visitors import Visitor

IMAGES_ON_A_PAGE = 60
MOST_LOOKED_AT = 1_000
"""Images that one page reads for those that may be shown."""

SPARE = 1 / 8
"""For a reviewer a page asks for so many more at once: without what is hidden it would else need a second query."""

ALL = ""


class TooManyHidden(WebError):
    """A page would have to read very many images to find some that may be shown."""

    rule = "nearly all of so many pictures are left out: the review asks you about them, or they have been removed"
    remedy = "Choose other days, or go on with the review"


class Place(NamedTuple):
    """Where a list has come to: seconds since the epoch, and the image. Newer images come before it, never after."""

    timestamp: int
    image_id: str


@dataclass(frozen=True, slots=True)
class Hit:
    """An image that was found. text: the line, if one was asked for; confidence: of it, or of the label.

    place: in the graph, which may know an older time of it than its row
    """

    image: ImageSummary
    place: Place
    confidence: float
    text: str | None


@dataclass(frozen=True, slots=True)
class Hits:
    """A page. more: the place from which the next one goes on; None if nothing follows.

    back_to: when the oldest picture was taken that was looked at, if the page ends before it is full
    """

    hits: Sequence[Hit]
    more: Place | None
    back_to: datetime | None = None


def search(
    sought: Sought, visitor: Visitor, console: Console, after: Place | None = None, most: int = IMAGES_ON_A_PAGE
) -> Hits:
    """Return a page of what is sought, the newest first, and note whose answers the visitor has then seen.

    A page is not full if nothing more was found in so many pictures. That goes by all of them, whatever they show, and
    by where the page began, so that where it ends tells nothing of those that the review hides.
    """
    shown: list[Hit] = []
    looked_at = 0
    beyond: Place | None = None
    limit = most + 1 + (int(SPARE * most) if visitor.is_reviewer else 0)
    while True:
        rows, last = _found(console.graph.query(sought.query, _parameters(sought, after, beyond, limit)))
        looked_at += len(rows)
        shown += _hits(rows, visitor, console)
        if len(shown) > most or len(rows) < limit:
            break
        if looked_at >= MOST_LOOKED_AT:
            raise TooManyHidden(f"{looked_at:,} pictures")
        beyond = _place(rows[-1])
    page = shown[:most]
    note_viewed([each.image.image_id for each in page], visitor, console)
    if len(shown) > most:
        return Hits(page, page[-1].place)
    return Hits(page, _place(last), datetime.fromisoformat(last["taken_at"])) if last else Hits(page, None)


def _found(rows: list[dict[str, Json]]) -> tuple[list[dict[str, Json]], dict[str, Json] | None]:
    """Return what was found, and the picture that was looked at last if the query went no further back."""
    return (rows[:-1], rows[-1]) if rows and rows[-1]["confidence"] is None else (rows, None)


def _parameters(sought: Sought, after: Place | None, beyond: Place | None, limit: int) -> dict[str, Json]:
    """Return what the query is asked. after: where the page begins; beyond: up to where it was read already."""
    page = {"before": after.timestamp, "after": after.image_id} if after else {}
    read = {"beyond": beyond.timestamp, "beyond_id": beyond.image_id} if beyond else {}
    return {**sought.parameters(), **page, **read, "limit": limit}


def _place(row: dict[str, Json]) -> Place:
    return Place(int(datetime.fromisoformat(row["taken_at"]).timestamp()), row["image_id"])


def _hits(rows: Sequence[dict[str, Json]], visitor: Visitor, console: Console) -> Iterator[Hit]:
    """Return those images that are still there and may be shown, in their order."""
    kept = console.services.images.get_many([row["image_id"] for row in rows]) if rows else {}
    images = {name: image for name, row in kept.items() if row.rejection is None and (image := row.summary())}
    hidden = masked(contents_of([*images.values()]), visitor, console) if images else frozenset()
    for row in rows:
        image = images.get(row["image_id"])
        if image is not None and image.image_id not in hidden:
            yield Hit(image, _place(row), row["confidence"], row.get("text"))


def label_names(visitor: Visitor, console: Console) -> Sequence[str]:
    """Return the labels that there are; to a reviewer those that are watched: another may be of one image alone."""
    if visitor.is_reviewer:
        return [rule.label for rule in console.services.accuracy.rules]
    return console.labels.of(ALL, lambda: [row["label"] for row in console.graph.query("labels")])


def cursor_of(place: Place | None) -> str | None:
    """Write a place for an address."""
    return None if place is None else urlsafe_b64encode(f"{place.timestamp} {place.image_id}".encode()).decode()


def place_of(cursor: str | None, name: str = "cursor", remedy: str | None = None) -> Place | None:
    """Read a cursor; raise InvalidRequest if we never gave it out. name: of the input, as the request has it."""
    if not cursor:
        return None
    try:
        timestamp, image_id = urlsafe_b64decode(cursor).decode().split(" ", 1)
        datetime.fromtimestamp(int(timestamp), UTC)
        return Place(int(timestamp), image_id)
    except (NotBase64, ValueError, OverflowError, OSError) as error:
        rule = "it must be one that a list has returned"
        raise InvalidRequest(f"The input {name}", rule=rule, remedy=remedy) from error
