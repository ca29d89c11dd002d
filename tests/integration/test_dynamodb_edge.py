"""What the shared edge asks of a real DynamoDB: tables made and completed, conditions, changes and pages."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sightline.errors import AccessDenied, MissingTable, Unavailable
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    all_of,
    any_of,
    at_most,
    between,
    equals,
    exists,
    greater,
    less,
    missing,
    one_of,
)
from sightline.storage.dynamodb.schema import Index, Key, Schema, check, ensure
from sightline.storage.dynamodb.table import SCANNED_AT_ONCE, DynamoTable, Outcome, Update

BY_COLOUR = Index("by_colour", Key("colour", "name"), includes=("size",))
BY_SHAPE = Index("by_shape", Key("shape"))


@pytest.fixture
def schema(table_prefix) -> Schema:
    return Schema(f"{table_prefix}things", Key("kind", "name"), indexes=(BY_COLOUR, BY_SHAPE), ttl="expires")


@pytest.fixture
def table(dynamodb_client, schema) -> DynamoTable:
    made = DynamoTable(dynamodb_client, schema)
    made.ensure()
    return made


def key(name: str) -> dict[str, str]:
    return {"kind": "thing", "name": name}


def described(client: Any, schema: Schema) -> tuple[set[str], str]:
    indexes = client.describe_table(TableName=schema.name)["Table"].get("GlobalSecondaryIndexes", [])
    ttl = client.describe_time_to_live(TableName=schema.name)["TimeToLiveDescription"]
    return {index["IndexName"] for index in indexes}, ttl.get("AttributeName", "")


def test_a_table_is_made_with_its_indexes_and_ttl_and_again_is_harmless(dynamodb_client, schema):
    for _ in range(2):
        ensure(dynamodb_client, schema)
        check(dynamodb_client, schema)
        assert ({"by_colour", "by_shape"}, "expires") == described(dynamodb_client, schema)


def test_a_table_made_by_several_at_once_is_made_once(dynamodb_client, schema):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ensure(dynamodb_client, schema), range(4)))
    check(dynamodb_client, schema)


def test_a_table_that_lacks_indexes_and_ttl_gets_them_and_keeps_its_items(dynamodb_client, schema):
    bare = Schema(schema.name, schema.key)
    ensure(dynamodb_client, bare)
    DynamoTable(dynamodb_client, bare).put(key("ball") | {"colour": "red", "size": 3})
    with pytest.raises(MissingTable, match="by_colour, by_shape missing"):
        check(dynamodb_client, schema)
    ensure(dynamodb_client, schema)
    assert ({"by_colour", "by_shape"}, "expires") == described(dynamodb_client, schema)
    [found] = DynamoTable(dynamodb_client, schema).query(equals("colour", "red"), index="by_colour")
    assert found["size"] == 3


def test_a_missing_table_names_itself_and_the_remedy(dynamodb_client, schema):
    table = DynamoTable(dynamodb_client, schema)
    for use in (table.check, lambda: table.get(key("a")), lambda: list(table.scan()), table.count):
        with pytest.raises(MissingTable, match=rf"{schema.name}: .* Run `sightline setup`"):
            use()


class MayOnlyRead:
    """A client whose credentials allow no writing."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "UpdateItem")


def test_a_table_that_can_not_be_written_to_is_found_by_a_check_that_writes_nothing(dynamodb_client, schema, table):
    table.check()
    assert [] == list(table.scan())
    with pytest.raises(AccessDenied):
        DynamoTable(MayOnlyRead(dynamodb_client), schema).check()  # type: ignore[arg-type]


def test_a_server_that_is_away_is_unavailable(schema):
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))  # bound, and nobody listens
        session = boto3.Session(aws_access_key_id="tests", aws_secret_access_key="tests", region_name="us-east-1")
        away = session.client(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{port.getsockname()[1]}",
            config=Config(retries={"total_max_attempts": 1}),
        )
        with pytest.raises(Unavailable):
            DynamoTable(away, schema).get(key("a"))


def test_an_item_comes_back_as_it_was_put(table):
    item = key('it\'s "a" \\ 😀\n') | {"size": 0.12345678, "map": {"a.b": [1, "", True, {"c": None}]}, "gone": None}
    expected = key(item["name"]) | {"size": 0.1235, "map": {"a.b": [1, "", True, {"c": None}]}}  # type: ignore[arg-type]
    assert Outcome(True, expected) == table.put(item)
    assert expected == table.get(key(item["name"]))  # type: ignore[arg-type]
    assert table.get(key("nothing")) is None


def test_a_refused_write_gives_what_stood_in_the_way(table):
    old = key("a") | {"size": 1}
    table.put(old)
    assert Outcome(False, old) == table.put(key("a") | {"size": 2}, missing("kind"))
    assert Outcome(False, old) == table.update(key("a"), Change().set("size", 2), equals("size", 3))
    assert Outcome(False, None) == table.update(key("b"), Change().set("size", 2), exists("kind"))
    assert ([old], None) == (list(table.scan()), table.get(key("b")))


def test_a_change_sets_adds_and_removes_at_once(table):
    table.put(key("a") | {"state": "new", "data": {"x.y": 1, "z": 2}, "old": 1, "second": "then"})
    change = (
        Change()
        .set(("data", "x.y"), {"size": 1.5})
        .set_all(state="done", old=None)
        .set_if_missing("first", "now")
        .set_if_missing("second", "now")
        .add("count", 2)
        .remove(("data", "z"))
    )
    expected = (
        key("a") | {"state": "done", "data": {"x.y": {"size": 1.5}}, "count": 2} | {"first": "now", "second": "then"}
    )
    assert Outcome(True, expected) == table.update(key("a"), change)


@pytest.mark.parametrize(
    ("holds", "condition"),
    [
        (True, all_of(equals("size", 3), at_most("size", 3), exists(("map", "a")))),
        (False, all_of(equals("size", 3), less("size", 3))),
        (True, any_of(equals("size", 9), missing("colour"))),
        (True, equals("colour", None)),
        (False, equals(("map", "a"), None)),
        (True, equals(("map", "a"), "#n0 = :v0")),
        (False, all_of(any_of(greater("size", 2), missing("size")), less("size", 3))),
        (True, one_of("size", (1, 2, 3))),
        (True, equals("map", {"a": "#n0 = :v0"})),
        (True, between("size", 3, 3)),
    ],
)
def test_a_condition_holds_or_not(table, holds, condition):
    table.put(key("a") | {"size": 3, "map": {"a": "#n0 = :v0"}})
    assert holds == table.update(key("a"), Change().set("seen", True), condition).is_written


def test_a_partition_is_read_to_its_end_over_pages_of_a_megabyte(table):
    names = [f"n{number:03}" for number in range(9)]
    for name in names:
        table.put(key(name) | {"size": int(name[1:]), "data": "x" * 250_000})
    table.put({"kind": "other", "name": "x"})

    def read(*more: Any, **options: Any) -> list[str]:
        return [item["name"] for item in table.query(all_of(equals("kind", "thing"), *more), **options)]

    assert names == read()
    assert names[2:6] == read(between("name", "n002", "n005"))
    assert names[7:] == read(only_if=greater("size", 6))
    assert {*names, "x"} == {item["name"] for item in table.scan()}


def test_a_table_is_scanned_in_pages_of_so_many_items(table, dynamodb_client):
    names = {f"n{number}" for number in range(SCANNED_AT_ONCE + 5)}
    table.put_many(key(name) for name in names)
    asked: list[dict[str, Any]] = []
    dynamodb_client.meta.events.register(
        "provide-client-params.dynamodb.Scan", lambda params, **_: asked.append(params), unique_id="asked"
    )
    assert names == {item["name"] for item in table.scan()}
    dynamodb_client.meta.events.unregister("provide-client-params.dynamodb.Scan", unique_id="asked")
    assert [SCANNED_AT_ONCE] * 2 == [params["Limit"] for params in asked]


def test_an_index_holds_only_items_with_its_keys(table):
    for name, colour in (("a", "red"), ("b", None), ("c", "red")):
        table.put(key(name) | {"colour": colour, "size": 1, "weight": 2})
    given = list(table.query(equals("colour", "red"), index="by_colour"))
    assert [key(name) | {"colour": "red", "size": 1} for name in "ac"] == given
    table.update(key("a"), Change().set("colour", None))
    assert [item["name"] for item in table.query(equals("colour", "red"), index="by_colour")] == ["c"]


def test_many_items_are_read_at_once(table):
    for number in range(105):
        table.put(key(f"n{number}"))
    given = list(table.get_many(key(f"n{number}") for number in range(110)))
    assert {f"n{number}" for number in range(105)} == {item["name"] for item in given}
    assert [item for item in table.scan(("name",)) if item["name"] == "n1"] == [{"name": "n1"}]
    assert table.count()[0] == 105


def test_many_updates_in_one_request_are_each_done_or_refused_by_their_own_condition(table):
    for n in range(30):
        table.put({**key(f"n{n}"), "size": n, "colour": "red"})
    change = Change().set_all(colour="blue", shape="round").remove("never", "size")
    names = [*(f"n{n}" for n in range(30)), "missing"]
    updates = [
        Update(key(name), change, all_of(one_of("size", (*range(0, 30, 2), 99)), equals("colour", "red")))
        for name in names
    ]
    outcomes = table.update_many(updates)
    assert [n % 2 == 0 for n in range(30)] + [False] == outcomes
    assert {**key("n2"), "colour": "blue", "shape": "round"} == table.get(key("n2"))
    assert {**key("n3"), "colour": "red", "size": 3} == table.get(key("n3"))
    assert table.get(key("missing")) is None
    assert [False] * 31 == table.update_many(updates)


def test_an_update_of_a_missing_table_is_an_error(dynamodb_client, schema):
    missing_table = DynamoTable(dynamodb_client, schema)
    one = Update(key("n"), Change().set("colour", "blue"), equals("colour", "red"))
    try:
        (outcome,) = missing_table.update_many([one])
    except MissingTable as error:
        outcome = error
    assert isinstance(outcome, MissingTable)
