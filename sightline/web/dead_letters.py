"""Dead letters as operators choose them: a group by error, a page of it by its place, and some of that page.

A key may have a thousand bytes, and a form of fifty of them would be too large: so forms name a letter by a digest, and
what they mean is found by reading its page again.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from uuid import uuid4

from sightline.errors import SightlineError
from sightline.queues.steps import TAKE
from sightline.rekognition.features import feature_named
from sightline.services.dead_letter_groups import Group, read_groups
from sightline.services.redrive import Choice, image_of, redrive
from sightline.services.videos import agreed_to
from sightline.storage.dead_letters import CLOSED_LETTERS_LAST, DeadLetter
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.web.acts import Acting
from sightline.web.console import Console
from sightline.web.errors import WebError
from sightline.web.visitors import Visitor

SHOWN = 50
"""Letters of a page."""

LOOKED_AT = 500
"""The most letters that a page reads, open and closed ones, to find those that it shows."""

MOST_AT_ONCE = 200
"""The most that one request redrives or closes: each is a few writes."""

DIGEST_DIGITS = 16

FORM_LASTS = timedelta(days=1)
NOTED_CHARACTERS = 200
"""Of an id in the audit log: two hundred of them must fit into an item."""


class DoneAlready(WebError):
    """The same form was sent twice."""

    status = HTTPStatus.CONFLICT
    rule = "a form is done once"
    remedy = "See what came of it in the list, or in the log"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which letters are wanted. after: the place behind which the page begins; camera: "" for none."""

    error: str | None = None
    camera: str | None = None
    since: date | None = None
    until: date | None = None
    closed: bool = False
    after: str | None = None

    @property
    def choice(self) -> Choice:
        """Return what takes a letter."""
        return Choice(
            error=self.error,
            camera=self.camera or None,
            no_camera=self.camera == "",
            since=_begin(self.since) if self.since else None,
            until=_begin(self.until) + timedelta(days=1) if self.until else None,
        )

    def query(self, **changed: object) -> dict[str, object]:
        """Return what an address says of it."""
        mine = {
            "error": self.error,
            "camera": self.camera,
            "since": self.since,
            "until": self.until,
            "closed": 1 if self.closed else None,
            "after": self.after,
        }
        return mine | changed


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Letters of one page. after: where the next one begins, None at the end."""

    letters: Sequence[DeadLetter]
    after: str | None


def groups_of(console: Console) -> Mapping[str, Group]:
    """Return the open letters by error, read at most once a minute."""
    services = console.services
    letters, camera_of = services.operations.dead_letters, services.rejection_breaker.camera_of
    return console.dead_groups.of("", lambda: read_groups(letters, camera_of))


def read_page(asked: Asked, console: Console, shown: int = SHOWN) -> LetterPage:
    """Read one page. It looks through LOOKED_AT letters at most, and the next page goes on from there.

    Open and closed letters of an error stand among one another, so a few closed ones may lie behind very many open.
    """
    services, choice = console.services, asked.choice
    is_picked = asked.closed or choice != Choice(error=asked.error)
    at_once = LOOKED_AT if is_picked else shown + 1
    read = services.operations.dead_letters.walk(error=asked.error, after=asked.after, limit=LOOKED_AT, page=at_once)
    camera_of = services.rejection_breaker.camera_of
    taken: list[DeadLetter] = []
    last, looked = None, 0
    for letter in read:
        if _is_asked(letter, asked, console) and choice.takes(letter, camera_of):
            if len(taken) == shown:
                return LetterPage(taken, last)
            taken.append(letter)
        last, looked = place_of(letter), looked + 1
    return LetterPage(taken, last if looked == LOOKED_AT else None)


def _is_asked(letter: DeadLetter, asked: Asked, console: Console) -> bool:
    """Return whether a letter is open, or was closed lately, as it is asked for."""
    if letter.closed_at is None:
        return not asked.closed
    return asked.closed and letter.closed_at > console.now - CLOSED_LETTERS_LAST


def place_of(letter: DeadLetter) -> str:
    """Return where a letter stands among all."""
    return sort_key(letter.dead_letter_id)


def digest_of(letter: DeadLetter) -> str:
    """Return what a form calls a letter."""
    return hashlib.sha256(place_of(letter).encode()).hexdigest()[:DIGEST_DIGITS]


def chosen(asked: Asked, picked: Collection[str], console: Console) -> LetterPage:
    """Return the open letters that a form means: those picked of its page, or without any the first MOST_AT_ONCE."""
    page = read_page(asked, console, MOST_AT_ONCE)
    return LetterPage([each for each in page.letters if not picked or digest_of(each) in picked], page.after)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a redrive does. images: that are looked at again, or taken of a video; nameless: letters that name none."""

    images: int
    nameless: int
    usd_at_most: float


def quote(letters: Sequence[DeadLetter], console: Console) -> Quote:
    """Return what a redrive costs at most: one answer of each feature for each image, none of them paid before."""
    images = {image for each in letters if each.step != TAKE and (image := image_of(each))}
    rows = [console.services.videos.get(each.subject) for each in letters if each.step == TAKE]
    count = len(images) + sum(agreed_to(row) for row in rows if row)
    nameless = rows.count(None) + sum(image_of(each) is None for each in letters if each.step != TAKE)
    features = console.services.plan.features
    each = sum(
        console.services.prices.of_call(feature_named(name), parameters) for name, parameters in features.items()
    )
    return Quote(count, nameless, count * each / 1e6)


def redrive_once(letters: Sequence[DeadLetter], once: str, visitor: Visitor, console: Console) -> Counter[str]:
    """Send the images of letters again. Raise DoneAlready if this form was sent before."""
    services = console.services
    with _acting("redrive", letters, once, visitor, console) as acting:
        batches = redrive(
            letters, services.images, services.videos, services.job_runner, services.operations, console.send
        )
        counts: Counter[str] = sum(batches, Counter())
        acting.end(dict(counts))
    return counts


def close_once(letters: Sequence[DeadLetter], reason: str, once: str, visitor: Visitor, console: Console) -> int:
    """Close letters; return how many were open. Raise DoneAlready if this form was sent before."""
    store = console.services.operations.dead_letters
    with _acting("close", letters, once, visitor, console, reason=reason) as acting:
        closed = sum(console.reads.map(store.close, [each.dead_letter_id for each in letters]))
        acting.end({"closed": closed})
    return closed


@contextmanager
def _acting(
    what: str, letters: Sequence[DeadLetter], once: str, visitor: Visitor, console: Console, **details: str
) -> Iterator[Acting]:
    """Do something with letters once: nobody gets the form's own lease twice. If it fails, it may be tried again."""
    leases = console.services.operations.leases
    lease = leases.acquire(f"form#{visitor.user}#{once}", uuid4().hex, FORM_LASTS)
    if lease is None:
        raise DoneAlready("this form")
    acting = Acting(what, f"{len(letters)} dead letters", visitor, console)
    try:
        acting.begin({**details, "ids": [each.dead_letter_id[:NOTED_CHARACTERS] for each in letters]})
        yield acting
    except SightlineError:
        leases.release(lease)
        raise
    finally:
        forget(console)


def forget(console: Console) -> None:
    """Have the counts read again."""
    console.dead_groups.drop(lambda _: True)
    console.status.forget("dead_letters")
