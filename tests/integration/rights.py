"""The rights that requests take, noted as they are sent, and those that a policy of deploy/iam gives."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sightline.storage.dynamodb.conditions import exists
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.encoding import images_table
from sightline.storage.images.keys import DayIndexes
from sightline.storage.images.table_layout import TableLayout

POLICIES = Path(__file__).parents[2] / "deploy" / "iam"
TABLES = "arn:aws:dynamodb:REGION:ACCOUNT:table/sightline-"
OBJECTS = "arn:aws:s3:::"

Right = tuple[str, str]
"""An action, and what it is done to: `table`, `table/index/name`, a bucket or a part of one."""

_CHECKED, _FRAMES = "sightline/checkpoints/check-", "sightline/frames/"
"""Of sightline's own objects these alone may be deleted."""

_S3_ACTIONS = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
    "DeleteObject": "DeleteObject",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "CreateBucket": "CreateBucket",
}


class Rights:
    """Notes of each request to DynamoDB, in a `with` block, which rights it takes."""

    def __init__(self, client: Any, prefix: str, streams: Any = None) -> None:
        self.used: set[Right] = set()
        self._client, self._prefix, self._streams = client, prefix, streams

    def __enter__(self) -> Self:
        self._client.meta.events.register("provide-client-params.dynamodb", self._note)
        if self._streams is not None:
            self._streams.meta.events.register("provide-client-params.dynamodb-streams", self._note_of_stream)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.meta.events.unregister("provide-client-params.dynamodb", self._note)
        if self._streams is not None:
            self._streams.meta.events.unregister("provide-client-params.dynamodb-streams", self._note_of_stream)

    def _note_of_stream(self, model: Any, **_: Any) -> None:
        self.used.add((f"dynamodb:{model.name}", "analyses/stream/*"))

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.used.update((f"dynamodb:{action}", self._place(asked)) for action, asked in _results(params, model.name))

    def _place(self, asked: dict[str, Any]) -> str:
        table = asked["TableName"].removeprefix(self._prefix)
        return f"{table}/index/{asked['IndexName']}" if "IndexName" in asked else table


def _results(params: dict[str, Any], operation: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Part a request into what IAM asks for: a transaction takes the right of each item in it."""
    if operation == "TransactWriteItems":
        yield from ((f"{kind}Item", each) for item in params["TransactItems"] for kind, each in item.items())
    elif operation == "BatchExecuteStatement":
        yield from (_of_statement(each["Statement"]) for each in params["Statements"])
    elif "RequestItems" in params:
        yield from ((operation, {"TableName": table}) for table in params["RequestItems"])
    else:
        yield operation, params


def _of_statement(statement: str) -> tuple[str, dict[str, Any]]:
    """Return what a PartiQL statement of ours takes: `UPDATE "table" …` and `INSERT INTO "table" …` are rights."""
    words, table, *_ = statement.split('"')
    return f"PartiQL{words.split()[0].capitalize()}", {"TableName": table}


class BucketRights:
    """Notes of each request to S3, in a `with` block, which right it takes. names: bucket → its name in policies."""

    def __init__(self, client: Any, names: Mapping[str, str]) -> None:
        self.used: set[Right] = set()
        self._client, self._names = client, names

    def __enter__(self) -> Self:
        self._client.meta.events.register("provide-client-params.s3", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.meta.events.unregister("provide-client-params.s3", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.used.add((f"s3:{_S3_ACTIONS[model.name]}", self._place(model.name, params)))

    def _place(self, operation: str, params: dict[str, Any]) -> str:
        bucket, key = self._names[params["Bucket"]], params.get("Key")
        if key is None:
            return bucket
        for only in (_CHECKED, _FRAMES) if operation == "DeleteObject" else ():
            if key.startswith(only):
                return f"{bucket}/{only}*"
        return f"{bucket}/sightline/*" if key.startswith("sightline/") else f"{bucket}/*"


@contextmanager
def recording(
    dynamodb: Any, prefix: str, s3: Any, names: Mapping[str, str], streams: Any = None
) -> Iterator[set[Right]]:
    """Give a set that holds, after the block, which rights its requests took."""
    taken: set[Right] = set()
    with Rights(dynamodb, prefix, streams) as tables, BucketRights(s3, names) as buckets:
        yield taken
    taken |= tables.used | buckets.used


def process_while_days_move(client: Any, prefix: str, clock: Callable[[], datetime]) -> DynamoImageStore:
    """Have a table's days read from both indexes, as while they move to their shards; return a process's new store."""
    TableLayout(DynamoTable(client, images_table(prefix)), clock).change(
        {"day_index": DayIndexes.BOTH}, exists("image_id")
    )
    return DynamoImageStore(client, prefix, clock)


def granted(policy: str, *services: str) -> set[Right]:
    """Return what a policy gives of services, action by action and resource by resource."""
    return {
        (action, resource.removeprefix(TABLES).removeprefix(OBJECTS))
        for each in json.loads((POLICIES / f"{policy}.json").read_text())["Statement"]
        for action in each["Action"]
        for resource in each["Resource"]
        if action.split(":")[0] in services
    }
