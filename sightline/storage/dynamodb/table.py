"""One table through one client: consistent reads, conditional writes, and pages walked to their end."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict, cast

from botocore.exceptions import ClientError
from typing_extensions import Unpack

from sightline.errors import SightlineError, Unavailable
from sightline.models.clocks import told_by
from sightline.rekognition.aws_errors import aws_errors, translate
from sightline.storage.dynamodb import schema as schemas
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, Path, Placeholders, StatementPlaceholders, exists
from sightline.storage.dynamodb.items import AttributeValues, Item, from_item, to_item
from sightline.storage.dynamodb.schema import Schema
from sightline.storage.dynamodb.transactions import REFUSED

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_GET_LIMIT = 100
"""DynamoDB takes at most so many keys in one BatchGetItem."""

BATCH_WRITE_LIMIT = 25
"""And so many items in one BatchWriteItem, or statements in one BatchExecuteStatement."""

SCANNED_AT_ONCE = 500
"""Items of a page of a scan. DynamoDB ends a page at a megabyte anyway; DynamoDB Local sorts all that is left of the
table for a page without a limit: 4 s of 40,000 rows, against 0.4 s for 1,000 of 100,000."""

GROWTH = 4
"""A query whose reader goes on asks for so many times as much as the page before: few requests, and little in vain."""

THERE = "DuplicateItem"
"""The error of a statement that inserts an item where there is one."""

UNPROCESSED_ATTEMPTS = 6
UNPROCESSED_PAUSE_SECONDS = 0.05

NOBODYS_KEY = "sightline check"
"""No item has this key: to read it, or to change it where it exists, only asks whether we may."""

COUNT_AGE = timedelta(hours=6)
"""DynamoDB refreshes a table's item count about every six hours."""


class Asked(TypedDict, total=False):
    """What a query asks for besides its partition.

    only_if: a filter on what was read (and paid for); attributes: only these; start: the key to continue after;
    limit: the most items, and the most that the first page reads: where a filter leaves too few of it, whole pages
    follow; page: how many are read at once, however many are taken;
    widest: each page after the first reads four times as many as the one before, up to so many
    """

    index: str | None
    only_if: Condition | None
    attributes: tuple[Path, ...]
    start: Mapping[str, str] | None
    limit: int | None
    page: int | None
    widest: int | None
    newest_first: bool


@dataclass(frozen=True, slots=True)
class Update:
    """A change of one item, if the condition holds: one of many that are sent together."""

    key: Mapping[str, str]
    change: Change
    only_if: Condition


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a conditional write.

    item: as it stands now: the new one, or, if the condition did not hold, the one that stood in the way
    (None: there is no such item)
    """

    is_written: bool
    item: Item | None


class DynamoTable:
    """A declared table and the client that reaches it. Threads may share one: nothing is kept but the client."""

    def __init__(self, client: "DynamoDBClient", schema: Schema, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._schema = schema
        self._pause = pause

    def ensure(self) -> bool:
        """Create what is missing; safe to repeat. Return whether this call made the table."""
        return schemas.ensure(self._client, self._schema, self._pause)

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable if the table cannot be read, or written to."""
        schemas.check(self._client, self._schema)
        nobody = dict.fromkeys(self._schema.key.attributes, NOBODYS_KEY)
        self.get(nobody)
        self.change(nobody, Change().set("checked", True), exists(self._schema.key.partition))

    def time(self) -> datetime | None:
        """Return the time of DynamoDB's clock; None if it does not tell."""
        with aws_errors(self._schema.name):
            answer = self._client.describe_table(TableName=self._schema.name)
        return told_by(answer["ResponseMetadata"]["HTTPHeaders"].get("date"))

    def count(self) -> tuple[int, timedelta]:
        """Return the table's own count of items, and how old it may be."""
        with aws_errors(self._schema.name):
            table = self._client.describe_table(TableName=self._schema.name)["Table"]
        return table.get("ItemCount", 0), COUNT_AGE

    def index_counts(self) -> dict[str, int]:
        """Return each index's own count of entries, by its name; it is as old as the table's."""
        with aws_errors(self._schema.name):
            table = self._client.describe_table(TableName=self._schema.name)["Table"]
        return {each["IndexName"]: each.get("ItemCount", 0) for each in table.get("GlobalSecondaryIndexes", [])}

    def get(self, key: Mapping[str, str]) -> Item | None:
        """Read one item, consistently."""
        with aws_errors(self._schema.name):
            answer = self._client.get_item(TableName=self._schema.name, Key=to_item(key), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Mapping[str, str]]) -> Iterator[Item]:
        """Read many items by distinct keys, consistently, in any order; those that are not there are left out."""
        waiting = iter(keys)
        while batch := [to_item(key) for key in islice(waiting, BATCH_GET_LIMIT)]:
            yield from self._get_batch(batch)

    def _get_batch(self, keys: list[dict[str, Any]]) -> Iterator[Item]:
        name = self._schema.name
        for attempt in range(UNPROCESSED_ATTEMPTS):
            with aws_errors(name):
                answer = self._client.batch_get_item(RequestItems={name: {"Keys": keys, "ConsistentRead": True}})
            yield from map(from_item, answer["Responses"].get(name) or ())
            unprocessed = answer["UnprocessedKeys"].get(name)
            keys = [dict(key) for key in unprocessed["Keys"]] if unprocessed else []
            if not keys:
                return
            self._back_off(attempt)
        raise Unavailable(name, rule="the server left keys of a batch unread, again and again")

    def _back_off(self, attempt: int) -> None:
        """Wait before what the server left undone is sent again; longer each time."""
        self._pause(UNPROCESSED_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter

    def put(self, item: Mapping[str, Any], only_if: Condition | None = None) -> Outcome:
        """Write a whole item, if the condition holds for the one that is there."""
        written = to_item(item)
        outcome = self._write(self._client.put_item, {"Item": written}, Placeholders(), only_if)
        return Outcome(True, from_item(written)) if outcome.is_written else outcome

    def update(self, key: Mapping[str, str], change: Change, only_if: Condition | None = None) -> Outcome:
        """Change one item, if the condition holds, and read it. Without a condition, a missing item is made."""
        return self._update(key, change, only_if, "ALL_NEW")

    def update_telling_former(self, key: Mapping[str, str], change: Change, only_if: Condition) -> Outcome:
        """Change one item as `update` does, and read it as it was before: for a change larger than the item.

        The outcome's item is that one; None if there was none. If the condition did not hold, it is the one that stood.
        """
        return self._update(key, change, only_if, "ALL_OLD")

    def _update(self, key: Mapping[str, str], change: Change, only_if: Condition | None, returned: str) -> Outcome:
        placeholders = Placeholders()
        expression = change.expression(placeholders)
        request = {"Key": to_item(key), "UpdateExpression": expression, "ReturnValues": returned}
        return self._write(self._client.update_item, request, placeholders, only_if)

    def change(self, key: Mapping[str, str], change: Change, only_if: Condition | None = None) -> bool:
        """Change one item as `update` does; return whether it is done. The item does not come back: nobody reads it."""
        placeholders = Placeholders()
        request = {"Key": to_item(key), "UpdateExpression": change.expression(placeholders)}
        return self._is_done(self._client.update_item, request, placeholders, only_if)

    def update_many(self, updates: Sequence[Update]) -> list[bool | SightlineError]:
        """Change items with distinct keys, each if its own condition holds; return whether it did, or its own error.

        They are no transaction: each is done or refused by itself, and sent again by itself if the server was busy.
        Raises what concerns the whole request.
        """
        return self._execute([self._statement(update) for update in updates])

    def insert_many(self, items: Iterable[Mapping[str, Any]]) -> list[bool | SightlineError]:
        """Write whole items with distinct keys, each if there is none with its key; answer as `update_many` does."""
        return self._execute([self._insertion(item) for item in items])

    def _execute(self, statements: Sequence[dict[str, Any]]) -> list[bool | SightlineError]:
        outcomes: dict[int, bool | SightlineError] = {}
        for first in range(0, len(statements), BATCH_WRITE_LIMIT):
            self._execute_batch(dict(enumerate(statements[first : first + BATCH_WRITE_LIMIT], first)), outcomes)
        return [outcomes[place] for place in range(len(statements))]

    def _execute_batch(self, waiting: dict[int, dict[str, Any]], outcomes: dict[int, bool | SightlineError]) -> None:
        for attempt in range(UNPROCESSED_ATTEMPTS):
            if attempt:
                self._back_off(attempt)
            with aws_errors(self._schema.name):
                answers = self._client.batch_execute_statement(Statements=cast("Any", [*waiting.values()]))["Responses"]
            for place, answer in zip(list(waiting), answers, strict=True):
                outcomes[place] = self._outcome_of(cast("Any", answer))
            waiting = {place: each for place, each in waiting.items() if isinstance(outcomes[place], Unavailable)}
            if not waiting:
                return

    def _statement(self, update: Update) -> dict[str, Any]:
        placeholders = StatementPlaceholders()
        change = update.change.statement(placeholders)
        of_key = (f"{placeholders.name(name)} = {placeholders.value(value)}" for name, value in update.key.items())
        where = " AND ".join([*of_key, f"({update.only_if(placeholders)})"])
        table = placeholders.name(self._schema.name)
        return {"Statement": f"UPDATE {table} {change} WHERE {where}", "Parameters": placeholders.parameters}

    def _insertion(self, item: Mapping[str, Any]) -> dict[str, Any]:
        stored = to_item(item)
        pairs = ", ".join(f"{_text(name)}: ?" for name in stored)
        table = StatementPlaceholders().name(self._schema.name)
        return {"Statement": f"INSERT INTO {table} VALUE {{{pairs}}}", "Parameters": [*stored.values()]}

    def _outcome_of(self, answer: dict[str, Any]) -> bool | SightlineError:
        """Return whether a statement was done, or the error that it met."""
        error = answer.get("Error")
        if error is None or error.get("Code") in {REFUSED, THERE}:
            return error is None
        said: Any = {"Error": {"Code": error.get("Code", ""), "Message": error.get("Message", "")}}
        return translate(ClientError(said, "BatchExecuteStatement"), self._schema.name)

    def put_many(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Write whole items with distinct keys, whatever stands there: for rows whose last writer is always right."""
        waiting = iter(items)
        while batch := [{"PutRequest": {"Item": to_item(item)}} for item in islice(waiting, BATCH_WRITE_LIMIT)]:
            self._put_batch(batch)

    def _put_batch(self, requests: list[dict[str, Any]]) -> None:
        name, unwritten = self._schema.name, cast("Any", requests)
        for attempt in range(UNPROCESSED_ATTEMPTS):
            with aws_errors(name):
                answer = self._client.batch_write_item(RequestItems={name: unwritten})
            unwritten = answer["UnprocessedItems"].get(name)
            if not unwritten:
                return
            self._back_off(attempt)
        raise Unavailable(name, rule="the server left items of a batch unwritten, again and again")

    def delete(self, key: Mapping[str, str], only_if: Condition) -> bool:
        """Remove an item, if the condition holds; return whether it did."""
        placeholders = Placeholders()
        return self._is_done(self._client.delete_item, {"Key": to_item(key)}, placeholders, only_if)

    def _is_done(
        self,
        send: Callable[..., Any],
        request: dict[str, Any],
        placeholders: Placeholders,
        only_if: Condition | None,
    ) -> bool:
        """Send a write; return whether its condition held."""
        condition = {"ConditionExpression": only_if(placeholders)} if only_if is not None else {}
        with aws_errors(self._schema.name):
            try:
                send(TableName=self._schema.name, **request, **condition, **placeholders.request())
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _write(
        self,
        send: Callable[..., Any],
        request: dict[str, Any],
        placeholders: Placeholders,
        only_if: Condition | None,
    ) -> Outcome:
        if only_if is not None:
            request |= {"ConditionExpression": only_if(placeholders), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        with aws_errors(self._schema.name):
            try:
                answer = send(TableName=self._schema.name, **request, **placeholders.request())
            except self._client.exceptions.ConditionalCheckFailedException as error:
                old = cast("dict[str, Any]", error.response).get("Item")
                return Outcome(False, from_item(old) if old else None)
        return Outcome(True, from_item(answer.get("Attributes", {})) or None)

    def query(self, where: Condition, **asked: Unpack[Asked]) -> Iterator[Item]:
        """Yield one partition's items in the order of the sort key, page after page as they are taken.

        where: the key condition. A query of the table is consistent; one of an index cannot be.
        """
        return map(from_item, self.query_values(where, **asked))

    def query_values(self, where: Condition, **asked: Unpack[Asked]) -> Iterator[AttributeValues]:
        """Yield the same in DynamoDB's form: for who reads many, and knows a shorter way to what they mean."""
        placeholders, index, limit, page = Placeholders(), asked.get("index"), asked.get("limit"), asked.get("page")
        only_if, start = asked.get("only_if"), asked.get("start")
        projection = ", ".join(placeholders.name(attribute) for attribute in asked.get("attributes", ()))
        request: dict[str, Any] = {
            "KeyConditionExpression": where(placeholders),
            "ConsistentRead": index is None,
            "ScanIndexForward": not asked.get("newest_first", False),
            **({"IndexName": index} if index else {}),
            **({"FilterExpression": only_if(placeholders)} if only_if else {}),
            **({"ProjectionExpression": projection} if projection else {}),
            **({"ExclusiveStartKey": to_item(start)} if start else {}),
            **({"Limit": page or limit} if page or limit is not None else {}),
        }
        later = {} if limit is None or page else {"Limit": max(limit, SCANNED_AT_ONCE)}
        found = self._pages(self._client.query, request | placeholders.request(), asked.get("widest"), **later)
        yield from islice(found, limit)

    def scan(self, attributes: tuple[str, ...] = (), start: Mapping[str, str] | None = None) -> Iterator[Item]:
        """Read every item, consistently, or only some attributes: expensive. start: the key to continue after."""
        placeholders = Placeholders()
        projection = ", ".join(placeholders.name(attribute) for attribute in attributes)
        request: dict[str, Any] = {
            "ConsistentRead": True,
            "Limit": SCANNED_AT_ONCE,
            **({"ProjectionExpression": projection} if projection else {}),
            **({"ExclusiveStartKey": to_item(start)} if start else {}),
        }
        yield from map(from_item, self._pages(self._client.scan, request | placeholders.request()))

    def _pages(
        self, read: Callable[..., Any], request: dict[str, Any], widest: int | None = None, **later: Any
    ) -> Iterator[AttributeValues]:
        """Read page after page. later: what is asked otherwise from the second page on."""
        while True:
            with aws_errors(self._schema.name):
                answer = read(TableName=self._schema.name, **request)
            yield from answer["Items"]
            if not answer.get("LastEvaluatedKey"):
                return
            request = request | later | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
            if widest and "Limit" in request:
                request["Limit"] = min(GROWTH * request["Limit"], widest)


def _text(name: str) -> str:
    """Return a name as a text of PartiQL."""
    return "'" + name.replace("'", "''") + "'"
