"""What botocore is spared: it neither checks nor walks through what the stores have built."""

import json
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ParamValidationError

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.client import client_of_stores, session_of_stores
from sightline.storage.dynamodb.conditions import equals
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.table import DynamoTable, Outcome

KEYS: dict[str, Any] = {"aws_access_key_id": "an id", "aws_secret_access_key": "a key", "region_name": "us-east-1"}
THINGS = Schema("things", Key("name"))
ONLY_A_NEWER_VERSION_KNOWS = {"V": [0.5]}
ROW = {"name": "a", "size": 3, "share": 0.25, "map": {"a.b": [1, "", True, None, {"c": "é😀"}]}}


class Server:
    """Answers every request of a client, and keeps what was sent."""

    def __init__(self, client, answer, status=200):
        self.sent = []
        self._answer, self._status = answer, status
        client.meta.events.register("before-send", self._send)

    def _send(self, request, **_):
        self.sent.append((request.headers["X-Amz-Target"], json.loads(request.body)))
        body = SimpleNamespace(stream=lambda *_: [json.dumps(self._answer).encode()])
        return AWSResponse(request.url, self._status, HTTPHeaders(), body)


def ours():
    return client_of_stores(boto3.Session(**KEYS, botocore_session=session_of_stores()), None, Config())


def plain():
    return boto3.Session(**KEYS).client("dynamodb")


def table_of(client, answer=None, status=200):
    server = Server(client, answer or {}, status)
    return DynamoTable(client, THINGS), server


def use(table):
    """Send each kind of request that holds attribute values."""
    only_if = equals("size", 3)
    table.put(ROW, only_if)
    table.update({"name": "a"}, Change().set("map", ROW["map"]).add("size", 2), only_if)
    table.change({"name": "a"}, Change().set_all(share=0.5, size=None), only_if)
    table.delete({"name": "a"}, only_if)
    table.put_many([ROW, {"name": "b"}])
    table.get({"name": "a"})
    list(table.get_many([{"name": "a"}, {"name": "b"}]))
    list(table.query(equals("name", "a"), only_if=only_if))
    list(table.scan(("name",), {"name": "a"}))


ANSWER: dict[str, Any] = {"Items": [], "Responses": {}, "UnprocessedKeys": {}, "UnprocessedItems": {}}


def test_the_same_is_sent_as_by_a_plain_client():
    (table, server), (same, expected) = table_of(ours(), ANSWER), table_of(plain(), ANSWER)
    use(table)
    use(same)
    assert 9 == len(server.sent)
    assert expected.sent == server.sent


@pytest.mark.parametrize("make", [ours, plain])
def test_the_same_is_read_as_by_a_plain_client(make):
    low_level = {"name": {"S": "a"}, "size": {"N": "3"}, "map": {"M": {"x": {"L": [{"NULL": True}, {"BOOL": False}]}}}}
    expected = {"name": "a", "size": 3, "map": {"x": [None, False]}}
    batch = {"Responses": {"things": [low_level]}, "UnprocessedKeys": {}}
    table, _ = table_of(make(), {"Item": low_level, "Attributes": low_level, "Items": [low_level], **batch})
    assert expected == table.get({"name": "a"})
    assert Outcome(True, expected) == table.update({"name": "a"}, Change().set("size", 3))
    assert [expected] == list(table.scan())
    assert [expected] == list(table.query(equals("name", "a")))
    assert [expected] == list(table.get_many([{"name": "a"}]))


@pytest.mark.parametrize("make", [ours, plain])
def test_the_item_that_stood_in_the_way_is_read_from_the_refusal(make):
    refusal = {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "Item": {"name": {"S": "a"}},
    }
    table, _ = table_of(make(), refusal, 400)
    assert Outcome(False, {"name": "a"}) == table.update({"name": "a"}, Change().set("size", 3), equals("size", 2))
    assert table.change({"name": "a"}, Change().set("size", 3), equals("size", 2)) is False


def test_a_large_change_gives_the_item_that_was_there_before():
    table, server = table_of(ours(), {"Attributes": {"name": {"S": "a"}, "size": {"N": "2"}}})
    done = table.update_telling_former({"name": "a"}, Change().set("size", 3), equals("size", 2))
    assert Outcome(True, {"name": "a", "size": 2}) == done
    [(_, body)] = server.sent
    assert "ALL_OLD" == body["ReturnValues"]


def test_an_item_that_nobody_reads_is_not_asked_for():
    table, server = table_of(ours())
    table.change({"name": "a"}, Change().set("size", 3), equals("size", 2))
    table.delete({"name": "a"}, equals("size", 2))
    asked = {name for _, body in server.sent for name in body if name.startswith("ReturnValues")}
    assert set() == asked


def test_a_value_is_sent_and_read_as_it_is_whatever_it_is():
    client = ours()
    server = Server(client, {"Item": {"name": ONLY_A_NEWER_VERSION_KNOWS}})
    answer = client.get_item(TableName="things", Key={"name": ONLY_A_NEWER_VERSION_KNOWS})
    [(_, body)] = server.sent
    assert ONLY_A_NEWER_VERSION_KNOWS == body["Key"]["name"] == answer["Item"]["name"]


def test_a_plain_client_would_check_and_walk_through_it():
    """Otherwise the test above proves nothing."""
    with pytest.raises(ParamValidationError):
        plain().get_item(TableName="things", Key={"name": ONLY_A_NEWER_VERSION_KNOWS})


def test_the_classes_of_errors_are_loaded_before_threads_share_the_client():
    inner = session_of_stores()
    inner.set_credentials("nobody", "nothing")
    session = boto3.Session(region_name="us-east-1", botocore_session=inner)
    client = client_of_stores(session, "http://127.0.0.1:9", Config())
    assert vars(client)["_exceptions"] is client.exceptions
