"""The contract of buckets over memory and S3."""

import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryFile
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.session import Session

from sightline.errors import ImageMissing, MissingBucket, TooManyBytes, Unavailable
from sightline.rekognition.preflight import MAX_BYTES_IN_S3
from sightline.storage.buckets.protocol import MAX_KEY_BYTES, Buckets, ObjectUri, walk
from sightline.storage.buckets.s3 import S3Buckets
from sightline.testing.buckets import InMemoryBuckets
from sightline.video_errors import VideoTooLarge

ODD_KEYS = [
    "yard/a b+c%20d.jpg",
    "yard/\"quoted\" and 'single'.jpg",
    "yard/back\\slash.jpg",
    "yard/🎥 camera.jpg",
    "yard/line\nbreak.jpg",
    "yard/&<>?#=;:@$,.jpg",
    "yard/Ünïcödé/雪.jpg",
    "yard/" + "é" * ((MAX_KEY_BYTES - 5) // 2) + "x",
]


def s3_client(endpoint: str) -> Any:
    return Session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, connect_timeout=5),
    )


def s3(endpoint: str) -> S3Buckets:
    return S3Buckets(s3_client(endpoint))


@pytest.fixture(params=["memory", "s3"])
def buckets(request: pytest.FixtureRequest) -> Buckets:
    if request.param == "memory":
        return InMemoryBuckets(lambda: datetime.now(UTC))
    return s3(request.getfixturevalue("s3_endpoint"))


@pytest.fixture
def bucket(buckets: Buckets) -> Iterator[str]:
    name = f"test-{uuid4().hex}"
    buckets.create(name)
    yield name
    for each in walk(buckets, name, ""):
        buckets.delete(each.uri)


def test_what_was_put_is_what_is_read(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "yard/a.jpg")
    etag = buckets.put(uri, b"picture")
    head, data = buckets.get(uri)

    assert data == b"picture"
    assert (head.uri, head.etag, head.size_bytes, head.version) == (uri, etag, 7, None)
    assert '"' not in head.etag
    assert abs(datetime.now(UTC) - head.last_modified) < timedelta(minutes=1)
    assert head == buckets.head(uri)


@pytest.fixture
def versioned(s3_endpoint: str) -> tuple[S3Buckets, str]:
    """Give a bucket that keeps versions; memory keeps none."""
    client, name = s3_client(s3_endpoint), f"test-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return S3Buckets(client), name


def test_each_upload_to_a_versioned_bucket_is_another_version(versioned: tuple[S3Buckets, str]) -> None:
    buckets, name = versioned
    uri = ObjectUri(name, "yard/a.jpg")
    versions = []
    for data in (b"one", b"two", b"two"):
        buckets.put(uri, data)
        head, read = buckets.get(uri)
        assert (data, head) == (read, buckets.head(uri))
        versions.append(head.version)
    assert None not in versions
    assert 3 == len(set(versions))


def test_a_key_that_was_deleted_from_a_versioned_bucket_is_not_listed_and_not_found(
    versioned: tuple[S3Buckets, str],
) -> None:
    buckets, name = versioned
    for key in ("yard/a.jpg", "yard/b.jpg", "yard/c.jpg"):
        buckets.put(ObjectUri(name, key), b"picture")
    buckets.delete(ObjectUri(name, "yard/b.jpg"))
    assert ["yard/a.jpg", "yard/c.jpg"] == [each.uri.key for each in walk(buckets, name, "yard/")]
    assert ["yard/c.jpg"] == [each.uri.key for each in buckets.list_page(name, "yard/", "yard/a.jpg")]
    with pytest.raises(ImageMissing):
        buckets.get(ObjectUri(name, "yard/b.jpg"))
    with pytest.raises(ImageMissing):
        buckets.head(ObjectUri(name, "yard/b.jpg"))
    buckets.put(ObjectUri(name, "yard/b.jpg"), b"again")
    assert 3 == len(list(walk(buckets, name, "yard/")))


def test_other_bytes_have_another_etag(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "yard/a.jpg")
    etags = [buckets.put(uri, data) for data in (b"one", b"two", b"one")]

    assert etags[0] == etags[2] != etags[1]


def test_an_empty_object_is_an_object(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "yard/empty.jpg")
    buckets.put(uri, b"")

    assert buckets.get(uri)[1] == b""
    assert buckets.head(uri).size_bytes == 0


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_is_taken_as_it_is(buckets: Buckets, bucket: str, key: str) -> None:
    uri = ObjectUri(bucket, key)
    etag = buckets.put(uri, key.encode())

    assert buckets.get(uri)[1] == key.encode()
    assert buckets.head(uri).etag == etag
    assert [each.uri for each in buckets.list_page(bucket, "yard/", None)] == [uri]
    buckets.delete(uri)
    assert buckets.list_page(bucket, "", None) == []


def test_a_listing_goes_on_behind_any_key(buckets: Buckets, bucket: str) -> None:
    for key in ODD_KEYS:
        buckets.put(ObjectUri(bucket, key), b"x")
    listed: list[str] = []
    while page := buckets.list_page(bucket, "", listed[-1] if listed else None, limit=3):
        assert len(page) <= 3
        listed += [each.uri.key for each in page]

    assert listed == sorted(ODD_KEYS, key=str.encode)


def test_a_listing_holds_only_its_prefix_and_the_objects_facts(buckets: Buckets, bucket: str) -> None:
    inside, outside = ObjectUri(bucket, "yard/a.jpg"), ObjectUri(bucket, "yardstick/a.jpg")
    etag = buckets.put(inside, b"picture")
    buckets.put(outside, b"other")

    (found,) = walk(buckets, bucket, "yard/")
    assert (found.uri, found.etag, found.size_bytes) == (inside, etag, 7)
    assert abs(datetime.now(UTC) - found.last_modified) < timedelta(minutes=1)


def test_a_missing_object_is_not_a_missing_bucket(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "yard/none.jpg")

    for ask in (buckets.get, buckets.head):
        with pytest.raises(ImageMissing, match="yard/none"):
            ask(uri)


def test_a_missing_bucket_is_said_by_every_question(buckets: Buckets) -> None:
    uri = ObjectUri(f"none-{uuid4().hex}", "yard/a.jpg")

    for ask in (
        lambda: buckets.get(uri),
        lambda: buckets.head(uri),
        lambda: buckets.put(uri, b""),
        lambda: buckets.put(uri, b"", if_match="0" * 32),
        lambda: buckets.delete(uri),
        lambda: buckets.list_page(uri.bucket, "", None),
        lambda: buckets.check(uri.bucket),
    ):
        with pytest.raises(MissingBucket, match=uri.bucket):
            ask()


def test_the_largest_image_is_read_and_one_byte_more_is_refused(buckets: Buckets, bucket: str) -> None:
    largest, larger = ObjectUri(bucket, "yard/largest.jpg"), ObjectUri(bucket, "yard/larger.jpg")
    buckets.put(largest, bytes(MAX_BYTES_IN_S3))
    buckets.put(larger, bytes(MAX_BYTES_IN_S3 + 1))

    assert len(buckets.get(largest)[1]) == MAX_BYTES_IN_S3
    with pytest.raises(TooManyBytes, match="it has 15,728,641 bytes"):
        buckets.get(larger)


def test_a_write_on_condition_of_an_etag_happens_only_while_it_holds(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "sightline/checkpoints/position")
    assert buckets.put(uri, b"one", if_match="0" * 32) is None
    first = buckets.put(uri, b"one")
    second = buckets.put(uri, b"two", if_match=first)

    assert second is not None
    assert buckets.put(uri, b"three", if_match=first) is None
    assert buckets.get(uri)[1] == b"two"


def test_a_write_on_condition_of_absence_happens_once(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "sightline/checkpoints/position")

    assert buckets.put(uri, b"one", if_none_match=True) is not None
    assert buckets.put(uri, b"two", if_none_match=True) is None
    assert buckets.get(uri)[1] == b"one"


def test_what_is_not_there_can_be_deleted_again(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "yard/a.jpg")
    buckets.put(uri, b"picture")
    buckets.delete(uri)
    buckets.delete(uri)

    with pytest.raises(ImageMissing):
        buckets.head(uri)


def test_a_bucket_created_again_keeps_what_it_holds(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "yard/a.jpg")
    buckets.put(uri, b"picture")
    buckets.create(bucket)

    assert buckets.get(uri)[1] == b"picture"


def test_a_check_passes_and_leaves_nothing_behind(buckets: Buckets, bucket: str) -> None:
    buckets.check(bucket)

    assert buckets.list_page(bucket, "", None) == []


@pytest.mark.parametrize("key", ODD_KEYS[:-1])
def test_a_link_shows_the_object_without_credentials(s3_endpoint: str, key: str) -> None:
    buckets = s3(s3_endpoint)
    uri = ObjectUri("test-links", key)
    buckets.create(uri.bucket)
    buckets.put(uri, b"picture")

    link = buckets.link(uri, timedelta(minutes=5))
    assert link.startswith(s3_endpoint)
    with urllib.request.urlopen(link, timeout=10) as answer:  # noqa: S310 - a loopback address of the test's own
        assert answer.read() == b"picture"


def test_a_server_that_is_away_is_unavailable() -> None:
    buckets = s3("http://127.0.0.1:1")
    uri = ObjectUri("any", "yard/a.jpg")

    with pytest.raises(Unavailable, match="s3://any/yard/a"):
        buckets.get(uri)


def test_a_probe_reads_one_object_and_tells_the_time(buckets: Buckets, bucket: str) -> None:
    assert buckets.probe(bucket, "yard/").key is None
    buckets.put(ObjectUri(bucket, "yard/a.jpg"), b"picture")
    probe = buckets.probe(bucket, "yard/")
    assert probe.key == "yard/a.jpg"
    assert probe.time is not None
    assert abs(datetime.now(UTC) - probe.time) < timedelta(minutes=1)
    with pytest.raises(MissingBucket):
        buckets.probe("no-such-bucket", "")


def test_a_copy_has_the_bytes_and_is_made_once(buckets: Buckets, bucket: str) -> None:
    source, target = ObjectUri(bucket, ODD_KEYS[0]), ObjectUri(bucket, "aside/a b+c%20d.jpg")
    etag = buckets.put(source, b"picture")
    assert etag is not None
    assert [True, False] == [buckets.copy(source, target, if_match=etag) for _ in range(2)]
    assert b"picture" == buckets.get(target)[1]
    assert not buckets.copy(source, ObjectUri(bucket, "other"), if_match="0" * 32)
    assert not buckets.copy(ObjectUri(bucket, "missing"), ObjectUri(bucket, "other"), if_match=etag)
    assert [ODD_KEYS[0], "aside/a b+c%20d.jpg"] == sorted(
        (each.uri.key for each in walk(buckets, bucket, "")), reverse=True
    )


def test_only_what_has_the_etag_is_removed(buckets: Buckets, bucket: str) -> None:
    uri = ObjectUri(bucket, "yard/a.jpg")
    etag = buckets.put(uri, b"picture")
    assert etag is not None
    assert [False, True, False] == [buckets.remove(uri, if_match=each) for each in ("0" * 32, etag, etag)]
    assert [] == list(walk(buckets, bucket, ""))


def test_a_copy_has_metadata_and_headers(s3_endpoint: str) -> None:
    client, name = s3_client(s3_endpoint), f"test-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    headers = {"ContentType": "image/jpeg", "CacheControl": "max-age=3", "ContentLanguage": "de"}
    client.put_object(Bucket=name, Key="a.jpg", Body=b"picture", Metadata={"camera": "yard"}, **headers)
    buckets, source, target = S3Buckets(client), ObjectUri(name, "a.jpg"), ObjectUri(name, "b.jpg")
    assert buckets.copy(source, target, if_match=buckets.head(source).etag)
    assert ({"camera": "yard"}, headers) == (buckets.head(target).metadata, buckets.head(target).headers)


def test_metadata_comes_back_with_the_object(buckets, bucket):
    uri = ObjectUri(bucket, "sightline/frames/yard/1.jpg")
    buckets.put(uri, b"frame", metadata={"video": "czM6Ly8=", "capture-time": "2026-11-02T07:58:11+01:00"})
    expected = {"video": "czM6Ly8=", "capture-time": "2026-11-02T07:58:11+01:00"}
    assert expected == buckets.head(uri).metadata == buckets.get(uri)[0].metadata


def test_an_object_is_read_into_a_file_and_one_that_is_larger_is_not_read(buckets, bucket):
    uri, data = ObjectUri(bucket, "yard/x.mp4"), b"0123456789" * 300_000
    etag = buckets.put(uri, data)
    with TemporaryFile() as file:
        assert etag == buckets.read_into(uri, file, len(data)).etag
        file.seek(0)
        assert data == file.read()
    with TemporaryFile() as file, pytest.raises(VideoTooLarge, match=r"which is 2\.86102 MiB; it has 2\.9"):
        buckets.read_into(uri, file, len(data) - 1)
    with TemporaryFile() as file, pytest.raises(ImageMissing):
        buckets.read_into(ObjectUri(bucket, "yard/y.mp4"), file, 1)
