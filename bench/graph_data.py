"""Images for the graph's benchmark: nine cameras, 3 to 10 labels of 1,489 in each image, a few of them in most."""

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice

from stores.graph.protocol import GraphImage
from vision.models import Finding

CAMERAS = 9
LABELS = 1_489
PREFIX = "s3://bench-graph/"
_FIRST = datetime(2017, 1, 1, tzinfo=UTC)
_EVERY = timedelta(seconds=97)
_NAMES = ["Person", *(f"Label {n}" for n in range(1, LABELS))]
# The n-th most frequent label is seen 1/n times as often as the first.
_WEIGHTS = list(accumulate(1 / n for n in range(1, LABELS + 1)))


def make_images(count: int, version: int = 1) -> list[GraphImage]:
    """Make the same images each time."""
    chance = random.Random(count)
    return [_image(place, version, chance) for place in range(count)]


def _image(place: int, version: int, chance: random.Random) -> GraphImage:
    camera = f"camera-{chance.randrange(CAMERAS)}"
    key = f"{camera}/{place:07d}.jpg"
    return GraphImage(f"{PREFIX}{key}", key, version, camera, _FIRST + place * _EVERY, {"labels": _labels(chance)})


def _labels(chance: random.Random) -> Finding:
    drawn = dict.fromkeys(chance.choices(_NAMES, cum_weights=_WEIGHTS, k=40))
    names = islice(drawn, chance.randint(3, 10))
    return tuple((name, round(chance.uniform(30, 100), 4)) for name in names)
