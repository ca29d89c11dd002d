"""A query whose reader goes on reads more each time, up to a bound; one that is not told to keeps its page."""

from itertools import islice
from typing import Any

import pytest

from sightline.storage.dynamodb.conditions import equals
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.table import DynamoTable


class Server:
    """A partition of a hundred items."""

    def __init__(self):
        self.asked = []

    def query(self, *, Limit, ExclusiveStartKey=None, **_):  # noqa: N803 - DynamoDB's own names
        first = int(ExclusiveStartKey["n"]["N"]) if ExclusiveStartKey else 0
        self.asked.append(Limit)
        last = min(first + Limit, 100)
        onward = {"LastEvaluatedKey": {"n": {"N": str(last)}}} if last < 100 else {}
        return {"Items": [{"n": {"N": str(each)}} for each in range(first, last)]} | onward


@pytest.mark.parametrize(
    ("widest", "taken", "asked"),
    [(40, 4, [4]), (40, 5, [4, 16]), (40, 100, [4, 16, 40, 40]), (None, 9, [4, 4, 4])],
)
def test_each_page_is_four_times_as_wide_as_the_one_before_up_to_a_bound(widest, taken, asked):
    server: Any = Server()
    found = DynamoTable(server, Schema("t", Key("n"))).query(equals("n", 1), page=4, widest=widest)
    assert list(range(taken)) == [each["n"] for each in islice(found, taken)]
    assert asked == server.asked
