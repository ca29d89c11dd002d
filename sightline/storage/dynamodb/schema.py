"""Tables as declarations, and what makes them so: created where missing, and completed where an index or TTL is."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sightline.errors import MissingTable, Unavailable
from sightline.rekognition.aws_errors import aws_errors

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

POLL_SECONDS = 0.5
GIVE_UP_AFTER_POLLS = 1200
"""Ten minutes: AWS backfills a new index of a small table in about five."""


@dataclass(frozen=True, slots=True)
class Key:
    """The attributes that name an item; all are strings."""

    partition: str
    sort: str | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """Name the attributes of the key."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index. It holds the keys, and the attributes in `includes`."""

    name: str
    key: Key
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """A table, paid by request. `ttl`: the attribute (seconds since the epoch) after which DynamoDB deletes an item.

    tells_changes: it has a stream of its changes, each with the item before and after
    """

    name: str
    key: Key
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None
    tells_changes: bool = False


STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def ensure(client: "DynamoDBClient", schema: Schema, pause: Callable[[float], None] = time.sleep) -> bool:
    """Create the table, or the indexes and the TTL that it lacks, and wait until all are active. Safe to repeat.

    Return whether this call made the table.
    """
    with aws_errors(schema.name):
        is_new = _create_table(client, schema)
        _wait(client, schema, pause)
        for index in _missing_indexes(client, schema):  # DynamoDB takes one new index at a time
            _create_index(client, schema, index)
            _wait(client, schema, pause)
        if not _has_ttl(client, schema):
            _enable_ttl(client, schema)
        if not _has_stream(client, schema):
            _enable_stream(client, schema)
            _wait(client, schema, pause)
    return is_new


def check(client: "DynamoDBClient", schema: Schema) -> None:
    """Raise MissingTable if the table or one of its indexes is not there; AccessDenied, Unavailable."""
    with aws_errors(schema.name):
        lacking = _missing_indexes(client, schema)
        has_stream = _has_stream(client, schema)
    if not has_stream:
        raise MissingTable(schema.name, rule="the table must have a stream of its changes")
    if lacking:
        names = ", ".join(index.name for index in lacking)
        raise MissingTable(schema.name, rule=f"the table must have its indexes: {names} missing")


def _create_table(client: "DynamoDBClient", schema: Schema) -> bool:
    attributes = {name for key in (schema.key, *(i.key for i in schema.indexes)) for name in key.attributes}
    request: dict[str, Any] = {
        "TableName": schema.name,
        "KeySchema": _key_schema(schema.key),
        "AttributeDefinitions": _definitions(*sorted(attributes)),
        "BillingMode": "PAY_PER_REQUEST",
    }
    if schema.tells_changes:
        request["StreamSpecification"] = STREAM
    if schema.indexes:
        request["GlobalSecondaryIndexes"] = [_index_definition(index) for index in schema.indexes]
    try:
        client.describe_table(TableName=schema.name)
    except client.exceptions.ResourceNotFoundException:
        try:
            client.create_table(**request)
        except client.exceptions.ResourceInUseException:  # somebody else was faster
            return False
        return True
    return False


def _wait(client: "DynamoDBClient", schema: Schema, pause: Callable[[float], None]) -> None:
    for _ in range(GIVE_UP_AFTER_POLLS):
        table = client.describe_table(TableName=schema.name)["Table"]
        indexes = table.get("GlobalSecondaryIndexes", [])
        if {table.get("TableStatus"), *(index.get("IndexStatus") for index in indexes)} == {"ACTIVE"}:
            return
        pause(POLL_SECONDS)
    raise Unavailable(schema.name, rule="the table did not become active in time")


def _missing_indexes(client: "DynamoDBClient", schema: Schema) -> list[Index]:
    table = client.describe_table(TableName=schema.name)["Table"]
    there = {index.get("IndexName") for index in table.get("GlobalSecondaryIndexes", [])}
    return [index for index in schema.indexes if index.name not in there]


def _create_index(client: "DynamoDBClient", schema: Schema, index: Index) -> None:
    request: dict[str, Any] = {
        "TableName": schema.name,
        "AttributeDefinitions": _definitions(*index.key.attributes),
        "GlobalSecondaryIndexUpdates": [{"Create": _index_definition(index)}],
    }
    try:
        client.update_table(**request)
    except client.exceptions.ClientError:
        if index in _missing_indexes(client, schema):  # otherwise somebody else was faster
            raise


def _has_stream(client: "DynamoDBClient", schema: Schema) -> bool:
    if not schema.tells_changes:
        return True
    table = client.describe_table(TableName=schema.name)["Table"]
    return bool(table.get("StreamSpecification", {}).get("StreamEnabled"))


def _enable_stream(client: "DynamoDBClient", schema: Schema) -> None:
    try:
        client.update_table(TableName=schema.name, StreamSpecification=cast("Any", STREAM))
    except client.exceptions.ClientError:
        if not _has_stream(client, schema):  # otherwise somebody else was faster
            raise


def _has_ttl(client: "DynamoDBClient", schema: Schema) -> bool:
    if schema.ttl is None:
        return True
    found = client.describe_time_to_live(TableName=schema.name)["TimeToLiveDescription"]
    return found.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}


def _enable_ttl(client: "DynamoDBClient", schema: Schema) -> None:
    try:
        client.update_time_to_live(
            TableName=schema.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": schema.ttl or ""}
        )
    except client.exceptions.ClientError:
        if not _has_ttl(client, schema):  # otherwise somebody else was faster
            raise


def _index_definition(index: Index) -> dict[str, Any]:
    kept = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.includes)}
    projection = kept if index.includes else {"ProjectionType": "KEYS_ONLY"}
    return {"IndexName": index.name, "KeySchema": _key_schema(index.key), "Projection": projection}


def _key_schema(key: Key) -> list[dict[str, str]]:
    kinds = ("HASH", "RANGE")
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(key.attributes, kinds, strict=False)]


def _definitions(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]
