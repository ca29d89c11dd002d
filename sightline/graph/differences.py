"""What the graph shows of images, and how that differs from what it must show."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from neo4j import Transaction

from sightline.graph.declarations import Declarations, Key, Link, Relationship
from sightline.graph.facts import ImageFacts
from sightline.graph.protocol import Difference, DifferenceKind
from sightline.models.answers import Json

VERSIONS_OF_DAY = """
MATCH (image:Image {camera_day: $camera_day})
RETURN image.image_id AS image_id, image.row_version AS version
"""

DAYS = """
MATCH (image:Image) WHERE image.camera_day > ''
RETURN DISTINCT image.camera_day AS camera_day
"""

IMAGES_A_READ = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """One image as it is in the graph: links may be missing, wrong or duplicated."""

    properties: Mapping[str, Json]
    links: Mapping[Relationship, Sequence[Link]]


@dataclass(frozen=True)
class Reader:
    """Reads images back, by the declared kinds of relationship."""

    declarations: Declarations

    @cached_property
    def statement(self) -> str:
        """Return the one statement: a list of pairs for each kind."""
        kinds = enumerate(self.declarations.relationships)
        lists = ",\n  ".join(f"{_pairs(kind)} AS links{place}" for place, kind in kinds)
        return (
            "UNWIND $image_ids AS image_id\nMATCH (image:Image {image_id: image_id})\n"
            f"RETURN properties(image) AS properties,\n  {lists}"
        )

    def read(self, transaction: Transaction, image_ids: Sequence[str]) -> dict[str, Shown]:
        """Return those images that there are."""
        waiting, found = iter(image_ids), {}
        while some := list(islice(waiting, IMAGES_A_READ)):
            for record in transaction.run(self.statement, image_ids=some):
                links = {
                    kind: [(key, value) for key, value in record[f"links{place}"]]
                    for place, kind in enumerate(self.declarations.relationships)
                }
                found[record["properties"]["image_id"]] = Shown(record["properties"], links)
        return found


def _pairs(kind: Relationship) -> str:
    edge = f"[edge:{kind.name}]"
    arrow = f"<-{edge}-" if kind.points_to_image else f"-{edge}->"
    value = f"edge.{kind.value}" if kind.value else "null"
    return f"[(image){arrow}(node:{kind.node.label}) | [node.{kind.node.key}, {value}]]"


def differences(expected: ImageFacts, shown: Shown | None) -> list[Difference]:
    """Compare one image. A gone image is shown as a bare node, or not at all."""
    if expected.is_gone:
        return [Difference(DifferenceKind.EXTRA, "the image")] if shown and not _is_bare(shown) else []
    if shown is None:
        return [Difference(DifferenceKind.MISSING, "the image")]
    return [*_properties(expected, shown), *_links(expected, shown)]


def _is_bare(shown: Shown) -> bool:
    return "camera_day" not in shown.properties and not any(shown.links.values())


def _properties(expected: ImageFacts, shown: Shown) -> Iterator[Difference]:
    for name, value in expected.properties.items():
        found = shown.properties.get(name)
        if found != value:
            yield Difference(DifferenceKind.DIFFERENT, f"{name} is {found!r} instead of {value!r}")


def _links(expected: ImageFacts, shown: Shown) -> Iterator[Difference]:
    for kind, found in shown.links.items():
        wanted: dict[Key, float | None] = dict(expected.links.get(kind, ()))
        times = Counter(key for key, _ in found)
        for key in wanted.keys() - times.keys():
            yield Difference(DifferenceKind.MISSING, f"{kind.name} {key}")
        for key, many in times.items():
            if many > (key in wanted):
                yield Difference(DifferenceKind.EXTRA, f"{kind.name} {key}")
        for key, value in found:
            if key in wanted and value != wanted[key]:
                yield Difference(
                    DifferenceKind.DIFFERENT, f"{kind.name} {key} has {value!r} instead of {wanted[key]!r}"
                )
