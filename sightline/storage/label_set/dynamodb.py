"""A label set in DynamoDB, whatever its keys are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sightline.errors import MissingTable
from sightline.models.answers import Json
from sightline.rekognition.aws_errors import aws_errors
from sightline.storage.dynamodb.items import from_value
from sightline.storage.label_set.protocol import ATTRIBUTES, LabelItem

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoLabelSet:
    """One table, read only."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self.name = name
        self._client = client

    def count(self) -> int:
        """Return DynamoDB's own count, up to six hours old."""
        with self._errors():
            return self._client.describe_table(TableName=self.name)["Table"].get("ItemCount", 0)

    def items(self) -> Iterator[LabelItem]:
        """Scan the table, consistently, a page of at most 1 MB after the other."""
        names = {f"#{place}": name for place, name in enumerate(ATTRIBUTES)}
        start: dict[str, Any] = {}
        while True:
            with self._errors():
                page = self._client.scan(
                    TableName=self.name,
                    ConsistentRead=True,
                    ProjectionExpression=", ".join(names),
                    ExpressionAttributeNames=names,
                    **start,
                )
            for item in page["Items"]:
                yield {name: _plain(value) for name, value in item.items()}
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with aws_errors(self.name):
                yield
        except MissingTable as error:
            rule, remedy = "the table must exist in this account and region", "Correct its name, or SIGHTLINE_REGION"
            raise MissingTable(self.name, rule=rule, remedy=remedy) from error


def _plain(value: Mapping[str, Any]) -> Json:
    """Return the value; what is of a kind that we never write, such as a set, as DynamoDB gives it."""
    try:
        return from_value(value)
    except TypeError:
        return dict(value)
