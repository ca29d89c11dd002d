from datetime import UTC, datetime, timedelta

import pytest

from sightline.errors import AccessDenied
from sightline.storage.buckets.protocol import ObjectUri, walk
from sightline.testing.buckets import InMemoryBuckets

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URI = ObjectUri("bucket", "yard/a.jpg")


def test_a_denied_bucket_answers_nothing() -> None:
    buckets = InMemoryBuckets(lambda: NOW)
    buckets.create("bucket")
    buckets.put(URI, b"picture")
    buckets.deny("bucket")

    for ask in (buckets.get, buckets.head, buckets.delete):
        with pytest.raises(AccessDenied, match="s3://bucket/yard/a"):
            ask(URI)


def test_the_time_of_writing_and_the_metadata_are_kept() -> None:
    buckets = InMemoryBuckets(lambda: NOW)
    buckets.create("bucket")
    buckets.put_with_metadata(URI, b"picture", {"taken": "yesterday"})

    head = buckets.head(URI)
    assert (head.last_modified, head.metadata) == (NOW, {"taken": "yesterday"})


def test_a_walk_goes_through_every_page() -> None:
    buckets = InMemoryBuckets(lambda: NOW)
    buckets.create("bucket")
    keys = [f"yard/{n:05}.jpg" for n in range(2500)]
    for key in keys:
        buckets.put(ObjectUri("bucket", key), b"")

    assert [each.uri.key for each in walk(buckets, "bucket", "yard/")] == keys


def test_a_link_names_the_object() -> None:
    assert InMemoryBuckets(lambda: NOW).link(URI, timedelta(minutes=1)) == "memory://bucket/yard/a.jpg?expires=60"
