"""Another system's table, as real as it was: keyed otherwise than by image, and of more than one page."""

from decimal import Decimal

import pytest

from sightline.bootstrap import aws_session
from sightline.models.images import State

IMAGES, LABELS = 8, 4
PADDING = "x" * 60_000
"""32 rows of so much are three pages."""


@pytest.fixture
def old_table(settings, tag, dynamodb_client):
    name = f"{settings.table_prefix}old-labels"
    keys = (("label", "HASH"), ("object_key", "RANGE"))
    dynamodb_client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    table = aws_session(settings).resource("dynamodb", endpoint_url=settings.dynamodb_endpoint).Table(name)
    for image in range(IMAGES):
        for number in range(LABELS):
            table.put_item(
                Item={
                    "object_key": f"camera-{tag}/{image}.jpg",
                    "label": f"Thing {number}",
                    "confidence": Decimal("60.125") + number,
                    "event_ts": 1_488_371_400_000 + image,
                    "capture_date": "2017-03-01",
                    "padding": PADDING,
                }
            )
    key = {"label": "Thing 0", "object_key": f"camera-{tag}/0.jpg"}
    table.update_item(Key=key, UpdateExpression="SET confidence = :s", ExpressionAttributeValues={":s": {"a", "b"}})
    yield name
    dynamodb_client.delete_table(TableName=name)


def test_a_table_is_imported_page_by_page_and_twice_changes_nothing(run, told, services, tag, old_table):
    assert 0 == run("setup").exit_code
    options = ("import-label-set", old_table, "--bucket", "old")
    first, second = told(*options), told(*options)
    counts = {
        "rows": 32,
        "refused": 1,
        "images": 7,
        "new": 7,
        "known": 0,
        "cut": 0,
        "left_out": 1,
        "usd_saved": 0.007,
    }
    counts |= {"unsure": 0, "usd_unsure": 0.0}
    assert {"table": old_table, "is_dry_run": False, **counts} == first
    assert {**first, "new": 0, "known": 7, "usd_saved": 0.0} == second
    row = services.images.get(f"s3://old/camera-{tag}/7.jpg")
    finding = tuple((f"Thing {number}", 60.125 + number) for number in reversed(range(LABELS)))
    assert (State.IMPORTED, finding, 55.0) == (row.state, row.parts["labels"].finding, row.parts["labels"].cut_percent)
    assert 7 == told("status")["images"]["imported"]
    assert ["labels"] == list(told("show", row.image_id)["features"])


def test_a_table_that_is_not_there_is_named_with_the_remedy(run):
    result = run("import-label-set", "no-such-table", "--bucket", "old")
    assert 1 == result.exit_code
    assert result.stderr.startswith("no-such-table: the table must exist in this account and region. Correct its name")
