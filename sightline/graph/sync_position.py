"""How far the sync has come, as the graph itself knows it: moved in the transaction of the data that it speaks of.

(:SyncPosition {shard, position})    one for each shard of the feed: every row up to there is shown
(:SyncPosition {shard: -1, fence, position, after, is_published})    the sync as a whole; its lock is the sync's mutex

A holder of the lease whose fence is lower than the last one's is refused, and so is its data.
"""

from collections.abc import Mapping, Sequence

from neo4j import Transaction

from sightline.graph.declarations import Node
from sightline.graph.protocol import FullLoad, StaleFence, SyncMove, SyncState
from sightline.models.answers import Json

SYNC_POSITION = Node("SyncPosition", "shard")
WHOLE = -1
"""The node that stands for all shards."""

READ_STATE = """
MATCH (position:SyncPosition) WHERE position.shard >= -1
RETURN properties(position) AS found
"""

# The first SET takes the node's lock, so that the fence read after it is the last one committed.
HOLD = """
MERGE (whole:SyncPosition {shard: -1})
ON CREATE SET whole.fence = 0
SET whole.is_locked = true
WITH whole WHERE whole.fence <= $fence
SET whole = $properties
RETURN count(*) AS held
"""

FORGET_SHARDS = """
MATCH (position:SyncPosition) WHERE position.shard >= 0 AND NOT position.shard IN $shards
DELETE position
"""

MOVE_SHARDS = """
UNWIND $positions AS each
MERGE (position:SyncPosition {shard: each[0]})
SET position.position = each[1]
"""

STATEMENTS: Sequence[str] = (READ_STATE, HOLD, FORGET_SHARDS, MOVE_SHARDS)


def read_state(transaction: Transaction) -> SyncState:
    """Read what was last committed."""
    found = [record["found"] for record in transaction.run(READ_STATE)]
    whole: Mapping[str, Json] = next((each for each in found if each["shard"] == WHOLE), {})
    return SyncState(
        {each["shard"]: each["position"] for each in found if each["shard"] != WHOLE},
        FullLoad(whole["position"], whole.get("after")) if "position" in whole else None,
        whole.get("is_published", False),
    )


def write_state(transaction: Transaction, move: SyncMove) -> None:
    """Write a new state within the caller's transaction; raise StaleFence if a later holder has moved it."""
    state = move.state
    whole: dict[str, Json] = {"shard": WHOLE, "fence": move.fence, "is_published": state.is_published}
    if state.load:
        whole |= {"position": state.load.feed_from, "after": state.load.after}
    held = transaction.run(HOLD, fence=move.fence, properties=whole).single(strict=True)["held"]
    if not held:
        raise StaleFence("the sync", rule=f"{StaleFence.rule} (fence {move.fence} is old)")
    transaction.run(FORGET_SHARDS, shards=[*state.positions]).consume()
    transaction.run(MOVE_SHARDS, positions=[list(each) for each in state.positions.items()]).consume()
