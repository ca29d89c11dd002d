"""Three variants for the same images: sightline, a bare thread pool, and the blog's handler in as many threads.

Each returns the seconds until the last image was in the graph.
"""

import hashlib
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import neo4j
from neo4j.exceptions import TransientError

from dev.stack.waiting import wait_until
from sightline.graph.group_commit import GroupCommit
from sightline.graph.protocol import GraphImage, Merged
from sightline.models.images import Content, ImageRow, Lane, State
from sightline.queues.names import QUEUE_NAMES
from sightline.queues.redis import RedisQueues
from sightline.rekognition.features import feature_named
from sightline.rekognition.preflight import inspect_picture
from sightline.services.collaborators import Services
from sightline.services.graph_merge import graph_image
from sightline.services.ingest import add_images, wanted
from sightline.services.results import result_of
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.images.transitions import new_row
from sightline.storage.ledger.protocol import Analysis

POOL_THREADS = 64
POLL_SECONDS = 0.25

BLOG_SETUP = "CREATE CONSTRAINT bench_label IF NOT EXISTS FOR (n:BenchLabel) REQUIRE n.name IS UNIQUE"
BLOG_MERGE = """
MERGE (image:BenchImage {image_id: $image_id})
MERGE (label:BenchLabel {name: $name})
MERGE (image)-[edge:HAS_LABEL]->(label) SET edge.confidence = $confidence
"""


class NotComplete(RuntimeError):
    """Some images are not complete."""


def sightline(ids: Sequence[str], services: Services) -> float:
    """Add the images as a producer does, and wait until each is complete."""
    begun = time.monotonic()
    add_images(ids, Lane.LIVE, services)
    queues = services.queues
    if not wait_until(
        lambda: _is_empty(queues) and all_complete(ids, services),
        lambda: repr(queues.read(QUEUE_NAMES)),
        every=POLL_SECONDS,
        longest=math.inf,
    ):
        raise NotComplete("the images are not complete and nothing moves; see the logs of the workers")
    return time.monotonic() - begun


def _is_empty(queues: RedisQueues) -> bool:
    """Return whether no message is waiting or in progress, by as few questions as possible: each costs Redis time."""
    if queues.read([]).unacknowledged:
        return False
    standing = queues.read(QUEUE_NAMES)
    return not standing.unacknowledged and not any(each.messages for each in standing.waiting.values())


def all_complete(ids: Sequence[str], services: Services) -> bool:
    """Return whether every image is complete."""
    rows = services.images.get_many(ids)
    return len(rows) == len(ids) and all(row.state is State.COMPLETE for row in rows.values())


def bare_pool(ids: Sequence[str], services: Services) -> float:
    """Make the same calls and writes from threads of one process: no queue, no limiter, nothing is read twice."""
    begun = time.monotonic()
    with ThreadPoolExecutor(POOL_THREADS) as pool:
        merges = GroupCommit(services.graph.merge)
        for _ in pool.map(partial(_carry, services=services, merges=merges), ids):
            pass
    seconds = time.monotonic() - begun
    if not all_complete(ids, services):
        raise NotComplete("the bare pool has lost images")
    return seconds


def _carry(image_id: str, services: Services, merges: GroupCommit[GraphImage, Merged]) -> None:
    services.images.add(image_id, Lane.LIVE)
    row, content = _begin(image_id, services)
    for feature in services.plan.features:
        row = _pay(feature, row, content, services)
    analysed = _there(services.images.mark_analysed(row))
    with merges.in_hand():
        merges.merge(graph_image(analysed))
    services.images.mark_merged(image_id, analysed.version)


def _begin(image_id: str, services: Services) -> tuple[ImageRow, Content]:
    head, data = services.buckets.get(ObjectUri.parse(image_id))
    picture = inspect_picture(image_id, data)
    digest = hashlib.sha256(data).hexdigest()
    content = Content(digest, head.etag, len(data), picture.width_pixels, picture.height_pixels, head.version)
    seen = new_row(image_id, Lane.LIVE, services.clock())
    capture = services.read_capture(head, data)
    return _there(
        services.images.begin(
            seen, content, capture, wanted(digest, services.plan, capture, seen.wanted, seen.parts), Lane.LIVE
        )
    ), content


def _pay(name: str, row: ImageRow, content: Content, services: Services) -> ImageRow:
    feature, uri = feature_named(name), ObjectUri.parse(row.image_id)
    parameters = services.plan.features[name]
    analysis = Analysis(row.wanted[name], content.sha256, name, parameters, services.plan.generation, row.image_id)
    claimed = services.ledger.claim(analysis)
    answer = services.detector.analyse_object(feature, parameters, uri.bucket, uri.key, content.version)
    if content.version is None:  # the answer to a version cannot be of other bytes
        services.buckets.head(uri)
    settled = services.ledger.settle(claimed, answer, services.prices.of_call(feature, parameters))
    return _there(services.images.write_result(row.image_id, name, result_of(settled)))


def _there(row: ImageRow | None) -> ImageRow:
    if row is None:
        raise NotComplete("a conditional write failed, although no other process writes")
    return row


class Blog:
    """The blog's handler: labels only, one item and one transaction for each label, nothing against faults."""

    def __init__(self, services: Services, dynamodb: Any, driver: neo4j.Driver, database: str, table: str) -> None:
        self._services = services
        self._dynamodb = dynamodb
        self._driver = driver
        self._database = database
        self._table = table

    def set_up(self) -> None:
        """Create its table and its constraint."""
        keys = {"image_id": "HASH", "label": "RANGE"}
        self._dynamodb.create_table(
            TableName=self._table,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        self._driver.execute_query(BLOG_SETUP, database_=self._database)

    def run(self, ids: Sequence[str]) -> float:
        """Handle the images from as many threads as the pool has."""
        begun = time.monotonic()
        with ThreadPoolExecutor(POOL_THREADS) as pool:
            for _ in pool.map(self._handle, ids):
                pass
        return time.monotonic() - begun

    def _handle(self, image_id: str) -> None:
        uri, labels = ObjectUri.parse(image_id), feature_named("labels")
        answer = self._services.detector.analyse_object(labels, labels.parameters, uri.bucket, uri.key)
        for each in answer.detections:
            item = {"image_id": image_id, "label": each.name, "confidence": str(each.confidence)}
            self._dynamodb.put_item(TableName=self._table, Item={name: {"S": value} for name, value in item.items()})
            self._merge(image_id=image_id, name=each.name, confidence=each.confidence)

    def _merge(self, **values: Any) -> None:
        """Merge one label. Threads that merge the same labels meet in deadlocks: AWS Lambda would begin again."""
        while True:
            with suppress(TransientError), self._driver.session(database=self._database) as session:
                session.run(BLOG_MERGE, **values).consume()
                return
