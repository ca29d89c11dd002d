"""Writes of several tables that are done together or not at all."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sightline.errors import Unavailable
from sightline.rekognition.aws_errors import aws_errors
from sightline.storage.dynamodb.conditions import Condition, Placeholders
from sightline.storage.dynamodb.items import to_item

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

CONFLICT_ATTEMPTS = 6
CONFLICT_PAUSE_SECONDS = 0.05

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


def put_together(client: "DynamoDBClient", puts: Sequence[Put], pause: Callable[[float], None] = time.sleep) -> bool:
    """Do all of the puts, or none if a condition does not hold; return whether they are done.

    Another's transaction on the same items is waited for: Unavailable where there is always one.
    """
    requests = cast("Any", [put.request() for put in puts])
    for attempt in range(CONFLICT_ATTEMPTS):
        with aws_errors(puts[0].table):
            try:
                client.transact_write_items(TransactItems=requests)
            except client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code") for reason in cast("Any", error.response).get("CancellationReasons", ())}
            else:
                return True
        if REFUSED in reasons:
            return False
        pause(CONFLICT_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
    raise Unavailable(puts[0].table, rule="others kept writing the same items")
