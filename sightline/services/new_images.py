"""What is new since a user last looked: by arrival, so that an image that comes late is new whenever it was taken.

Arrival is the feed's order. A row may enter the feed behind others (see `sightline/services/sync.py`), so what a user
has seen is a position that never passes `OVERLAP` before the moment of reading, and the positions after it that were
shown. An image is marked only if it was shown. It is new again when its answers have changed: it then has another
position.
"""

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from sightline.errors import SightlineError
from sightline.models.images import Capture, FeedEntry
from sightline.services.sync import OVERLAP, SETTLE, days_between
from sightline.storage.images.positions import position_at, time_of
from sightline.storage.images.protocol import ImageStore
from sightline.storage.side_by_side import DoEach, read_first
from sightline.storage.users.protocol import Look, UserStore

FIRST_LOOK = timedelta(hours=24)
"""What is new to a user who has never looked."""

DAYS_BACK = 8
"""After a longer absence only the last days are listed: each UTC day takes a read of every shard of the feed."""

LATE = timedelta(hours=24)
"""How long after a picture was taken its arrival is late: it was uploaded or looked at again, and is no news."""

MOST_AT_ONCE = 200

MOST_FOR_DAYS = 5_000
"""How many new images are looked through for the days that have some."""

MOST_REMEMBERED = 5_000
"""How many positions after the user's own are remembered: 26 bytes each, twice, in an item of at most 400 KB."""

TRIES = 5


class TooManyAtOnce(SightlineError):
    """More images have been seen within a few minutes than are remembered one by one."""

    rule = f"at most {MOST_REMEMBERED:,} images that arrived within ten minutes can be marked as seen"
    remedy = "Mark them ten minutes later"


class PageTooOld(SightlineError):
    """What a page has shown does not say any more what its user has seen."""

    rule = "a mark was undone after this page was opened"
    remedy = "Open the page again"


@dataclass(frozen=True, slots=True)
class NewImages:
    """What a user is shown, in the order of arrival.

    until: up to here everything that had arrived when it was read is among `entries`, or seen, or `left_out` because
    the user has not looked for so long; is_all: nothing follows
    """

    entries: tuple[FeedEntry, ...]
    until: str
    read_at: datetime
    is_all: bool
    left_out: bool = False

    @property
    def shown(self) -> frozenset[str]:
        """Return the positions that must be remembered one by one."""
        safe = _settled(self.until, self.read_at)
        return frozenset(each.position for each in self.entries if each.position > safe)


def is_late(entry: FeedEntry, capture: Capture) -> bool:
    """Return whether an image arrived long after it was taken."""
    return time_of(entry.position) - capture.taken_at > LATE


def new_images(
    look: Look | None, images: ImageStore, now: datetime, most: int = MOST_AT_ONCE, read_each: DoEach = map
) -> NewImages:
    """Return the images that arrived first among those that this user has not seen.

    read_each: how the shards of the feed are begun
    """
    seen = look or Look(position_at(now - FIRST_LOOK))
    farthest = position_at(now - timedelta(days=DAYS_BACK))
    after, until, left_out = max(seen.position, farthest), position_at(now - SETTLE), seen.position < farthest
    shards = [_entries(images, shard, after, until, most + 1) for shard in range(images.shards.feed)]
    in_order = heapq.merge(*read_each(read_first, shards), key=lambda entry: entry.position)
    found = tuple(islice((each for each in in_order if each.position not in seen.shown), most + 1))
    entries = found[:most]
    if len(found) > most:
        return NewImages(entries, entries[-1].position, now, is_all=False, left_out=left_out)
    return NewImages(entries, max(until, seen.position), now, is_all=True, left_out=left_out)


def _entries(images: ImageStore, shard: int, after: str, until: str, most: int) -> Iterable[FeedEntry]:
    for day in days_between(after, until):
        yield from images.feed(shard, day, after, until, page=most)


@dataclass(frozen=True, slots=True)
class DaysWithNew:
    """The capture days of images that a user has not seen.

    settled: of the first `count` images, which are all up to the position `until`: nothing enters the feed before it
    any more; newer: of those that came later
    """

    settled: frozenset[str]
    newer: frozenset[str]
    until: str
    count: int

    @property
    def days(self) -> frozenset[str]:
        """Return all of them."""
        return self.settled | self.newer


def days_with_new(
    look: Look | None,
    images: ImageStore,
    now: datetime,
    known: DaysWithNew | None = None,
    read_each: DoEach = map,
) -> DaysWithNew:
    """Return the capture days of images that this user has not seen: of the days back, and of so many images.

    known: what was found before, for the same look: only what came since is read; read_each: as in `new_images`
    """
    seen = look or Look(position_at(now - FIRST_LOOK))
    known = known or DaysWithNew(frozenset(), frozenset(), seen.position, 0)
    left = MOST_FOR_DAYS - known.count
    if left <= 0:
        return known
    found = new_images(replace(seen, position=max(seen.position, known.until)), images, now, left, read_each)
    until = _settled(found.until, now)
    settled = [each for each in found.entries if each.position <= until]
    newer = found.entries[len(settled) :]
    return DaysWithNew(known.settled | _days_of(settled), _days_of(newer), until, known.count + len(settled))


def _days_of(entries: Iterable[FeedEntry]) -> frozenset[str]:
    return frozenset(each.camera_day.day for each in entries if each.camera_day is not None)


NOTHING = position_at(datetime.fromtimestamp(0, UTC))
"""A position before all others."""


def until_chosen(positions: Sequence[str], chosen: Collection[str], until: str) -> str:
    """Return the position up to which all of these, in order, are chosen; at most `until`."""
    last = NOTHING
    for position in positions:
        if position not in chosen:
            return min(last, until)
        last = position
    return until


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page has shown, as `NewImages` has it. number: of the look that it was read for; 0 if there was none."""

    until: str
    positions: frozenset[str]
    read_at: datetime
    number: int


def mark_seen(user: str, page: Shown, users: UserStore) -> Look:
    """Mark what a page has shown; return how the user's look stands then. An older page moves nothing back.

    Raise TooManyAtOnce if too much would have to be remembered, PageTooOld if a mark was undone since: the page has
    not shown what is new again.
    """
    for _ in range(TRIES):
        former = users.look(user)
        if former and page.number < former.undone:
            raise PageTooOld(user)
        look = _marked(former, page)
        if len(look.shown) > MOST_REMEMBERED:
            raise TooManyAtOnce(user)
        if users.keep_look(user, look, former):
            return look
    raise PageTooOld(user, rule="other pages of this user mark images at the same moment")


def _marked(former: Look | None, page: Shown) -> Look:
    known = former or Look(position_at(page.read_at - FIRST_LOOK))
    position = max(_settled(page.until, page.read_at), known.position)
    shown = frozenset(each for each in known.shown | page.positions if each > position)
    return Look(position, shown, known.number + 1, known.undone, replace(known, before=None))


def undo_seen(user: str, number: int, users: UserStore) -> bool:
    """Bring back what was new before the mark of this number; return False if it is not the last one any more."""
    look = users.look(user)
    if look is None or look.number != number or look.before is None:
        return False
    return users.keep_look(user, replace(look.before, number=number + 1, undone=number + 1), look)


def _settled(until: str, read_at: datetime) -> str:
    """Return the position up to which nothing may arrive any more that was not there when it was read."""
    return min(until, position_at(read_at - OVERLAP))
