"""What the local server never does: it leaves keys of a batch unread, and is slow to make tables."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from sightline.errors import AccessDenied, ConfigurationError, MissingTable, Unavailable
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import equals
from sightline.storage.dynamodb.schema import Index, Key, Schema, ensure
from sightline.storage.dynamodb.table import UNPROCESSED_ATTEMPTS, DynamoTable, Update

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


# --- many updates in one request --------------------------------------------------------------------------------------


def update(name, colour="red"):
    return Update({"name": name}, Change().set("colour", colour).remove("shape"), equals("size", 1))


class Executes:
    """Answers each statement with the next of its errors, by the item's name; in the end it is done."""

    def __init__(self, **errors):
        self.requests = []
        self._errors = {name: list(codes) for name, codes in errors.items()}

    def batch_execute_statement(self, Statements):  # noqa: N803 - boto3's spelling
        self.requests.append(Statements)
        return {"Responses": [self._answer(each["Parameters"][1]["S"]) for each in Statements]}

    def _answer(self, name):
        codes = self._errors.get(name)
        return {"Error": {"Code": codes.pop(0), "Message": "words"}} if codes else {"TableName": "things"}


def updated(client, names):
    pauses: list[float] = []
    outcomes = DynamoTable(client, THINGS, pauses.append).update_many([update(name) for name in names])
    return outcomes, pauses


def test_each_statement_names_its_item_and_has_its_own_condition():
    client = Executes()
    assert ([True], []) == updated(client, ["n1"])
    assert client.requests == [
        [
            {
                "Statement": 'UPDATE "things" SET "colour" = ? REMOVE "shape" WHERE "name" = ? AND ("size" = ?)',
                "Parameters": [{"S": "red"}, {"S": "n1"}, {"N": "1"}],
            }
        ]
    ]


def test_many_updates_are_sent_25_at_a_time_and_none_is_no_request():
    client = Executes()
    assert ([True] * 60, []) == updated(client, [f"n{n}" for n in range(60)])
    assert [25, 25, 10] == [len(each) for each in client.requests]
    assert [] == DynamoTable(client, THINGS).update_many([])  # type: ignore[arg-type]
    assert 3 == len(client.requests)


def test_a_refused_statement_is_refused_alone_and_a_busy_one_is_sent_again_alone():
    client = Executes(n1=["ConditionalCheckFailed"], n2=["ThrottlingError", "TransactionConflict"])
    outcomes, pauses = updated(client, ["n0", "n1", "n2"])
    assert [True, False, True] == outcomes
    assert [3, 1, 1] == [len(each) for each in client.requests]
    assert 2 == len(pauses)


def test_a_statement_that_stays_busy_ends_as_unavailable_and_the_others_are_done():
    client = Executes(n1=["ProvisionedThroughputExceeded"] * 99)
    outcomes, _ = updated(client, ["n0", "n1"])
    assert [True, Unavailable] == [outcomes[0], type(outcomes[1])]
    assert UNPROCESSED_ATTEMPTS == len(client.requests)


def test_every_error_that_a_statement_can_meet_has_a_meaning():
    shape: Any = Session().get_service_model("dynamodb").shape_for("BatchStatementErrorCodeEnum")
    meanings = {}
    for code in shape.enum:
        (outcome,), _ = updated(Executes(n=[code] * 99), ["n"])
        meanings[code] = outcome if outcome is False else type(outcome)
    busy = {
        "RequestLimitExceeded", "ProvisionedThroughputExceeded", "TransactionConflict", "ThrottlingError",
        "InternalServerError",
    }  # fmt: skip
    of_us = {"ItemCollectionSizeLimitExceeded", "ValidationError"}
    assert meanings == {
        "ConditionalCheckFailed": False,
        "DuplicateItem": False,
        "ResourceNotFound": MissingTable,
        "AccessDenied": AccessDenied,
        **dict.fromkeys(busy, Unavailable),
        **dict.fromkeys(of_us, ConfigurationError),
    }


def test_an_insertion_names_each_attribute_and_an_item_that_is_there_stays():
    client = Executes(n1=["DuplicateItem"], n2=["ThrottlingError"])
    items = [{"it's": 1, "name": name, "none": None} for name in ("n0", "n1", "n2")]
    outcomes = DynamoTable(client, THINGS, lambda _: None).insert_many(items)  # type: ignore[arg-type]
    assert [True, False, True] == outcomes
    first = client.requests[0][0]
    assert first["Statement"] == """INSERT INTO "things" VALUE {'it''s': ?, 'name': ?}"""
    assert first["Parameters"] == [{"N": "1"}, {"S": "n0"}]
    assert [3, 1] == [len(each) for each in client.requests]


def test_a_statement_cannot_add():
    with pytest.raises(ValueError, match="ADD"):
        DynamoTable(Executes(), THINGS).update_many(  # type: ignore[arg-type]
            [Update({"name": "n"}, Change().add("size", 1), equals("size", 1))]
        )
