"""What the local server never does: it leaves keys of a batch unread, and is slow to make tables."""

import pytest
from botocore.exceptions import ClientError

from sightline.errors import Unavailable
from sightline.storage.dynamodb.schema import Index, Key, Schema, ensure
from sightline.storage.dynamodb.table import UNPROCESSED_ATTEMPTS, DynamoTable

THINGS = Schema("things", Key("name"))


class ReadsSome:
    """Reads at most `most` keys of a batch, and gives the others back unprocessed."""

    def __init__(self, most):
        self.most = most
        self.sizes = []

    def batch_get_item(self, RequestItems):  # noqa: N803 - boto3's spelling
        keys = RequestItems["things"]["Keys"]
        self.sizes.append(len(keys))
        unread = {"things": {"Keys": keys[self.most :]}} if keys[self.most :] else {}
        return {"Responses": {"things": keys[: self.most]}, "UnprocessedKeys": unread}


def test_keys_left_unread_are_asked_for_again_after_a_growing_pause():
    client = ReadsSome(40)
    pauses: list[float] = []
    table = DynamoTable(client, THINGS, pauses.append)  # type: ignore[arg-type]
    names = [f"n{number}" for number in range(130)]
    given = [item["name"] for item in table.get_many({"name": name} for name in names)]
    assert names == given
    assert client.sizes == [100, 60, 20, 30]
    assert len(pauses) == 2
    assert 0 < pauses[0] < 0.1 < pauses[1] * 2.01


def test_keys_that_stay_unread_end_as_unavailable():
    client = ReadsSome(0)
    pauses: list[float] = []
    with pytest.raises(Unavailable, match="unread"):
        list(DynamoTable(client, THINGS, pauses.append).get_many([{"name": "a"}]))  # type: ignore[arg-type]
    assert client.sizes == [1] * UNPROCESSED_ATTEMPTS


def test_no_keys_are_no_request():
    client = ReadsSome(40)
    assert list(DynamoTable(client, THINGS).get_many([])) == []  # type: ignore[arg-type]
    assert client.sizes == []


class HasRivals:
    """A table without its index. Each attempt to create it is refused: somebody else is at it, or was faster."""

    class exceptions:  # noqa: N801 - boto3's spelling
        ClientError = ClientError

    def __init__(self, *, is_there_then):
        self.is_there_then = is_there_then
        self.indexes = []

    def describe_table(self, TableName):  # noqa: N803 - boto3's spelling
        return {"Table": {"TableName": TableName, "TableStatus": "ACTIVE", "GlobalSecondaryIndexes": self.indexes}}

    def update_table(self, **_):
        if self.is_there_then:
            self.indexes = [{"IndexName": "by_colour", "IndexStatus": "ACTIVE"}]
        raise ClientError({"Error": {"Code": "ResourceInUseException", "Message": "busy"}}, "UpdateTable")


COLOURED = Schema("things", Key("name"), indexes=(Index("by_colour", Key("colour")),))


def test_an_index_that_somebody_else_creates_meanwhile_is_as_good():
    client = HasRivals(is_there_then=True)
    ensure(client, COLOURED)  # type: ignore[arg-type]
    assert [{"IndexName": "by_colour", "IndexStatus": "ACTIVE"}] == client.indexes


def test_an_index_that_can_not_be_created_now_may_be_created_later():
    with pytest.raises(Unavailable, match="ResourceInUseException"):
        ensure(HasRivals(is_there_then=False), COLOURED)  # type: ignore[arg-type]


class MakesSlowly:
    """Describes a table that is `CREATING` for ever."""

    def describe_table(self, TableName):  # noqa: N803 - boto3's spelling
        return {"Table": {"TableName": TableName, "TableStatus": "CREATING"}}


def test_a_table_that_never_becomes_active_is_unavailable():
    pauses: list[float] = []
    with pytest.raises(Unavailable, match="things: the table did not become active"):
        ensure(MakesSlowly(), THINGS, pauses.append)  # type: ignore[arg-type]
    assert sum(pauses) == 600
