"""Cypher, generated from the declarations. Words come from declarations only; whatever comes from data is a parameter.

One statement for each kind of node, then one for each kind of relationship. Rows are grouped by image, with what it
is linked to as pairs: 4.5 times fewer bytes than a row for each label. Relationships are never merged: MERGE of one
locks both its ends, so that all writers would queue for `Person`. The image's own lock stands in for that.
"""

from dataclasses import dataclass
from functools import cached_property

from sightline.graph.declarations import (
    FIXED,
    HAS_VIDEO,
    IMAGE,
    IMAGE_INDEXES,
    LOOKS_LIKE,
    SEARCHED,
    SHOWS,
    Declarations,
    Node,
    Relationship,
)
from sightline.graph.sync_position import SYNC_POSITION

ONE_IMAGE = "MATCH (image:Image {image_id: row.image_id})"

VERSIONS = """
UNWIND $image_ids AS image_id
MATCH (image:Image {image_id: image_id})
RETURN image_id, image.row_version AS version
"""

# The first SET takes the image's lock, so that the version read after it is the last one committed. It changes
# nothing: an image's object key never changes. Version 0 marks a node that this very statement created.
LOCK_AND_WRITE = """
UNWIND $rows AS row
MERGE (image:Image {image_id: row.image_id})
ON CREATE SET image.row_version = 0
SET image.object_key = row.object_key
WITH image, row, image.row_version AS shown
WHERE shown IS NULL OR shown < row.version OR shown = row.replaces
SET image = row.properties
RETURN row.image_id AS image_id, coalesce(shown = 0, false) AS is_new
"""

# The same lock, taken ahead of the write. It changes nothing.
LOCK = """
UNWIND $image_ids AS image_id
MATCH (image:Image {image_id: image_id})
SET image.object_key = image.object_key
"""

# What other images look like is theirs.
UNLINK_ALL = f"""
UNWIND $image_ids AS image_id
MATCH (image:Image {{image_id: image_id}})-[edge]-()
WHERE NOT (type(edge) = '{LOOKS_LIKE.name}' AND endNode(edge) = image)
DELETE edge
"""

# Of images that others look like. One that was not shown yet is as one that is gone, until it is written whole.
MERGE_IMAGES = """
UNWIND $keys AS key
MERGE (image:Image {image_id: key})
ON CREATE SET image.gone_at = timestamp() / 1000
"""

# For the first frame of a video alone, its node's lock is taken: what is read after it is the last that was committed.
LINK_VIDEOS = f"""
UNWIND $image_ids AS image_id
MATCH (camera:Camera)-[:HAS_IMAGE]->(:Image {{image_id: image_id}})<-[:HAS_FRAME]-(video:Video)
WITH DISTINCT camera, video
WHERE NOT (camera)-[:{HAS_VIDEO}]->(video)
SET video.video_id = video.video_id
WITH camera, video
WHERE NOT (camera)-[:{HAS_VIDEO}]->(video)
CREATE (camera)-[:{HAS_VIDEO}]->(video)
"""


# The first SET takes the video's lock: of two that show the same job the second replaces what the first has shown.
HIDE_JOB = f"""
MATCH (video:Video {{video_id: $video_id}})
SET video.video_id = video.video_id
WITH video
MATCH (video)-[edge:{SHOWS} {{job: $job}}]->()
DELETE edge
"""


def show_job(node: Node) -> str:
    """Link a video to what a job found in it, each for a time; return how many links were made."""
    return f"""UNWIND $spans AS span
MATCH (video:Video {{video_id: $video_id}})
MATCH (node:{node.label} {{{node.key}: span[0]}})
CREATE (video)-[:{SHOWS} {{job: $job, from_ms: span[1], to_ms: span[2], confidence: span[3]}}]->(node)
RETURN count(*) AS linked"""


def merge_nodes(node: Node) -> str:
    """Create those nodes with $keys that do not exist. Sorted keys keep two writers from waiting for each other."""
    return f"UNWIND $keys AS key\nMERGE (:{node.label} {{{node.key}: key}})"


def _pattern(relationship: Relationship, variable: str, value: str, end: str = "node") -> str:
    properties = f" {{{relationship.value}: {value}}}" if relationship.value and value else ""
    edge = f"[{variable}:{relationship.name}{properties}]"
    return f"({end})-{edge}->(image)" if relationship.points_to_image else f"(image)-{edge}->({end})"


def create_fixed() -> str:
    """Link new images to what every image has, in one statement; return how many images were linked."""
    ends = "\n".join(
        f"MATCH (n{place}:{each.node.label} {{{each.node.key}: row.fixed[{place}][0]}})"
        for place, each in enumerate(FIXED)
    )
    edges = ",\n  ".join(
        _pattern(each, "", f"row.fixed[{place}][1]", end=f"n{place}") for place, each in enumerate(FIXED)
    )
    return f"UNWIND $rows AS row\n{ONE_IMAGE}\n{ends}\nCREATE {edges}\nRETURN count(*) AS linked"


def _pairs(relationship: Relationship) -> str:
    node = relationship.node
    return f"""UNWIND $rows AS row
{ONE_IMAGE}
UNWIND row.pairs AS pair
MATCH (node:{node.label} {{{node.key}: pair[0]}})"""


def link_new(relationship: Relationship) -> str:
    """Link images that have no relationship yet; return how many links were made."""
    return f"""{_pairs(relationship)}
CREATE {_pattern(relationship, "", "pair[1]")}
RETURN count(*) AS linked"""


def relink(relationship: Relationship) -> str:
    """Create what is missing and update what is there; return how many links the images then have."""
    update = f"\nFOREACH (old IN edges | SET old.{relationship.value} = pair[1])" if relationship.value else ""
    return f"""{_pairs(relationship)}
OPTIONAL MATCH {_pattern(relationship, "edge", "")}
WITH image, node, pair, collect(edge) AS edges{update}
FOREACH (_ IN CASE WHEN edges = [] THEN [1] ELSE [] END |
  CREATE {_pattern(relationship, "", "pair[1]")})
RETURN count(*) AS linked"""


def unlink(relationship: Relationship) -> str:
    """Delete links to other nodes than `row.keys`, and all but one to the same node; owned nodes go with their link."""
    node = relationship.node
    own = "\nFOREACH (_ IN CASE WHEN is_stale THEN [1] ELSE [] END | DELETE node)" if relationship.owns_node else ""
    return f"""UNWIND $rows AS row
{ONE_IMAGE}
MATCH {_pattern(relationship, "edge", "", end=f"node:{node.label}")}
WITH node, NOT node.{node.key} IN row.keys AS is_stale, collect(edge) AS edges
FOREACH (old IN CASE WHEN is_stale THEN edges ELSE edges[1..] END | DELETE old){own}"""


@dataclass(frozen=True)
class Statements:
    """All that the store sends, by the declared kind it is for."""

    declarations: Declarations

    @cached_property
    def constraints(self) -> dict[str, str]:
        """Return a uniqueness constraint for each merge key, by name."""
        names = {f"{node.label.lower()}_{node.key}": node for node in (*self.declarations.nodes, SYNC_POSITION)}
        return {
            name: f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (node:{node.label}) REQUIRE node.{node.key} IS UNIQUE"
            for name, node in names.items()
        }

    @cached_property
    def indexes(self) -> list[str]:
        """Return the indexes that queries, parity and the purge of gone images look images up by."""
        text, key = SEARCHED.label, SEARCHED.key
        return [
            *(
                f"CREATE INDEX image_{name} IF NOT EXISTS FOR (image:{IMAGE.label}) ON (image.{name})"
                for name in IMAGE_INDEXES
            ),
            f"CREATE TEXT INDEX part_of_{key} IF NOT EXISTS FOR (node:{text}) ON (node.{key})",
        ]

    @cached_property
    def merge(self) -> dict[Node, str]:
        """Return the statement for each kind of node."""
        return {node: MERGE_IMAGES if node == IMAGE else merge_nodes(node) for node in self.declarations.nodes}

    @cached_property
    def show(self) -> dict[Node, str]:
        """Return the statement that links a video to nodes of a kind, for each kind that features find."""
        kinds = (each.node for each in self.declarations.found if not each.owns_node)
        return {node: show_job(node) for node in kinds}

    @cached_property
    def fixed(self) -> str:
        """Return the one statement for the fixed relationships of new images."""
        return create_fixed()

    @cached_property
    def link(self) -> dict[Relationship, str]:
        """Return the statement that links new images, for each kind that not all of them have."""
        return {each: link_new(each) for each in self.declarations.optional}

    @cached_property
    def relink(self) -> dict[Relationship, str]:
        """Return the statement that links images which were linked before, for every kind."""
        return {each: relink(each) for each in self.declarations.relationships}

    @cached_property
    def unlink(self) -> dict[Relationship, str]:
        """Return the statement that removes stale links, for every kind."""
        return {each: unlink(each) for each in self.declarations.relationships}

    @cached_property
    def count_nodes(self) -> dict[str, str]:
        """Return the count of each kind of node: the database keeps these, so that no node is read."""
        return {
            node.label: f"MATCH (node:{node.label}) RETURN count(node) AS found" for node in self.declarations.nodes
        }

    @cached_property
    def count_relationships(self) -> dict[str, str]:
        """Return the count of each kind of relationship, likewise."""
        kinds = (*(each.name for each in self.declarations.relationships), HAS_VIDEO, SHOWS)
        return {name: f"MATCH ()-[edge:{name}]->() RETURN count(edge) AS found" for name in kinds}

    def everything(self) -> list[str]:
        """Return every statement that reads or writes data."""
        by_kind = (
            self.merge,
            self.link,
            self.relink,
            self.unlink,
            self.show,
            self.count_nodes,
            self.count_relationships,
        )
        generated = [text for statements in by_kind for text in statements.values()]
        return [VERSIONS, LOCK, LOCK_AND_WRITE, UNLINK_ALL, LINK_VIDEOS, HIDE_JOB, self.fixed, *generated]
