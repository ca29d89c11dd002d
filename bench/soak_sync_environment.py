"""The rows that the soaked sync reads, and what the soak reads from the graph."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from bench.graph_data import each_image
from bench.sync_rows import row_of, write
from dev.stack import Stack
from dev.stack.settings import settings_of
from sightline.bootstrap import aws_session, connect, neo4j_driver
from sightline.models.images import ImageRow, Rejection, State
from sightline.storage.images.keys import DEFAULT_SHARDS, shard_of
from sightline.storage.images.positions import Positions

WINDOW = timedelta(minutes=15)
"""How far the clock moves with each round: more than the part of the feed that each run reads again."""

CHANGED_SHARE, GONE_SHARE = 0.2, 0.1
"""Of the rows of a round: known images with another answer, and known images that are gone. The others are new."""

WIPE = ("()-[gone]->()", "(gone)")
WHOLE = """
MATCH (image:Image)-[edge]-(other)
RETURN image.image_id AS image_id, image.row_version AS version, type(edge) AS kind, properties(edge) AS edge,
  properties(other) AS other
"""


class SyncEnvironment:
    """Tables, graph and bucket, with rows as the steps of an image would leave them."""

    def __init__(self, stack: Stack, images: int, seed: int) -> None:
        self.settings = settings_of(stack.env)
        self.services = connect(self.settings)
        self._driver = neo4j_driver(self.settings)
        self._dynamodb = aws_session(self.settings).client("dynamodb", endpoint_url=self.settings.dynamodb_endpoint)
        self._chance = random.Random(seed)
        self._new = each_image(images)
        self._begin = datetime.now(UTC)
        self.rows: dict[str, ImageRow] = {}
        for store in (self.services.images, self.services.operations, self.services.graph):
            store.setup()
        self.services.buckets.create(self.services.checkpoint_bucket)

    def write_round(self, number: int, count: int) -> None:
        """Write rows whose feed positions lie in this round's window."""
        ticks = iter(range(count))
        at = self._begin + number * WINDOW
        positions = Positions(lambda: at + next(ticks) * WINDOW / count)
        changed = {row.image_id: row for row in self._round(count, positions)}
        self.rows |= changed
        write(self._dynamodb, self.settings.table_prefix, changed.values())

    def _round(self, count: int, positions: Positions) -> Iterator[ImageRow]:
        standing = [row for row in self.rows.values() if row.state is not State.GONE]
        known = iter(self._chance.sample(standing, min(len(standing), count)))
        for _ in range(count):
            dice = self._chance.random()
            row = next(known, None) if dice < CHANGED_SHARE + GONE_SHARE else None
            if row is None:
                image = next(self._new)
                yield row_of(image, self._begin, positions.next(), State.ANALYSED)
            elif dice < GONE_SHARE:
                why = Rejection("ImageMissing", "it was deleted")
                yield replace(self._next(row, positions), state=State.GONE, wanted={}, parts={}, rejection=why)
            else:
                others = tuple(each for each in row.parts["labels"].finding[1:] if each[0] != "Person")
                part = replace(row.parts["labels"], finding=(*others, ("Person", 77.5)))
                yield replace(self._next(row, positions), parts={"labels": part})

    def _next(self, row: ImageRow, positions: Positions) -> ImageRow:
        return replace(row, version=row.version + 2, feed_position=positions.next())

    def ahead(self) -> list[str]:
        """Name the images that the graph does not show although its position has passed them."""
        state = self.services.graph.sync_state()
        if state.load:
            passed = self._loaded(state.load.after) if state.load.after else []
        else:
            passed = [row for row in self.rows.values() if self._is_passed(row, state.positions)]
        shown = self.services.graph.versions([row.image_id for row in passed])
        return [row.image_id for row in passed if self._is_missing(row, shown)]

    def _loaded(self, after: str) -> list[ImageRow]:
        before = [row.image_id for row in takewhile(lambda row: row.image_id != after, self.services.images.scan())]
        return [self.rows[image_id] for image_id in [*before, after]]

    def _is_passed(self, row: ImageRow, positions: Mapping[int, str]) -> bool:
        return (row.feed_position or "") <= positions.get(shard_of(row.image_id, DEFAULT_SHARDS.feed), "")

    def _is_missing(self, row: ImageRow, shown: dict[str, int]) -> bool:
        return shown.get(row.image_id, 0 if row.state is not State.GONE else row.version) < row.version

    def graph(self) -> Counter[str]:
        """Count every relationship of an image, with the image's version."""
        records, _, _ = self._driver.execute_query(WHOLE, database_=self.settings.neo4j_database)
        return Counter(map(_spelled, (record.data() for record in records)))

    def wipe(self) -> None:
        """Empty the graph and its position."""
        with self._driver.session(database=self.settings.neo4j_database) as session:
            for match in WIPE:
                session.run(f"MATCH {match} CALL (gone) {{ DELETE gone }} IN TRANSACTIONS OF 10000 ROWS").consume()

    def close(self) -> None:
        """Close the connections."""
        self.services.graph.close()
        self._driver.close()


def _spelled(record: dict[str, object]) -> str:
    return " ".join(str(_in_order(value)) for value in record.values())


def _in_order(value: object) -> object:
    return sorted(value.items()) if isinstance(value, dict) else value
