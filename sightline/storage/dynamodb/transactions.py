"""Writes of several tables that are done together or not at all."""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sightline.errors import Unavailable
from sightline.rekognition.aws_errors import aws_errors
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, Placeholders
from sightline.storage.dynamodb.items import to_item

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

CONFLICT_ATTEMPTS = 6
CONFLICT_PAUSE_SECONDS = 0.05

TRANSACTION_LIMIT = 100
"""Writes in one transaction, by DynamoDB's own rule."""

REFUSED = "ConditionalCheckFailed"


@dataclass(frozen=True, slots=True)
class Put:
    """One whole item for one table, if the condition holds for what is there."""

    table: str
    item: Mapping[str, Any]
    only_if: Condition | None = None

    def request(self) -> dict[str, Any]:
        """Return its part of the request."""
        placeholders = Placeholders()
        condition = {"ConditionExpression": self.only_if(placeholders)} if self.only_if else {}
        return {"Put": {"TableName": self.table, "Item": to_item(self.item), **condition, **placeholders.request()}}


@dataclass(frozen=True, slots=True)
class Delete:
    """The removal of one item of one table, if the condition holds for it."""

    table: str
    key: Mapping[str, Any]
    only_if: Condition

    def request(self) -> dict[str, Any]:
        """Return its part of the request."""
        placeholders = Placeholders()
        condition = {"ConditionExpression": self.only_if(placeholders)}
        return {"Delete": {"TableName": self.table, "Key": to_item(self.key), **condition, **placeholders.request()}}


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of one item of one table, if the condition holds for what is there; a missing item is made."""

    table: str
    key: Mapping[str, str]
    change: Change
    only_if: Condition | None = None

    def request(self) -> dict[str, Any]:
        """Return its part of the request."""
        placeholders = Placeholders()
        expression = {"UpdateExpression": self.change.expression(placeholders)}
        condition = {"ConditionExpression": self.only_if(placeholders)} if self.only_if else {}
        key = {"TableName": self.table, "Key": to_item(self.key)}
        return {"Update": {**key, **expression, **condition, **placeholders.request()}}


Write = TypeVar("Write", Put, Delete)


def put_together(
    client: "DynamoDBClient", writes: Sequence[Put | Changed], pause: Callable[[float], None] = time.sleep
) -> bool:
    """Do all of the writes, or none if a condition does not hold; return whether they are done.

    Another's transaction on the same items is waited for: Unavailable where there is always one.
    """
    return REFUSED not in _refusals(client, writes, pause)


def do_those_allowed(
    client: "DynamoDBClient", writes: Iterable[Write], pause: Callable[[float], None] = time.sleep
) -> list[Write]:
    """Do those writes of distinct items whose conditions hold, a hundred in a transaction; return them.

    A transaction does all or none, and tells which conditions did not hold: the others are sent again without these.
    """
    waiting, done = iter(writes), list[Write]()
    while part := list(islice(waiting, TRANSACTION_LIMIT)):
        while part and (refusals := _refusals(client, part, pause)):
            part = [write for write, refusal in zip(part, refusals, strict=True) if refusal != REFUSED]
        done += part
    return done


def _refusals(
    client: "DynamoDBClient", writes: Sequence[Put | Changed] | Sequence[Delete], pause: Callable[[float], None]
) -> list[str | None]:
    """Send a transaction; return what stood in the way of each write, nothing if it is done."""
    requests = cast("Any", [write.request() for write in writes])
    for attempt in range(CONFLICT_ATTEMPTS):
        with aws_errors(writes[0].table):
            try:
                client.transact_write_items(TransactItems=requests)
            except client.exceptions.TransactionCanceledException as error:
                told = cast("Any", error.response).get("CancellationReasons", ())
            else:
                return []
        reasons = [reason.get("Code") for reason in told]
        if REFUSED in reasons:
            return reasons
        pause(CONFLICT_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
    raise Unavailable(writes[0].table, rule="others kept writing the same items")
