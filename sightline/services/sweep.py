"""Sweep: find what no message announced. Objects without a row or with other bytes, and rows whose object is gone.

Three walks, each in small pages with its position kept, so that a run may end anywhere and the next one goes on:
today's folders (each minute), all objects, and all rows (both begin again each half day, so done within a day).
Whatever is found is ingested: that step looks at the object itself, so a sweep can be late, or wrong, without harm.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sightline.errors import ImageMissing
from sightline.models.answers import Json
from sightline.models.images import ImageRow, Lane, State
from sightline.queues.publishing import Publish, publish
from sightline.services.backfill import feature_rates, room
from sightline.services.capture import zone_of
from sightline.services.collaborators import Services, SweepPlan
from sightline.services.ingest import add_images
from sightline.services.listing import look_at_page
from sightline.storage.buckets.protocol import Buckets, ObjectHead, ObjectUri, Prefix

NAME = "sweep_bucket"

HALF_A_DAY = timedelta(hours=12)
POSITION_LASTS = timedelta(days=7)
AROUND_MIDNIGHT = timedelta(hours=1)
"""For so long yesterday's folder is swept as well."""

RUN_SECONDS = 60
"""At most as many images are sent in a run as the slowest feature can do until the next one, and none while ten
minutes of work wait: a page of one walk more or less."""

ROWS_A_PAGE = 200
HEADS_AT_ONCE = 8

SKIPPED = "skipped"
"""Under which a run counts the objects that are no images."""


class Found(NamedTuple):
    """What a page holds: the position after it, the ids of images to ingest, and how many objects are no images."""

    after: str
    due: list[str]
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk. every: how long after its start it starts again; pages: from a position to the end."""

    name: str
    lane: Lane
    every: timedelta
    pages: Callable[[str | None], Iterator[Found]]


def sweep(services: Services, goes_on: Callable[[], bool], send: Publish = publish) -> dict[str, Json]:
    """Go on with every walk, a page of each in turn, until the time is over or enough is found.

    Return how many images each walk sent, and how many objects were skipped, if there were any.
    """
    most = min(int(RUN_SECONDS * min(feature_rates(services).values())), room(services))
    sent: Counter[str] = Counter()
    skipped = 0
    going = {walk.name: _steps(walk, services, send) for walk in walks(services)}
    while going and sent.total() < most and goes_on():
        name = next(iter(going))
        steps = going.pop(name)
        found = next(steps, None)
        if found is not None:
            sent[name] += len(found.due)
            skipped += found.skipped
            going[name] = steps  # behind the others: a page of each in turn
    return {**sent, SKIPPED: skipped} if skipped else {**sent}


def walks(services: Services) -> list[Walk]:
    """Return the walks of each prefix, today's first."""
    prefixes = services.sweep.prefixes
    return [
        *(Walk(f"today of {prefix}", Lane.LIVE, timedelta(0), _today(prefix, services)) for prefix in prefixes),
        *(Walk(f"objects of {prefix}", Lane.BACKFILL, HALF_A_DAY, _objects(prefix, services)) for prefix in prefixes),
        *(Walk(f"rows of {prefix}", Lane.BACKFILL, HALF_A_DAY, _rows(prefix, services)) for prefix in prefixes),
    ]


def _steps(walk: Walk, services: Services, send: Publish) -> Iterator[Found]:
    """Walk on from the kept position; return what each page held, after its images were sent and its position kept."""
    name = f"sweep {walk.name}"
    kept = services.operations.checkpoints.get(name) or _beginning(services.clock())
    if kept["is_done"]:
        if services.clock() < datetime.fromisoformat(kept["began_at"]) + walk.every:
            return
        kept = _beginning(services.clock())
    for found in walk.pages(kept["after"]):
        add_images(found.due, walk.lane, services, send)
        services.operations.checkpoints.keep(name, {**kept, "after": found.after}, POSITION_LASTS)
        yield found
    services.operations.checkpoints.keep(name, {**kept, "is_done": True}, POSITION_LASTS)


def _beginning(now: datetime) -> Mapping[str, Any]:
    return {"after": None, "is_done": False, "began_at": now.isoformat()}


def _today(prefix: Prefix, services: Services) -> Callable[[str | None], Iterator[Found]]:
    return lambda after: _due(
        _pages_of_today(prefix, services.buckets, services.sweep, services.clock(), after), services
    )


def _objects(prefix: Prefix, services: Services) -> Callable[[str | None], Iterator[Found]]:
    return lambda after: _due(_pages(services.buckets, prefix.bucket, prefix.key_prefix, after), services)


def _due(pages: Iterator[list[ObjectHead]], services: Services) -> Iterator[Found]:
    for page in pages:
        listed = look_at_page(page, services.images, services.plan, follows_plan=False)
        yield Found(page[-1].uri.key, [each.image_id for each in listed.due], listed.skipped)


def _pages(buckets: Buckets, bucket: str, prefix: str, after: str | None) -> Iterator[list[ObjectHead]]:
    while page := buckets.list_page(bucket, prefix, after):
        yield page
        after = page[-1].uri.key


def _pages_of_today(
    prefix: Prefix, buckets: Buckets, plan: SweepPlan, now: datetime, after: str | None
) -> Iterator[list[ObjectHead]]:
    """List today's folder of each camera, or of the one whose own folder the prefix is.

    One object is asked for to learn of the next camera, then all its others are jumped over: a request or two for each
    camera, however many objects it has.
    """
    begin = after or ""
    if prefix.key_prefix.endswith("/"):
        yield from _pages_of_camera(prefix.bucket, prefix.key_prefix, begin, buckets, plan, now)
    while next_one := buckets.list_page(prefix.bucket, prefix.key_prefix, after, limit=1):
        key = next_one[0].uri.key
        below = key.removeprefix(prefix.key_prefix)
        first, slash, _ = below.partition("/")
        after = key
        if not slash:
            continue
        if _is_of_a_day(below, plan.day_folder):  # the prefix is a camera's own folder
            return
        folder = f"{prefix.key_prefix}{first}/"
        yield from _pages_of_camera(prefix.bucket, folder, begin, buckets, plan, now)
        after = f"{folder[:-1]}0"  # "0" is the character after "/": no key of the folder comes after it


def _pages_of_camera(
    bucket: str, folder: str, begin: str, buckets: Buckets, plan: SweepPlan, now: datetime
) -> Iterator[list[ObjectHead]]:
    for day_folder in _day_folders(folder, plan, now):
        if begin.startswith(day_folder):
            yield from _pages(buckets, bucket, day_folder, begin)
        elif begin < day_folder:
            yield from _pages(buckets, bucket, day_folder, None)


def _day_folders(folder: str, plan: SweepPlan, now: datetime) -> list[str]:
    camera = folder.rstrip("/").rpartition("/")[2]
    zone = zone_of(camera, plan.time_zones, plan.default_zone)
    days = {when.astimezone(zone).strftime(plan.day_folder) for when in (now - AROUND_MIDNIGHT, now)}
    return sorted(folder + day for day in days)


def _is_of_a_day(path: str, day_folder: str) -> bool:
    """Return whether a path begins with a folder such as those of days."""
    depth = day_folder.count("/")
    try:
        datetime.strptime("".join(f"{each}/" for each in path.split("/")[:depth]), day_folder)  # noqa: DTZ007 - only its form counts
    except ValueError:
        return False
    return depth > 0


def _rows(prefix: Prefix, services: Services) -> Callable[[str | None], Iterator[Found]]:

    def pages(after: str | None) -> Iterator[Found]:
        while page := list(islice(services.images.scan(after), ROWS_A_PAGE)):
            after = page[-1].image_id
            yield Found(after, _gone([row for row in page if _is_to_be_seen(row, prefix)], services.buckets))

    return pages


def _is_to_be_seen(row: ImageRow, prefix: Prefix) -> bool:
    """Return whether the row's object should exist. A received row's is looked at anyway, an imported one's by listing.

    A row that only a newer version knows is left to that one. What another system saw years ago
    may have been deleted long since: that is nothing new to report.
    """
    unseen = {State.GONE, State.RECEIVED, State.IMPORTED}
    return row.image_id.startswith(str(prefix)) and row.is_known and row.state not in unseen


def _gone(rows: list[ImageRow], buckets: Buckets) -> list[str]:
    """Return those whose object S3 says is not there, asked now. AccessDenied is no such answer: it is raised."""

    def is_gone(row: ImageRow) -> bool:
        try:
            buckets.head(ObjectUri.parse(row.image_id))
        except ImageMissing:
            return True
        return False

    with ThreadPoolExecutor(HEADS_AT_ONCE) as pool:
        return [row.image_id for row, gone in zip(rows, pool.map(is_gone, rows), strict=True) if gone]
