"""What the graph holds, declared. Cypher is generated from these declarations and from nothing else.

(:Camera {camera_name})-[:HAS_IMAGE {timestamp}]->(:Image {image_id, object_key, isodate, timestamp, camera_day,
                                                           row_version})
(:Image)-[:HAS_TIMESTAMP]->(:ISODate {iso_date})         the full instant, with the camera's offset
(:Image)-[:HAS_YEAR]->(:Year {year_value})               integers, in the camera's time zone;
(:Image)-[:HAS_MONTH]->(:Month {month_value})            likewise HAS_DAY → Day, HAS_HOUR → Hour
(:Image)-[:HAS_LABEL {confidence}]->(:Label {label_name})    one such line for each feature that declares an edge

(:Video {video_id})-[:HAS_FRAME {offset_ms}]->(:Image)         of a frame; video_id is the video's URI
(:Camera)-[:HAS_VIDEO]->(:Video)                               follows from the two above: where an image has both
(:Video)-[:SHOWS {job, from_ms, to_ms, confidence}]->(:Label)  one for each stretch that a job on the video found; also
                                                               to (:Text), (:Celebrity) and (:ModerationLabel)

(:Image)-[:LOOKS_LIKE {distance}]->(:Image)                    from one that is not paid for to one that is
(:Image)-[:MAY_SHOW {similarity, is_confirmed}]->(:KnownPerson {name})    not from rows: see `sightline/graph/people.py`

Timestamps are seconds since the epoch, confidence is percent, distance is bits. A gone image is `(:Image {image_id,
object_key, row_version, gone_at})` with no relationship, so that no late merge revives it; what others look like stays.
An image that others look like and that was not shown yet is `(:Image {image_id, gone_at})` until it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sightline.errors import ConfigurationError
from sightline.graph.protocol import GraphImage
from sightline.rekognition.feature import Feature, GraphEdge, image_and_position_are_key

Key: TypeAlias = str | int
Link: TypeAlias = tuple[Key, float | None]
"""(key of the other node, value of the relationship's property, None if it has none)."""

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _require_identifier(word: str) -> None:
    if not _IDENTIFIER.fullmatch(word):
        raise ConfigurationError(
            repr(word),
            rule="a label, relationship type or property is letters, digits and underscores, beginning with a letter",
            remedy="Correct the edge of the feature in sightline/rekognition/features",
        )


@dataclass(frozen=True, slots=True)
class Node:
    """A kind of node: its label, and the property it is merged by (unique in the graph)."""

    label: str
    key: str

    def __post_init__(self) -> None:
        _require_identifier(self.label)
        _require_identifier(self.key)


@dataclass(frozen=True, slots=True)
class Relationship:
    """A kind of relationship between an image and another node.

    links: what one image (that is not gone) must be linked to, each key once
    value: the relationship's only property, if it has one
    owns_node: the other node belongs to the image alone and goes with it
    """

    name: str
    node: Node
    links: Callable[[GraphImage], list[Link]]
    value: str | None = None
    points_to_image: bool = False
    owns_node: bool = False

    def __post_init__(self) -> None:
        _require_identifier(self.name)
        if self.value is not None:
            _require_identifier(self.value)


IMAGE = Node("Image", "image_id")
IMAGE_INDEXES = ("timestamp", "object_key", "camera_day", "gone_at")
SEARCHED = Node("Text", "text")
"""Nodes that are found by a part of their key; uniqueness alone finds only those whose key begins with it."""


def seconds(image: GraphImage) -> int:
    """Return the capture time in whole seconds since the epoch."""
    return int(image.taken_at.timestamp())


FIXED = (
    Relationship(
        "HAS_IMAGE",
        Node("Camera", "camera_name"),
        lambda image: [(image.camera, seconds(image))],
        value="timestamp",
        points_to_image=True,
    ),
    Relationship("HAS_TIMESTAMP", Node("ISODate", "iso_date"), lambda image: [(image.taken_at.isoformat(), None)]),
    Relationship("HAS_YEAR", Node("Year", "year_value"), lambda image: [(image.taken_at.year, None)]),
    Relationship("HAS_MONTH", Node("Month", "month_value"), lambda image: [(image.taken_at.month, None)]),
    Relationship("HAS_DAY", Node("Day", "day_value"), lambda image: [(image.taken_at.day, None)]),
    Relationship("HAS_HOUR", Node("Hour", "hour_value"), lambda image: [(image.taken_at.hour, None)]),
)
"""What every image has exactly once."""

FRAME = Relationship(
    "HAS_FRAME",
    Node("Video", "video_id"),
    lambda image: [(image.video, image.offset_ms)] if image.video else [],
    value="offset_ms",
    points_to_image=True,
)
"""What the frame of a video has."""

LOOKS_LIKE = Relationship(
    "LOOKS_LIKE",
    IMAGE,
    lambda image: [(image.looks_like, image.distance)] if image.looks_like else [],
    value="distance",
)
"""What an image has that is not paid for: the paid one whose answer it is shown with."""

HAS_VIDEO = "HAS_VIDEO"
"""The relationship between a camera and a video whose frames it has taken. It belongs to no image."""


SHOWS = "SHOWS"
"""The relationship between a video and what a job found in it. It belongs to no image."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """The whole schema: what every image has, what features find, and what only some have. `features`: all names."""

    found: tuple[Relationship, ...]
    features: frozenset[str]

    @property
    def relationships(self) -> tuple[Relationship, ...]:
        """Return every kind of relationship."""
        return (*FIXED, *self.optional)

    @property
    def optional(self) -> tuple[Relationship, ...]:
        """Return every kind of relationship that not all images have."""
        return (*self.found, FRAME, LOOKS_LIKE)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Return every kind of node once, the image first."""
        return tuple(dict.fromkeys([IMAGE, *(each.node for each in self.relationships)]))


def declare(features: Mapping[str, Feature]) -> Declarations:
    """Declare the graph of these features; those that share an edge share its relationship."""
    sharing: dict[GraphEdge, list[str]] = {}
    for name in sorted(features):
        if (edge := features[name].edge) is not None:
            sharing.setdefault(edge, []).append(name)
    return Declarations(tuple(_found(edge, names) for edge, names in sharing.items()), frozenset(features))


def _found(edge: GraphEdge, features: Iterable[str]) -> Relationship:
    names = tuple(features)

    def links(image: GraphImage) -> list[Link]:
        # Weakest first, so that what is found twice in one image keeps its highest confidence.
        strongest = {key: confidence for confidence, key in sorted(_keyed(edge, names, image))}
        return sorted(strongest.items())

    return Relationship(
        edge.relationship,
        Node(edge.node, edge.node_property),
        links,
        value="confidence",
        owns_node=edge.node_key is image_and_position_are_key,
    )


def _keyed(edge: GraphEdge, features: Iterable[str], image: GraphImage) -> Iterable[tuple[float, str]]:
    for feature in features:
        for position, (name, confidence) in enumerate(image.findings.get(feature, ())):
            yield confidence, edge.node_key(image.image_id, position, name)
