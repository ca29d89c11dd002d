"""The stores of the console's benchmark, and how they are filled without a worker.

Rows are written as they are after their analysis, and the same rows are merged into the graph. Then the newest days are
rolled up, after a week of them was reviewed as far as its estimates need.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TypeVar

from argon2 import PasswordHasher

from bench.rollup_environment import runs
from bench.sync_rows import EVERY
from bench.web_rows import LETTERS, Pictures, has_picture, letters, rows
from dev.stack import Stack
from dev.stack.settings import settings_of
from sightline.bootstrap import aws_session, connect
from sightline.errors import Unavailable
from sightline.models.images import CameraDay, ImageRow
from sightline.services.collaborators import Services
from sightline.services.graph_merge import graph_image
from sightline.services.review import read_cells, remember, scope_of
from sightline.services.review_planning import plan_review
from sightline.services.rollups.cells import read_day
from sightline.services.rollups.hour_counts import keep_hour_counts
from sightline.services.rollups.run import NAME as ROLL_UP
from sightline.services.users import Passwords, add_user
from sightline.stats.advice import Measure
from sightline.stats.queue import Request, next_images
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dirty_days import Purpose
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.encoding import encode_row, images_table
from sightline.storage.images.keys import DEFAULT_SHARDS, ShardChoice, layout_of_new
from sightline.storage.users.protocol import Role
from sightline.storage.verdicts.dynamodb import encode_verdict, verdicts_table
from sightline.storage.verdicts.protocol import KeptVerdict

LABEL = "Person"
THRESHOLD_PERCENT = 50.0
CLIENTS = 4
ROLLED_UP_DAYS = 28
COUNTED_DAYS = 97
"""Twelve weeks, and as many more as the windows of patterns that end on different days. How many images show a label is
kept of those that are not rolled up as well.
"""

REVIEWED_DAYS = 7
REVIEWED = 400
WRITERS = 8
MERGERS = 1
"""Two would wait for each other's locks, and there are two cores, of which one fills DynamoDB."""

TRIES = 5
"""Of a merge: on a busy machine Neo4j ends the first ones before they are through."""

A_MERGE = 250
WAITING = 24
"""Batches in hand: what is made faster than it is written would fill the memory."""

SHARE_OF_A_BATCH = 125
NEWEST = 2_000
"""Images that are kept at hand, for addresses."""

PASSWORD = "a password of a benchmark"  # noqa: S105 - of a local server

OWNERS = tuple(f"owner-{number}" for number in range(CLIENTS))
REVIEWERS = tuple(f"reviewer-{number}" for number in range(CLIENTS))
"""They are owners too, so that every page must look for what the review hides from them."""

Given = TypeVar("Given")


@dataclass
class Filled:
    """What was written.

    newest: the last images, oldest first; days: those that have ended and whose images have rows, the newest first
    months: those that have images, the newest first
    """

    newest: list[ImageRow]
    days: list[str]
    months: list[str]


class Environment:
    """The stores of a running stack. day_shards: of a camera's day, were one so busy that it is spread."""

    def __init__(self, stack: Stack, day_shards: int) -> None:
        self.settings = settings_of(stack.env)
        self.services: Services = connect(self.settings)
        client = aws_session(self.settings).client("dynamodb", endpoint_url=self.settings.dynamodb_endpoint)
        prefix = self.settings.table_prefix
        self._images = DynamoTable(client, images_table(prefix))
        self._verdicts = DynamoTable(client, verdicts_table(prefix))
        self._shards = ShardChoice(day=day_shards)
        self._layout = layout_of_new(self._shards.over(DEFAULT_SHARDS))
        self._pictures = Pictures()

    def close(self) -> None:
        """Close the connections."""
        self.services.graph.close()

    def fill(self, count: int, with_row: int) -> Filled:
        """Write everything; print how long each part took. with_row: how many of the newest images have a row."""
        services = self.services
        services.images.setup(self._shards)
        for store in (
            services.ledger,
            services.verdicts,
            services.rollups,
            services.operations,
            services.users,
            services.graph,
        ):
            store.setup()
        now, begun = services.clock(), time.perf_counter()
        newest, days = self._write_images(count, with_row, now)
        begun = _tell(f"{count:,} images in Neo4j, {with_row:,} of them in DynamoDB", begun)
        begun = _tell(f"{self._write_pictures(newest, now):,} pictures in S3", begun)
        services.operations.dirty_days.mark(days, [])
        last_day = date.fromisoformat(max(each.day for each in days)) - timedelta(days=1)
        self._review(last_day.isoformat(), now)
        self._roll_up(days, last_day)
        begun = _tell(f"{ROLLED_UP_DAYS} days rolled up, {REVIEWED} verdicts", begun)
        self._write_letters(newest, now)
        self._add_users()
        _tell(f"{sum(LETTERS.values()):,} dead letters and {len(OWNERS + REVIEWERS)} users", begun)
        begin = now - with_row * EVERY + timedelta(days=1)
        ended = {each.day for each in days if begin.date().isoformat() <= each.day <= last_day.isoformat()}
        months = {each.day[:7] for each in days}
        return Filled(newest, sorted(ended, reverse=True), sorted(months, reverse=True))

    def _write_images(self, count: int, with_row: int, now: datetime) -> tuple[list[ImageRow], set[CameraDay]]:
        newest: deque[ImageRow] = deque(maxlen=NEWEST)
        days: set[CameraDay] = set()
        with ThreadPoolExecutor(WRITERS) as writers, ThreadPoolExecutor(MERGERS) as mergers:
            waiting: deque[list[Future[None]]] = deque()
            made = 0
            for batch in parts_of(rows(count, now, self._pictures.of), A_MERGE):
                made += len(batch)
                first = max(len(batch) - max(made - count + with_row, 0), 0)
                shares = parts_of(batch[first:], SHARE_OF_A_BATCH)
                waiting.append([writers.submit(self._put, share) for share in shares])
                waiting[-1].append(mergers.submit(self._merge, batch))
                newest.extend(batch)
                days.update(row.capture.camera_day for row in batch if row.capture)
                while len(waiting) > WAITING:
                    _finish(waiting.popleft())
            for each in waiting:
                _finish(each)
        return list(newest), days

    def _put(self, share: Sequence[ImageRow]) -> None:
        self._images.put_many(encode_row(row, self._layout) for row in share)

    def _merge(self, batch: Sequence[ImageRow]) -> None:
        images = [graph_image(row) for row in batch]
        for left in reversed(range(TRIES)):
            try:
                outcomes = self.services.graph.merge(images)
            except Unavailable:
                if not left:
                    raise
                continue
            if refused := [each for each in outcomes if isinstance(each, Exception)]:
                raise refused[0]
            return

    def _write_pictures(self, newest: list[ImageRow], now: datetime) -> int:
        buckets = self.services.buckets
        shown = [row for row in newest if row.capture and has_picture(row.capture.taken_at, now)]
        buckets.create(ObjectUri.parse(shown[0].image_id).bucket)

        def put(row: ImageRow) -> None:
            number = int(row.image_id.rpartition("/")[2].removesuffix(".jpg"))
            buckets.put(ObjectUri.parse(row.image_id), self._pictures.of(number))

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(put, shown))
        return len(shown)

    def _review(self, last_day: str, now: datetime) -> None:
        """Answer what the review would ask about first; the detector is right about nine in ten."""
        services = self.services
        cells = read_cells(scope_of(LABEL, None, last_day, REVIEWED_DAYS, services.operations), services)
        requests = next_images(cells, REVIEWED, Measure.RECALL, {})
        remember(requests, services)
        self._verdicts.put_many(map(encode_verdict, _verdicts(requests, now)))

    def _roll_up(self, days: set[CameraDay], last_day: date) -> None:
        services = self.services
        begin = last_day - timedelta(days=ROLLED_UP_DAYS)
        recent = [each for each in days if begin.isoformat() < each.day <= last_day.isoformat()]
        services.operations.dirty_days.mark(recent, [Purpose.ROLLUPS])
        services.operations.checkpoints.keep(ROLL_UP, {"last_day": begin.isoformat()}, timedelta(days=9))
        deque(runs(services, last_day.isoformat()))
        plan_review(services, lambda: True)
        longest_ago = last_day - timedelta(days=COUNTED_DAYS)
        self._count([each for each in days if longest_ago.isoformat() < each.day <= begin.isoformat()])

    def _count(self, days: Sequence[CameraDay]) -> None:
        """Keep what the roll-up keeps of a day besides its figures, which for so many days would take much longer."""
        services = self.services
        watched = [rule.label for rule in services.accuracy.rules]

        def count(day: CameraDay) -> None:
            read_at = services.clock()
            found = read_day(day, services.images, services.verdicts)
            keep_hour_counts(found, read_at, watched, services.rollups)

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(count, days))

    def _write_letters(self, newest: list[ImageRow], now: datetime) -> None:
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(self.services.operations.dead_letters.write, letters(newest, now)))

    def _add_users(self) -> None:
        services, passwords = self.services, Passwords(PasswordHasher())
        roles_of = dict.fromkeys(OWNERS, (Role.OWNER, Role.OPERATOR))
        roles_of |= dict.fromkeys(REVIEWERS, (Role.OWNER, Role.REVIEWER))
        for name, roles in roles_of.items():
            add_user(name, roles, PASSWORD, users=services.users, passwords=passwords, clock=services.clock)


def _verdicts(requests: Iterable[Request], now: datetime) -> Iterator[KeptVerdict]:
    """Answer requests of the review, in their order: the reviewed images of a stratum are those that come first."""
    for number, each in enumerate(requests):
        found = each.candidate
        is_right = number % 10 != 0
        answer = Answer.PRESENT if (found.stratum is Stratum.A) == is_right else Answer.ABSENT
        said = Verdict(
            found.image_id,
            LABEL,
            REVIEWERS[number % 2],
            answer,
            found.content,
            Source.SAMPLED,
            now,
            found.stratum,
            THRESHOLD_PERCENT,
        )
        yield KeptVerdict(said, CameraDay(each.cell.camera, each.cell.day))


def parts_of(found: Iterable[Given], size: int) -> Iterator[list[Given]]:
    """Cut something into lists of a size."""
    left = iter(found)
    while part := list(islice(left, size)):
        yield part


def _finish(parts: Iterable[Future[None]]) -> None:
    for part in parts:
        part.result()


def _tell(what: str, begun: float) -> float:
    now = time.perf_counter()
    print(f"{what}: {now - begun:,.0f} s", flush=True)
    return now
