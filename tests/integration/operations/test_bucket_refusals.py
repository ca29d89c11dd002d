"""What buckets refuse, in memory and in DynamoDB alike."""

from dataclasses import replace

import pytest

from sightline.models.bucket_refusals import BucketRefusal, Reader, Tries
from sightline.storage.bucket_refusals import REMEMBERED_FOR
from tests.integration.operations.stories import MINUTE, SECOND, STRANGE


def test_nothing_is_known_of_a_bucket_at_first(operations):
    assert [] == operations.bucket_refusals.read()
    assert BucketRefusal("b", Reader.S3) == operations.bucket_refusals.get("b", Reader.S3)


def test_what_was_written_is_read_and_readers_and_buckets_are_apart(operations, clock):
    store = operations.bucket_refusals
    full = BucketRefusal("b", Reader.S3, suspects=("s3://b/x",), released=("s3://b/y/",), letters={"s3://b/": "E"})
    full = full.with_refused("s3://b/gate/1.jpg", clock.now).with_passed("s3://b/yard/2.jpg")
    written = store.replace(full)
    assert written == replace(full, revision=1) == store.get("b", Reader.S3)
    assert [written] == store.read()
    assert BucketRefusal("b", Reader.REKOGNITION) == store.get("b", Reader.REKOGNITION)
    assert BucketRefusal("c", Reader.S3) == store.get("c", Reader.S3)


def test_of_two_that_saw_the_same_one_writes(operations, clock):
    store = operations.bucket_refusals
    for _ in range(2):
        seen = store.get("b", Reader.S3)
        assert store.replace(seen.with_refused("s3://b/1.jpg", clock.now)) is not None
        assert store.replace(seen.with_refused("s3://b/2.jpg", clock.now)) is None
    assert ["s3://b/1.jpg"] == [each.image_id for each in store.get("b", Reader.S3).refused]


def test_a_bucket_of_which_nothing_was_heard_for_a_day_is_forgotten(operations, clock):
    store = operations.bucket_refusals
    store.replace(BucketRefusal("b", Reader.S3))
    clock.move(REMEMBERED_FOR - SECOND)
    assert 1 == len(store.read())
    clock.move(2 * SECOND)
    assert [] == store.read()


@pytest.mark.parametrize("image_id", STRANGE, ids=lambda name: ascii(name[:10]))
def test_tries_of_an_image_are_kept_until_they_are_forgotten(operations, clock, image_id):
    store = operations.bucket_refusals
    assert store.tries(image_id, Reader.S3) is None
    for count in (1, 2):
        store.keep_tries(image_id, Reader.S3, Tries(clock.now, count, 7))
    assert Tries(clock.now, 2, 7) == store.tries(image_id, Reader.S3)
    assert store.tries(image_id, Reader.REKOGNITION) is None
    clock.move(MINUTE)
    store.keep_tries(image_id, Reader.S3, None)
    assert store.tries(image_id, Reader.S3) is None
    store.keep_tries(image_id, Reader.S3, None)


def test_tries_of_a_day_ago_are_forgotten(operations, clock):
    operations.bucket_refusals.keep_tries("s3://b/k", Reader.S3, Tries(clock.now, 1, 0))
    clock.move(REMEMBERED_FOR + SECOND)
    assert operations.bucket_refusals.tries("s3://b/k", Reader.S3) is None
