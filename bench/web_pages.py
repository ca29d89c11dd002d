"""The pages that the console's benchmark asks for, each with its goals.

Goals of time are of the 95th percentile, in the server's own milliseconds, with four clients at once, on two cores with
all servers on them. Those of requests are what the page may send to DynamoDB, Neo4j and S3 on average; who asks is read
once in ten seconds besides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.graph_data import CAMERAS
from bench.web_environment import CLIENTS, LABEL, OWNERS, REVIEWERS, ROLLED_UP_DAYS, Filled
from sightline.storage.images.keys import DEFAULT_SHARDS
from sightline.web.signed_addresses import AddressSigner

THUMB = 320
COLD = 240
"""Small pictures that are made: a page has 60."""

FEED_READS = 2 * DEFAULT_SHARDS.feed
"""Of the last 24 hours: of two days, each in its shards."""

DAY_READS = DEFAULT_SHARDS.day
MASK = 25
"""What an owner who reviews asks besides: batches, questions, verdicts, what they have seen, and notes of the rest."""

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


def pages(filled: Filled, signer: AddressSigner) -> list[Page]:
    """Return every page that is asked for by GET; what is cold stands before the same when it is warm."""
    newest, days = filled.newest[::-1], filled.days
    last_month, *earlier = filled.months[:2]
    spans = [(window, day) for window in ("28", "7") for day in days[: ROLLED_UP_DAYS // 2]]

    def day(number: int) -> str:
        return days[number % len(days)]

    def of_camera(number: int) -> Address:
        return link("/day", day=day(number // CAMERAS), camera=f"camera-{number % CAMERAS}")

    def of_label(number: int) -> Address:
        return link("/day", day=day(number), label=LABEL, at_least=80)

    def picture(number: int) -> Address:
        row = newest[number % len(newest)]
        return signer.picture(THUMB, row.content.sha256 if row.content else "", row.image_id)

    def week(path: str, **query: object) -> Addresses:
        return lambda number: link(path, label=LABEL, **query, day=day(number % 7))

    def compared(number: int) -> Address:
        # From another confidence each time: a month is kept for each.
        before = earlier[0] if earlier else last_month
        return link("/months", before=before, after=last_month, at_least=50 + number / 100)

    def of_window(number: int) -> Address:
        window, last = spans[number % len(spans)]
        return link("/accuracy", window=window, day=last)

    def image(number: int) -> Address:
        return link("/image", id=newest[number % len(newest)].image_id)

    def beside(number: int) -> Address:
        return link("/image/beside", id=newest[number % len(newest)].image_id, side="before")

    def search(number: int) -> Address:
        return link("/search", label=LABEL, until=day(number % 7))

    whole_day = Most(DAY_READS * CAMERAS * 1.5)
    once = max(len(spans) // CLIENTS, 1)
    return [
        Page("/status", 50, to("/status"), Most()),
        Page("/dead", 50, to("/dead"), Most()),
        Page("/dead, a group", 150, to("/dead?error=NotAnImage"), Most(2)),
        Page("/cost", 100, to("/cost"), Most(4)),
        Page("/rates", 100, to("/rates"), Most(1)),
        Page("/picture, cold", 80, picture, Most(0, 0, 1), gets=COLD // CLIENTS, is_cold=True),
        Page("/picture, warm", 5, lambda number: picture(number % COLD), Most()),
        Page("/search", 400, search, Most(1, 1)),
        Page("/heat, 4 weeks", 400, week("/heat"), Most(0, 1)),
        Page("/heat, 12 weeks", 400, week("/heat", weeks=12), Most(0, 1)),
        Page("/confidence, 4 weeks", 400, week("/confidence"), Most(2, 1)),
        Page("/months, first", 2_000, compared, Most(0, 2), gets=3, is_cold=True),
        Page("/months, kept", 100, to(compared(0)), Most()),
        Page("/accuracy, first", 1_200, of_window, Most(2 * CAMERAS + 4), gets=once, is_cold=True),
        Page("/accuracy, kept", 150, to(of_window(0)), Most(1)),
        Page("/agreement", 100, to("/agreement"), Most(1)),
        Page("/calendar", 150, lambda number: link("/calendar", month=day(number)[:7]), Most(2 + FEED_READS)),
        Page("/image", 200, image, Most(5)),
        Page("/image/beside", 200, beside, Most(1 + DAY_READS)),
        Page("/day, one camera", 250, of_camera, Most(DAY_READS * 2)),
        Page("/new", 500, to("/new"), Most(4 + FEED_READS)),
        Page("/day, nine cameras", 250, lambda number: link("/day", day=day(number)), whole_day),
        Page("/day, a label", 250, of_label, whole_day),
        # The same for owners who review: each looks for what the review hides from them.
        Page("/search, reviewing", 400, search, Most(6, 1), REVIEWERS),
        Page("/heat, a week, reviewing", 400, week("/heat", weeks=1), Most(80, 2), REVIEWERS),
        Page("/day, one camera, reviewing", 250, of_camera, Most(DAY_READS * 2 + MASK), REVIEWERS),
        Page("/review/second", 100, to("/review/second"), Most(4), REVIEWERS),
    ]


def to(path: str) -> Addresses:
    """Return the same address each time."""
    return lambda _: path


def link(path: str, **query: object) -> str:
    """Return an address with its query."""
    return f"{path}?{urlencode(query)}"
