"""What requests to DynamoDB take: read and write units, as DynamoDB Local counts them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

READS = ("GetItem", "BatchGetItem", "Query")
WRITES = ("PutItem", "UpdateItem", "BatchExecuteStatement")


@dataclass(frozen=True, slots=True)
class Units:
    """Units by table or, as `table.index`, by index; tables are named without their prefix."""

    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)


@contextmanager
def counted(client: Any) -> Iterator[Units]:
    """Give the units that requests take in the block."""
    units = Units()

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def note(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        counts = units.read if model.name in READS else units.written
        taken = parsed.get("ConsumedCapacity", [])
        for each in taken if isinstance(taken, list) else [taken]:
            name = each["TableName"].rpartition("-")[2]
            counts[name] += each.get("Table", {}).get("CapacityUnits", 0)
            for index, of_index in each.get("GlobalSecondaryIndexes", {}).items():
                counts[f"{name}.{index}"] += of_index["CapacityUnits"]

    events = client.meta.events
    asked = [f"provide-client-params.dynamodb.{operation}" for operation in (*READS, *WRITES)]
    for event in asked:
        events.register(event, ask)
    events.register("after-call.dynamodb", note)
    yield units
    for event in asked:
        events.unregister(event, ask)
    events.unregister("after-call.dynamodb", note)
