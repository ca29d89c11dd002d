"""Rows at the blog's scale, written to DynamoDB as they are after their analysis: faster than by the steps."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from bench.graph_data import each_image
from sightline.graph.protocol import GraphImage
from sightline.models.images import Capture, Content, FeatureResult, ImageRow, Lane, ResultStatus, State
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.encoding import encode_row, images_table
from sightline.storage.images.keys import NEW_TABLE
from sightline.storage.images.positions import Positions

WRITERS = 8
A_WRITE = 250
FEWEST_LABELS = 6
"""With six to ten labels and what every image has, 214,000 images have about three million relationships."""

EVERY = timedelta(seconds=97)
"""Between two images. The last was taken just now, so that the blog's queries about two hours find some."""

WRITTEN = timedelta(days=30)
"""How long ago the old rows were written: so long that no run of the sync reads them again."""


def old_rows(count: int, total: int, now: datetime) -> Iterator[ImageRow]:
    """Return the first rows of `total`: complete, as if the graph had been lost after years."""
    positions = Positions(lambda: now - WRITTEN)
    for number, image in enumerate(islice(each_image(total, fewest=FEWEST_LABELS), count)):
        yield row_of(image, now - (total - number) * EVERY, positions.next(), State.COMPLETE)


def new_rows(name: str, count: int, now: datetime) -> Iterator[ImageRow]:
    """Return rows that were written a minute ago and that the graph does not show yet."""
    positions = Positions(lambda: now - timedelta(minutes=1))
    for number, image in enumerate(each_image(count, fewest=FEWEST_LABELS)):
        row = row_of(image, now - timedelta(seconds=number), positions.next(), State.ANALYSED)
        yield ImageRow(**{**_fields(row), "image_id": f"{row.image_id}-{name}"})


def write(client: Any, prefix: str, rows: Iterable[ImageRow]) -> int:
    """Write rows as encoded items, in parallel; return their number."""
    table, waiting, count = DynamoTable(client, images_table(prefix)), iter(rows), 0
    with ThreadPoolExecutor(WRITERS) as pool:
        while some := [list(islice(waiting, A_WRITE)) for _ in range(WRITERS)]:
            list(pool.map(lambda rows: table.put_many(encode_row(row, NEW_TABLE) for row in rows), some))
            count += sum(map(len, some))
            if not some[-1]:
                return count
    return count


def row_of(image: GraphImage, taken_at: datetime, position: str, state: State) -> ImageRow:
    """Return the row of an analysed image: complete, or not yet merged."""
    is_shown = state is State.COMPLETE
    part = FeatureResult(
        "labels-1", ResultStatus.ANSWERED, image.findings["labels"], cut_percent=30.0, model_version="bench"
    )
    capture = Capture(image.camera, taken_at.replace(microsecond=0), "key")
    return ImageRow(
        image_id=image.image_id,
        lane=Lane.BACKFILL,
        state=state,
        received_at=taken_at,
        version=2,
        merged_version=2 if is_shown else 0,
        content=Content("0" * 64, "0" * 32, 200_000, 1280, 720),
        capture=capture,
        wanted={"labels": "labels-1"},
        parts={"labels": part},
        next_check_at=None if is_shown else datetime.now(UTC) + timedelta(hours=1),
        feed_position=position,
        listed=capture,
    )


def _fields(row: ImageRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}
