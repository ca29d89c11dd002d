"""Purge: what nobody needs any more goes from the graph."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sightline.graph.protocol import GraphStore
from sightline.models.answers import Json

NAME = "purge_graph"

GONE_IMAGES_LAST = timedelta(days=7)
"""How long a gone image stays as a bare node: longer than any step that read its row before it went."""


def purge(graph: GraphStore, now: datetime, goes_on: Callable[[], bool]) -> Mapping[str, Json]:
    """Delete, slice by slice, while it goes on; return how many nodes went, by label."""
    deleted: Counter[str] = Counter()
    for label, number in graph.purge(now - GONE_IMAGES_LAST):
        deleted[label] += number
        if not goes_on():
            break
    return +deleted
