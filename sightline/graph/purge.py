"""Delete what is no longer needed: shared nodes without an image, and gone images after a week if none looks like them.

A camera's link to a video goes before them, once it has no image of it any more.

DELETE and never DETACH DELETE: a node that was linked meanwhile keeps its links, and the transaction is tried again.
In slices, so that no transaction grows with the graph.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from neo4j import Transaction

from sightline.graph.declarations import HAS_VIDEO, IMAGE, LOOKS_LIKE, Declarations, Node
from sightline.graph.sessions import Sessions
from sightline.models.answers import Json

SLICE = 1_000
SLICE_SECONDS = 60.0
"""To find the few among millions takes longer than to write."""

PURGE_GONE = f"""
MATCH (image:Image) WHERE image.gone_at < $before AND NOT (image)<-[:{LOOKS_LIKE.name}]-()
WITH image LIMIT $most
DELETE image
RETURN count(*) AS deleted
"""

PURGE_VIDEO_LINKS = f"""
MATCH (camera:Camera)-[edge:{HAS_VIDEO}]->(video:Video)
WHERE NOT EXISTS {{ (camera)-[:HAS_IMAGE]->(:Image)<-[:HAS_FRAME]-(video) }}
WITH edge LIMIT $most
DELETE edge
RETURN count(*) AS deleted
"""


def purge_orphans(node: Node) -> str:
    """Delete some nodes of a kind that no image is linked to. The condition on the key has the key's index serve."""
    return (
        f"MATCH (node:{node.label}) WHERE node.{node.key} IS NOT NULL AND NOT (node)--()\n"
        "WITH node LIMIT $most\nDELETE node\nRETURN count(*) AS deleted"
    )


def statements(declarations: Declarations) -> dict[str, str]:
    """Return each statement by the label or type of what it deletes, in order."""
    others = {node.label: purge_orphans(node) for node in declarations.nodes if node != IMAGE}
    return {IMAGE.label: PURGE_GONE, HAS_VIDEO: PURGE_VIDEO_LINKS} | others


def purge(sessions: Sessions, declarations: Declarations, gone_before: datetime) -> Iterator[tuple[str, int]]:
    """Delete slice by slice; yield label (or type) and number after each, so that the caller may stop between two."""
    for label, text in statements(declarations).items():
        deleted = SLICE
        while deleted == SLICE:
            parameters = {"most": SLICE, "before": int(gone_before.timestamp())}
            deleted = sessions.run(partial(_delete_some, text=text, parameters=parameters), SLICE_SECONDS)
            yield label, deleted


def _delete_some(transaction: Transaction, text: str, parameters: dict[str, Json]) -> int:
    found: int = transaction.run(text, parameters).single(strict=True)["deleted"]
    return found
