"""The changes of the ledger, each with its entry before and after, as the table's stream tells them for a day.

A stream costs no write and no request of the image's way. It has shards, which end and are followed by others; since
each change is told with both entries, nothing depends on the order in which shards are read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from sightline.errors import MissingTable
from sightline.rekognition.aws_errors import aws_errors
from sightline.storage.dynamodb.items import from_item
from sightline.storage.ledger.dynamodb import OF_AN_ENTRY, to_entry
from sightline.storage.ledger.protocol import Entry

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

EMPTY_PAGES = 3
"""An open shard may give an empty page although more follows; so many in a row are taken for its end so far."""

FIRST = {"ShardIteratorType": "TRIM_HORIZON"}

MADE_TOGETHER = timedelta(minutes=5)
"""A stream that is so little younger than its table has told everything."""


@dataclass(frozen=True, slots=True)
class LedgerChange:
    """One entry before and after a write, without its answer. before: None if there was none; number: in its shard."""

    before: Entry | None
    after: Entry
    at: datetime
    number: str


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a shard's changes. is_ended: the shard has no more, and never will.

    is_cut: what should have come first is gone, since it was not read for a day
    """

    changes: tuple[LedgerChange, ...]
    is_ended: bool
    is_cut: bool = False


class LedgerChanges(Protocol):
    """The changes of a ledger."""

    def lacks(self) -> date | None:
        """Return the last UTC day of which changes were not told, because the stream is younger than the ledger."""

    def shards(self) -> list[str]:
        """Name the shards that can be read."""

    def pages(self, shard: str, after: str | None) -> Iterator[Page]:
        """Read a shard on from a change's number; None: from its beginning."""


class DynamoLedgerChanges(LedgerChanges):
    """The stream of the table `<prefix>analyses`. streams: makes boto3's client `dynamodbstreams` when it is needed."""

    def __init__(self, client: "DynamoDBClient", streams: Callable[[], Any], prefix: str) -> None:
        self._client, self._make_streams, self._name = client, streams, f"{prefix}analyses"

    @cached_property
    def _streams(self) -> Any:  # boto3-stubs for it are in no lock
        return self._make_streams()

    def _table(self) -> Mapping[str, Any]:
        with aws_errors(self._name):
            table: Mapping[str, Any] = self._client.describe_table(TableName=self._name)["Table"]
        if "LatestStreamArn" not in table:
            raise MissingTable(self._name, rule="the table must have a stream of its changes")
        return table

    @override
    def lacks(self) -> date | None:
        table = self._table()
        began = datetime.fromisoformat(table["LatestStreamLabel"]).replace(tzinfo=UTC)
        return None if began - table["CreationDateTime"] < MADE_TOGETHER else began.date()

    @override
    def shards(self) -> list[str]:
        stream, names = self._table()["LatestStreamArn"], list[str]()
        request: dict[str, str] = {}
        while True:
            with aws_errors(self._name):
                told = self._streams.describe_stream(StreamArn=stream, **request)["StreamDescription"]
            names += [each["ShardId"] for each in told["Shards"]]
            if "LastEvaluatedShardId" not in told:
                return names
            request = {"ExclusiveStartShardId": told["LastEvaluatedShardId"]}

    @override
    def pages(self, shard: str, after: str | None) -> Iterator[Page]:
        iterator, is_cut = self._begin(shard, after)
        empty = 0
        while iterator and empty < EMPTY_PAGES:
            with aws_errors(self._name):
                answer = self._streams.get_records(ShardIterator=iterator)
            iterator, records = answer.get("NextShardIterator"), answer["Records"]
            changes = tuple(_change(each["dynamodb"]) for each in records if "NewImage" in each["dynamodb"])
            if changes or not iterator:
                yield Page(changes, not iterator, is_cut)
            empty, is_cut = 0 if records else empty + 1, False

    def _begin(self, shard: str, after: str | None) -> tuple[str, bool]:
        """Return where reading begins, and whether what came before is gone."""
        request = {"StreamArn": self._table()["LatestStreamArn"], "ShardId": shard}
        with aws_errors(self._name):
            try:
                here = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after} if after else FIRST
                return self._streams.get_shard_iterator(**request, **here)["ShardIterator"], False
            except self._streams.exceptions.TrimmedDataAccessException:
                return self._streams.get_shard_iterator(**request, **FIRST)["ShardIterator"], True


def _change(record: Mapping[str, Any]) -> LedgerChange:
    before = record.get("OldImage")
    after, at = _entry(record["NewImage"]), record["ApproximateCreationDateTime"]
    return LedgerChange(_entry(before) if before else None, after, at, record["SequenceNumber"])


def _entry(image: Mapping[str, Any]) -> Entry:
    return to_entry(from_item({name: image[name] for name in OF_AN_ENTRY if name in image}))
