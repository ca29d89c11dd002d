"""What a queue of S3's events may hold, read by plain functions."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.s3_events import (
    DELETED,
    MARKED,
    SHAPES,
    Happened,
    bridge_body,
    configured_body,
    confirmation_body,
    record,
    s3_body,
    sns_body,
)
from sightline.errors import InvalidUri, UnreadableEvent
from sightline.services.s3_events import TEST, Change, EventMessage, ObjectEvent, read_message
from sightline.storage.buckets.protocol import ObjectUri
from tests.examples import examples

AT = datetime(2026, 11, 27, 7, 58, 11, tzinfo=UTC)
KEYS = [
    "yard/a.jpg",
    "yard/a b.jpg",
    "yard/a+b.jpg",
    "yard/a%2Bb.jpg",
    "yard/100%.jpg",
    "yard/%zz %.jpg",
    "yard/a%20b+c%252F.jpg",
    "Garten/Größe 🦊/ё=1&2.jpg",
    "e\u0301/\u00e9.jpg",
    "yard/a\tb\n.jpg",
    'yard/"quoted"\'.jpg',
    "//yard//a.jpg",
]


def read(body):
    return read_message(body, "message 1")


def rules(message):
    assert not message.events
    return [(type(each), each.rule) for each in message.refused]


def changed(path, value):
    """Return S3's notification with one of its fields replaced, or without it."""
    body = {"Records": [record(Happened("images", "yard/a.jpg", at=AT))]}
    inner = body["Records"][0]
    for name in path[:-1]:
        inner = inner[name]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(body)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("key", KEYS)
def test_every_shape_names_the_very_key(shape, key):
    happened = Happened("images", key, etag="abc", size_bytes=7, at=AT)
    event = ObjectEvent(ObjectUri("images", key), Change.CREATED, AT, "abc", 7)
    assert EventMessage((event,)) == read(shape(happened))


@given(key=st.text(min_size=1, max_size=200), shape=st.sampled_from(SHAPES))
@examples(60)
def test_any_key_comes_back_or_is_refused_as_no_objects(key, shape):
    try:
        uri = ObjectUri.parse(f"s3://images/{key}")
    except (InvalidUri, UnicodeEncodeError):
        uri = None
    try:
        message = read(shape(Happened("images", key, at=AT)))
    except UnicodeEncodeError:  # half a surrogate pair cannot be form-encoded
        return
    assert ([uri] if uri else []) == [each.uri for each in message.events]
    assert uri or message.refused


@given(
    body=st.text()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["Records", "s3", "detail", "detail-type", "source", "Type", "Message"]), x
            )
        ),
    ).map(json.dumps)
)
@examples(40)
def test_no_body_raises(body):
    message = read(body)
    assert not message.events


@pytest.mark.parametrize("shape", SHAPES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", [DELETED, MARKED])
def test_a_removal_has_neither_etag_nor_size(shape, name):
    event = ObjectEvent(ObjectUri("images", "yard/a+b.jpg"), Change.REMOVED, AT)
    assert EventMessage((event,)) == read(shape(Happened("images", "yard/a+b.jpg", name, at=AT)))


def test_a_message_may_hold_many_records():
    keys = [f"yard/{number}.jpg" for number in range(5)]
    happened = [Happened("images", key, at=AT) for key in keys]
    for body in (s3_body(*happened), sns_body(*happened)):
        assert keys == [each.uri.key for each in read(body).events]


def test_sns_may_pass_on_an_event_of_eventbridge_whose_key_is_not_encoded():
    happened = Happened("images", "yard/a+b%2Bc.jpg", at=AT)
    message = read(sns_body(message=bridge_body(happened)))
    assert ["yard/a+b%2Bc.jpg"] == [each.uri.key for each in message.events]


def test_a_bad_record_does_not_spoil_the_others():
    good = record(Happened("images", "yard/a.jpg", at=AT))
    bad = good | {"eventVersion": "3.0"}
    message = read(json.dumps({"Records": [bad, good, "no record"]}))
    assert ["yard/a.jpg"] == [each.uri.key for each in message.events]
    assert [UnreadableEvent] * 2 == [type(each) for each in message.refused]


def test_the_test_of_a_new_notification_is_not_refused():
    assert EventMessage(others=(TEST,)) == read(configured_body("images"))
    assert EventMessage(others=(TEST,)) == read(sns_body(message=configured_body("images")))


@pytest.mark.parametrize(
    "name", ["ObjectTagging:Put", "ObjectRestore:Completed", "Replication:OperationFailedReplication"]
)
def test_events_about_something_else_are_named(name):
    assert EventMessage(others=(name,)) == read(changed(["eventName"], name))


def test_bridge_events_about_something_else_are_named():
    told = json.loads(bridge_body(Happened("images", "a", at=AT))) | {"detail-type": "Object Tags Added"}
    assert EventMessage(others=("Object Tags Added",)) == read(json.dumps(told))


def test_a_subscription_is_left_to_the_operator():
    [(kind, rule)] = rules(read(confirmation_body()))
    assert kind is UnreadableEvent
    assert "SubscriptionConfirmation" in rule


@pytest.mark.parametrize(
    "version",
    ["2.0", "2.6", "2.99"],
)
def test_newer_fields_of_the_known_version_are_read(version):
    assert len(read(changed(["eventVersion"], version)).events) == 1


POISON = {
    "empty": "",
    "no JSON": "{",
    "a list": "[]",
    "a number": "1e9",
    "nested": "[" * 100_000,
    "long number": f'{{"Records": {"9" * 5000}}}',
    "other fields": '{"id": 1}',
    "records that are none": '{"Records": {}}',
    "a record of another source": changed(["eventSource"], "aws:sqs"),
    "version 3": changed(["eventVersion"], "3.0"),
    "no version": changed(["eventVersion"], None),
    "no name": changed(["eventName"], None),
    "no key": changed(["s3", "object", "key"], None),
    "a key that is a number": changed(["s3", "object", "key"], 7),
    "no bucket": changed(["s3", "bucket"], None),
    "a bucket with a slash": changed(["s3", "bucket", "name"], "a/b"),
    "a bucket that cannot be": changed(["s3", "bucket", "name"], "no bucket"),
    "no time": changed(["eventTime"], None),
    "no such time": changed(["eventTime"], "yesterday"),
    "a time without zone": changed(["eventTime"], "2026-11-27T07:58:11"),
    "a key that is no UTF-8": changed(["s3", "object", "key"], "yard/%FF.jpg"),
    "a key too long": changed(["s3", "object", "key"], "a" * 1025),
    "SNS around no JSON": sns_body(message="hello"),
    "SNS around a number": sns_body(message="1"),
    "another source": json.dumps(json.loads(bridge_body(Happened("b", "k", at=AT))) | {"source": "aws.ec2"}),
    "a transformed event": json.dumps({"bucket": "images", "key": "yard/a.jpg"}),
    "no detail": json.dumps(json.loads(bridge_body(Happened("b", "k", at=AT))) | {"detail": "a"}),
    "a bad bucket in EventBridge": bridge_body(Happened("no bucket", "k", at=AT)),
}


@pytest.mark.parametrize("body", POISON.values(), ids=POISON.keys())
def test_poison_is_refused_with_a_rule(body):
    [(kind, rule)] = rules(read(body))
    assert kind in {UnreadableEvent, InvalidUri}
    assert rule


def test_a_quoted_etag_is_compared_without_quotes():
    assert ["abc"] == [each.etag for each in read(changed(["s3", "object", "eTag"], '"abc"')).events]
