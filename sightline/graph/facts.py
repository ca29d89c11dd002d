"""One image as plain values, ready for the graph: the node's properties, and its links by kind of relationship."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sightline.errors import RefusedByGraph, SightlineError, UnknownFeature
from sightline.graph.declarations import Declarations, Link, Relationship, seconds
from sightline.graph.protocol import GraphImage, Merged
from sightline.models.answers import Json


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the graph must show of one image once `version` is merged; a gone image has no links."""

    image_id: str
    version: int
    is_gone: bool
    properties: Mapping[str, Json]
    links: Mapping[Relationship, list[Link]]
    replaces: int | None = None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", sum(len(links) for links in self.links.values()))

    def is_due(self, shown: int | None) -> bool:
        """Return whether the graph, which shows this version or none, must be changed."""
        return shown is None or shown < self.version or shown == self.replaces


def facts_of(image: GraphImage, declarations: Declarations, now: datetime) -> ImageFacts:
    """Convert an image to facts; raise RefusedByGraph or UnknownFeature if it cannot be shown."""
    _require_valid(image, declarations)
    links = {} if image.is_gone else {each: each.links(image) for each in declarations.relationships}
    properties = _properties(image, now)
    return ImageFacts(image.image_id, image.version, image.is_gone, properties, links, image.replaces)


def _require_valid(image: GraphImage, declarations: Declarations) -> None:
    if image.version < 1:
        raise RefusedByGraph(image.image_id, rule=f"a version is at least 1, not {image.version}")
    if image.taken_at.tzinfo is None:
        raise RefusedByGraph(image.image_id, rule="the capture time must carry its offset from UTC")
    for name in image.findings:
        if name not in declarations.features:
            raise UnknownFeature(name, known=sorted(declarations.features))


def _properties(image: GraphImage, now: datetime) -> dict[str, Json]:
    always = {"image_id": image.image_id, "object_key": image.object_key, "row_version": image.version}
    if image.is_gone:
        return {**always, "gone_at": int(now.timestamp())}
    return {
        **always,
        "isodate": image.taken_at.isoformat(),
        "timestamp": seconds(image),
        "camera_day": f"{image.camera}#{image.taken_at.date().isoformat()}",
    }


def all_facts(
    images: Sequence[GraphImage], declarations: Declarations, now: datetime
) -> tuple[list[ImageFacts], dict[str, bool | Exception]]:
    """Convert images to facts, each image once, at its highest version; return the errors of the others, too."""
    facts: list[ImageFacts] = []
    errors: dict[str, bool | Exception] = {}
    newest = {image.image_id: image for image in sorted(images, key=lambda image: image.version)}
    for image in newest.values():
        try:
            facts.append(facts_of(image, declarations, now))
        except SightlineError as error:
            errors[image.image_id] = error
    return facts, errors


def outcomes_in_order(
    images: Sequence[GraphImage], facts: Sequence[ImageFacts], outcomes: Mapping[str, bool | Exception]
) -> list[Merged | Exception]:
    """Return each image its own outcome; of several versions of one image, the first of the highest made the change."""
    unclaimed = {(each.image_id, each.version) for each in facts}
    return [_outcome(image, outcomes[image.image_id], unclaimed) for image in images]


def _outcome(image: GraphImage, came: bool | Exception, unclaimed: set[tuple[str, int]]) -> Merged | Exception:  # noqa: FBT001 - what the store gave, one of two kinds
    if isinstance(came, Exception):
        return came
    is_first = (image.image_id, image.version) in unclaimed
    unclaimed.discard((image.image_id, image.version))
    return Merged(image.image_id, image.version, is_changed=came and is_first)
