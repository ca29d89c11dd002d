"""Images for the graph benchmark: nine cameras, 3 to 10 of 1,489 labels in each image, a few labels in most of them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice

from sightline.graph.protocol import GraphImage
from sightline.models.answers import Finding

CAMERAS = 9
LABELS = 1_489
PREFIX = "s3://bench-graph/"
_FIRST = datetime(2017, 1, 1, tzinfo=UTC)
_EVERY = timedelta(seconds=97)
_NAMES = ["Person", *(f"Label {n}" for n in range(1, LABELS))]
# The n-th most frequent label is seen 1/n times as often as the first.
_WEIGHTS = list(accumulate(1 / n for n in range(1, LABELS + 1)))


def make_images(count: int, version: int = 1) -> list[GraphImage]:
    """Return images, the same ones each time."""
    return list(each_image(count, version))


def each_image(count: int, version: int = 1, fewest: int = 3) -> Iterator[GraphImage]:
    """Yield the images, with `fewest` to ten labels each."""
    chance = random.Random(count)
    return (_image(index, version, chance, fewest) for index in range(count))


def _image(index: int, version: int, chance: random.Random, fewest: int) -> GraphImage:
    camera = f"camera-{chance.randrange(CAMERAS)}"
    key = f"{camera}/{index:07d}.jpg"
    labels = {"labels": _labels(chance, fewest)}
    return GraphImage(f"{PREFIX}{key}", key, version, camera, _FIRST + index * _EVERY, labels)


def _labels(chance: random.Random, fewest: int) -> Finding:
    drawn = dict.fromkeys(chance.choices(_NAMES, cum_weights=_WEIGHTS, k=40))
    names = islice(drawn, chance.randint(fewest, 10))
    return tuple((name, round(chance.uniform(30, 100), 4)) for name in names)
