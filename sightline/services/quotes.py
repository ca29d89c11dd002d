"""Quotes: what work would cost before it is paid for.

A listing tells an object's ETag, and objects with the same ETag hold the same bytes, which are paid for once. It does
not tell whether these bytes were paid for under another key, or are no picture: so a quote is a range, down to nothing.
A canary narrows it by paying for a few contents that a hash draws; an exact quote reads every object first.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil, floor, sqrt

from sightline.errors import InvalidUri, RejectedError, SlotRefused
from sightline.models.images import Lane, State
from sightline.queues.publishing import Publish
from sightline.queues.sqs import Depth
from sightline.rekognition.features import feature_named
from sightline.rekognition.preflight import inspect_picture
from sightline.rekognition.prices import billed
from sightline.services.backfill import feature_rates
from sightline.services.collaborators import Services
from sightline.services.costs import read_spent
from sightline.services.ingest import add_images
from sightline.services.listing import Due, look_at_page
from sightline.storage.buckets.protocol import ObjectUri, Prefix

READERS = 16
"""Threads that read objects for an exact quote."""

POLL_SECONDS = 2.0

SURE = 2.576
"""Standard errors on both sides of what a canary tells: it holds 99 times of 100."""

ENDED = {State.COMPLETE, State.ANALYSED, State.REJECTED, State.GONE, State.STUCK}


@dataclass(frozen=True, slots=True)
class Range:
    """From … to …, both possible."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Quote:
    """What work would cost. images: that are looked at; already_paid: of those that were listed, or read.

    calls: by feature; usd: at the month's tier and region; hours: at today's rates, if nothing else is done
    """

    images: int
    already_paid: int
    calls: Mapping[str, Range]
    usd: Range
    hours: Range

    @property
    def is_free(self) -> bool:
        """Return whether nothing can be paid for."""
        return not any(each.most for each in self.calls.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """One content that is to be asked about, by one of its images. mark: its ETag, or the image's name without one."""

    mark: str
    image_id: str
    features: frozenset[str]

    @property
    def draw(self) -> str:
        """Return a number by which a canary draws."""
        return hashlib.sha256(self.mark.encode()).hexdigest()


@dataclass(slots=True)
class Listing:
    """What is to be done, as far as rows and listings tell. It takes some 300 bytes of memory for each content."""

    images: int = 0
    already_paid: int = 0
    contents: dict[str, Wanted] = field(default_factory=dict)

    def take(self, each: Wanted) -> None:
        """Count an image; its bytes count once."""
        self.images += 1
        known = self.contents.get(each.mark, each)
        self.contents[each.mark] = replace(known, features=known.features | each.features)


def list_due(prefix: Prefix, services: Services) -> Iterator[Listing]:
    """List what a backfill would send, page by page; change nothing."""
    listing, after = Listing(), None
    while page := services.buckets.list_page(prefix.bucket, prefix.key_prefix, after):
        found = look_at_page(page, services.images, services.plan, follows_plan=True)
        for due in found.due:
            listing.take(_wanted(due))
        folders = sum(head.uri.key.endswith("/") for head in page)
        listing.already_paid += len(page) - len(found.due) - found.skipped - folders
        after = page[-1].uri.key
        yield listing


def _wanted(due: Due) -> Wanted:
    return Wanted(due.head.etag or due.image_id, due.image_id, due.pays_for)


def list_images(image_ids: Iterable[str], services: Services) -> Listing:
    """List images that are looked at again: what their rows have is not paid for again, if their bytes still stand."""
    listing, features = Listing(), frozenset(services.plan.features)
    ids = [*dict.fromkeys(image_ids)]
    rows = services.images.get_many(ids)
    for image_id in ids:
        row = rows.get(image_id)
        mark = row.content.sha256 if row and row.content else image_id
        listing.take(Wanted(mark, image_id, features))
    return listing


def quote(listing: Listing, services: Services) -> Quote:
    """Return the range that a listing leaves: nothing, or one call for each content and feature."""
    most = _features(listing.contents.values())
    return _quote(listing, {name: Range(0, number) for name, number in most.items()}, services)


def exact_quote(listing: Listing, services: Services, tell: Callable[[], None] = lambda: None) -> Quote:
    """Read every content, as ingest would, and return what would be paid. tell: called after each."""

    def read(each: Wanted) -> set[tuple[str, str]] | None:
        found = _unpaid(each, services)
        tell()
        return found

    with ThreadPoolExecutor(READERS, thread_name_prefix="quote") as pool:
        found = [*pool.map(read, listing.contents.values())]
    unpaid = {each for ids in found if ids for each in ids}
    calls = Counter(feature for feature, _ in unpaid)
    paid = sum(ids == set() for ids in found)
    known = Listing(listing.images, listing.already_paid + paid, listing.contents)
    names = _features(listing.contents.values())
    return _quote(known, _by_need({name: Range(calls[name], calls[name]) for name in names}, services), services)


def _unpaid(each: Wanted, services: Services) -> set[tuple[str, str]] | None:
    """Return (feature, analysis id) of what the ledger lacks of these bytes; None if ingest would refuse them."""
    try:
        _, data = services.buckets.get(ObjectUri.parse(each.image_id))
        inspect_picture(each.image_id, data)
    except (RejectedError, InvalidUri):
        return None
    content = hashlib.sha256(data).hexdigest()
    asked = {(name, services.plan.ids(content, name)[0]) for name in each.features}
    entries = {name: services.ledger.get(name) for _, name in asked}
    return {(feature, name) for feature, name in asked if not ((entry := entries[name]) and entry.is_settled)}


@dataclass(frozen=True, slots=True)
class Canary:
    """What a canary has shown. drawn: contents; paid: of them by feature; asked: how many were to be asked about."""

    drawn: int
    asked: Mapping[str, int]
    paid: Mapping[str, int]


def draw_canary(listing: Listing, number: int) -> list[Wanted]:
    """Return contents that a hash draws, so that the next run draws the same."""
    return sorted(listing.contents.values(), key=lambda each: each.draw)[:number]


def pay_canary(drawn: Sequence[Wanted], services: Services, send: Publish) -> Canary:
    """Send the drawn images, wait until each has ended, and count what was paid. SlotRefused if the process stops."""
    begun = services.clock()
    ids = [each.image_id for each in drawn]
    add_images(ids, Lane.BACKFILL, services, send)
    while not _have_ended(ids, services):
        if services.stopping.wait(POLL_SECONDS):
            raise SlotRefused("the canary", rule="a process that is to stop waits for nothing")
    rows = services.images.get_many(ids).values()
    paid = Counter(
        feature
        for row in rows
        for feature, name in row.wanted.items()
        if _was_paid(name, row.image_id, begun, services)
    )
    return Canary(len(drawn), _features(drawn), paid)


def _have_ended(ids: Sequence[str], services: Services) -> bool:
    rows = services.images.get_many(ids)
    return all(image_id in rows and rows[image_id].state in ENDED for image_id in ids)


def _was_paid(analysis_id: str, image_id: str, since: datetime, services: Services) -> bool:
    entry = services.ledger.get(analysis_id)
    is_own = entry is not None and entry.analysis.image_id == image_id and entry.cost_micro_usd > 0
    return bool(is_own and entry and entry.paid_at and entry.paid_at >= since)


def narrowed(listing: Listing, canary: Canary, services: Services) -> Quote:
    """Return the range of what is left after a canary, as its share of paid calls tells."""
    calls = {}
    for name, number in _features(listing.contents.values()).items():
        left = number - canary.asked.get(name, 0)
        low, high = share_between(canary.paid.get(name, 0), canary.asked.get(name, 0), left)
        calls[name] = Range(floor(left * low), ceil(left * high))
    rest = Listing(listing.images - canary.drawn, listing.already_paid, listing.contents)
    return _quote(rest, _by_need(calls, services), services)


def share_between(found: int, drawn: int, left: int) -> tuple[float, float]:
    """Return between which shares those that are left lie if so many of those drawn have it (Wilson's interval).

    Both the drawn and the left differ from the whole by chance: together as much as a draw of `size` from very many.
    """
    if not drawn or not left:
        return 0.0, 1.0
    size = drawn * left / (drawn + left)
    share, weight = found / drawn, SURE**2 / size
    middle = share + weight / 2
    off = SURE * sqrt(share * (1 - share) / size + weight / (4 * size))
    return max(0.0, (middle - off) / (1 + weight)), min(1.0, (middle + off) / (1 + weight))


def quote_events(depths: Iterable[Depth], services: Services) -> Quote:
    """Return what the events that wait in queues may cost: each is one image at the most, and most may ask for nothing.

    No message is taken for it. SQS counts about, and those that are handed out come again if their listener died.
    """
    events = sum(depth.waiting + depth.handed_out for depth in depths)
    return _quote(Listing(events), {name: Range(0, events) for name in services.plan.features}, services)


def quote_calls(images: int, calls: Mapping[str, int], services: Services) -> Quote:
    """Return the quote of calls whose number is known. The images that need none are those that are paid already."""
    paid = max(0, images - max(calls.values(), default=0))
    return _quote(Listing(images, paid), {name: Range(number, number) for name, number in calls.items()}, services)


def _features(contents: Iterable[Wanted]) -> dict[str, int]:
    return dict(sorted(Counter(name for each in contents for name in each.features).items()))


def _by_need(calls: Mapping[str, Range], services: Services) -> dict[str, Range]:
    """Return the range of calls of which some may be spared: nobody has seen the labels yet, nor who stands in."""
    plan = services.plan
    spared = plan.need.spared(plan.features) if plan.need else ()
    return {name: Range(0, each.most) if name in spared else each for name, each in calls.items()}


def _quote(listing: Listing, calls: Mapping[str, Range], services: Services) -> Quote:
    usd = [price_calls({name: int(side(each)) for name, each in calls.items()}, services) / 1e6 for side in _SIDES]
    hours = [_hours({name: side(each) for name, each in calls.items()}, services) for side in _SIDES]
    return Quote(listing.images, listing.already_paid, calls, Range(*usd), Range(*hours))


_SIDES: tuple[Callable[[Range], float], ...] = (lambda each: each.least, lambda each: each.most)


def price_calls(calls: Mapping[str, int], services: Services) -> int:
    """Return what so many calls of the usual requests add to this month, in millionths of a US dollar."""
    prices, today = services.prices, services.clock().date()
    before: Counter[str] = Counter()
    for line, number in read_spent(services.operations, today.replace(day=1), today).items():
        if line.reason.is_sure:
            before.update({prices.meter_named(called): number for called in line.billed})
    units: Counter[str] = Counter()
    for name, number in calls.items():
        for called in billed(feature_named(name), services.plan.features[name]):
            units[prices.meter_named(called)] += number
    return sum(prices.of_month(meter, number, before[meter]) for meter, number in units.items())


def _hours(calls: Mapping[str, float], services: Services) -> float:
    rates = feature_rates(services)
    return max((number / rates[name] / 3600 for name, number in calls.items() if number), default=0.0)
