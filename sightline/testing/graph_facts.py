"""What answers from memory read of an image's facts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from sightline.graph.declarations import FIXED, Key
from sightline.graph.facts import ImageFacts
from sightline.models.answers import Json

Rows: TypeAlias = list[dict[str, Json]]
Answer: TypeAlias = Callable[[Sequence[ImageFacts], datetime, Mapping[str, Json]], Rows]

_HAS_IMAGE = FIXED[0]


def camera_of(image: ImageFacts) -> Key:
    """Give the camera of an image that is not gone."""
    return image.links[_HAS_IMAGE][0][0]


def labels_of(image: ImageFacts) -> dict[str, float]:
    """Give what an image shows: label → confidence in percent."""
    links = (link for kind, links in image.links.items() if kind.name == "HAS_LABEL" for link in links)
    return {str(key): value for key, value in links if value is not None}


def labelled(images: Sequence[ImageFacts], label: str) -> Iterator[tuple[ImageFacts, float]]:
    """Give the images that show a label, each with its confidence."""
    found = ((image, labels_of(image)) for image in images)
    yield from ((image, labels[label]) for image, labels in found if label in labels)
