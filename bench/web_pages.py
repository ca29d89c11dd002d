"""The pages that the console's benchmark asks for, each with its goals.

Goals of time are of the 95th percentile, in the server's own milliseconds, with four clients at once, on two cores with
all servers on them. Those of requests are what the page may send to DynamoDB, Neo4j and S3 on average; who asks is read
once in ten seconds besides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.graph_data import CAMERAS
from bench.web_environment import CLIENTS, LABEL, OWNERS, REVIEWERS, Filled
from sightline.models.images import ImageRow
from sightline.storage.images.keys import DEFAULT_SHARDS
from sightline.web.signed_addresses import AddressSigner

THUMB = 320
COLD = 240
"""Small pictures that are made: a page has 60."""

WINDOWS = 12
"""Of a pattern, each asked for once."""

FEED_READS = 2 * DEFAULT_SHARDS.feed
"""Of the last 24 hours: of two days, each in its shards."""

DAY_READS = 2
"""Of a camera's day: whether it is spread, and its first shard."""
MASK = 6
"""What an owner who reviews asks besides: batches, questions, verdicts, what they have seen, and notes of the rest."""

FIGURES = 2 * CAMERAS + 4
"""Of a window that was not looked at before."""

ENDS = 14
"""Days on which the windows of accuracy end."""

Address = str
Addresses = Callable[[int], Address]


@dataclass(frozen=True, slots=True)
class Most:
    """How many requests a page may send."""

    dynamodb: float = 0.0
    neo4j: float = 0.0
    s3: float = 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """A page. address: of the n-th request of all; gets: of each client; None: as many as the benchmark is told.

    is_cold: each address is asked for once, and nothing before the measurement
    """

    name: str
    goal_ms: float
    address: Addresses
    most: Most
    users: Sequence[str] = OWNERS
    gets: int | None = None
    is_cold: bool = False


BATCH_READS = Most(CAMERAS + 20)
"""Of each camera the verdicts on its day; the plan, and the batch itself."""

OF_COUNTS = Most(2)
"""The marks of days that have changed, and what the roll-ups have counted: nothing is left to the graph."""


def pages(filled: Filled, signer: AddressSigner) -> list[Page]:
    """Return every page that is asked for by GET; what is cold stands before the same when it is warm."""
    asked = Addressed(filled, signer)
    return [*_of_operators(), *_of_pictures(asked), *_of_patterns(asked), *_of_days(asked), *_of_reviewers(asked)]


@dataclass(frozen=True, slots=True)
class Addressed:
    """The addresses of the pages that go by what was filled: each method returns that of the n-th request."""

    filled: Filled
    signer: AddressSigner

    def day(self, number: int) -> str:
        """Return a day that has ended."""
        return self.filled.days[number % len(self.filled.days)]

    def newest(self, number: int) -> ImageRow:
        """Return an image, the newest first."""
        return self.filled.newest[-1 - number % len(self.filled.newest)]

    def of_day(self, number: int) -> Address:
        """Ask for all cameras' day."""
        return link("/day", day=self.day(number))

    def of_camera(self, number: int) -> Address:
        """Ask for one camera's day."""
        return link("/day", day=self.day(number // CAMERAS), camera=f"camera-{number % CAMERAS}")

    def of_label(self, number: int) -> Address:
        """Ask for what shows a label on a day."""
        return link("/day", day=self.day(number), label=LABEL, at_least=80)

    def calendar(self, number: int) -> Address:
        """Ask for the month of a day."""
        return link("/calendar", month=self.day(number)[:7])

    def picture(self, number: int) -> Address:
        """Ask for a small picture."""
        row = self.newest(number)
        return self.signer.picture(THUMB, row.content.sha256 if row.content else "", row.image_id)

    def image(self, number: int) -> Address:
        """Ask for an image."""
        return link("/image", id=self.newest(number).image_id)

    def beside(self, number: int) -> Address:
        """Ask for the image before one."""
        return link("/image/beside", id=self.newest(number).image_id, side="before")

    def search(self, number: int) -> Address:
        """Ask for what shows a label up to a day."""
        return link("/search", label=LABEL, until=self.day(number % 7))

    def pattern(self, path: str, **query: object) -> Addresses:
        """Ask for a pattern that ends on a day, another each time."""
        return lambda number: link(path, label=LABEL, **query, day=self.day(number))

    def months(self, number: int) -> Address:
        """Compare two months, from another confidence each time: a month is counted once for all of them."""
        last_month, *earlier = self.filled.months[:2]
        return link("/months", before=(earlier or [last_month])[0], after=last_month, at_least=50 + number % 50)

    @property
    def spans(self) -> list[tuple[str, str]]:
        """Return the windows of accuracy that are asked for: their length, and their last day."""
        return [(window, day) for window in ("28", "7") for day in self.filled.days[:ENDS]]

    def accuracy(self, number: int) -> Address:
        """Ask for a window's figures."""
        window, last = self.spans[number % len(self.spans)]
        return link("/accuracy", window=window, day=last)


def _of_operators() -> list[Page]:
    return [
        Page("/status", 50, to("/status"), Most()),
        Page("/dead", 50, to("/dead"), Most()),
        Page("/dead, a group", 150, to("/dead?error=NotAnImage"), Most(2)),
        Page("/cost", 100, to("/cost"), Most(4)),
        Page("/rates", 100, to("/rates"), Most(1)),
    ]


def _of_pictures(asked: Addressed) -> list[Page]:
    return [
        Page("/picture, cold", 80, asked.picture, Most(0, 0, 1), gets=COLD // CLIENTS, is_cold=True),
        Page("/picture, warm", 5, lambda number: asked.picture(number % COLD), Most()),
        Page("/search", 400, asked.search, Most(1, 1)),
    ]


def _of_patterns(asked: Addressed) -> list[Page]:
    windows = max(len(asked.spans) // CLIENTS, 1)
    return [
        *_first_and_kept("/heat, 4 weeks", asked.pattern("/heat"), OF_COUNTS),
        *_first_and_kept("/heat, 12 weeks", asked.pattern("/heat", weeks=12), OF_COUNTS),
        *_first_and_kept("/confidence, 4 weeks", asked.pattern("/confidence"), Most(OF_COUNTS.dynamodb + FIGURES)),
        Page("/months, first", 2_000, asked.months, Most(0, 2), gets=1, is_cold=True),
        Page("/months, kept", 100, asked.months, Most()),
        Page("/accuracy, first", 1_200, asked.accuracy, Most(FIGURES), gets=windows, is_cold=True),
        Page("/accuracy, kept", 150, to(asked.accuracy(0)), Most(1)),
        Page("/agreement", 100, to("/agreement"), Most(1)),
    ]


def _first_and_kept(name: str, address: Addresses, most: Most) -> list[Page]:
    """Return a page of which no window was asked for before, and the same of one that is asked for again and again."""
    return [
        Page(f"{name}, first", 400, address, most, gets=WINDOWS // CLIENTS, is_cold=True),
        Page(f"{name}, kept", 400, to(address(0)), most),
    ]


def _of_days(asked: Addressed) -> list[Page]:
    whole_day = Most(1 + CAMERAS * 1.5)
    return [
        Page("/calendar, first", 150, asked.calendar, Most(3 + FEED_READS), gets=1, is_cold=True),
        Page("/calendar, kept", 150, asked.calendar, Most(2 + FEED_READS)),
        Page("/image", 200, asked.image, Most(5)),
        Page("/image/beside", 200, asked.beside, Most(1 + DAY_READS)),
        Page("/day, one camera", 250, asked.of_camera, Most(DAY_READS + 1)),
        Page("/new", 500, to("/new"), Most(4 + FEED_READS)),
        Page("/day, nine cameras", 250, asked.of_day, whole_day),
        Page("/day, a label", 250, asked.of_label, whole_day),
    ]


def _of_reviewers(asked: Addressed) -> list[Page]:
    """Return the same for owners who review: each looks for what the review hides from them."""
    return [
        Page("/search, reviewing", 400, asked.search, Most(6, 1), REVIEWERS),
        Page("/heat, a week, reviewing", 400, asked.pattern("/heat", weeks=1), Most(10, 2), REVIEWERS),
        Page("/day, one camera, reviewing", 250, asked.of_camera, Most(DAY_READS + 1 + MASK), REVIEWERS),
        Page("/review/second", 100, to("/review/second"), Most(4), REVIEWERS),
    ]


def to(path: str) -> Addresses:
    """Return the same address each time."""
    return lambda _: path


def link(path: str, **query: object) -> str:
    """Return an address with its query."""
    return f"{path}?{urlencode(query)}"
