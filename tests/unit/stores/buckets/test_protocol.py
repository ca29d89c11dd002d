import pytest

from stores.buckets.protocol import ObjectUri
from vision.errors import InvalidUri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "yard/a.jpg",
        "http://bucket/key",
        "S3://bucket/key",
        "s3:///key",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket/" + "é" * 513,
        "s3://bucket/half a pair \ud800",
    ],
)
def test_what_names_no_object_is_refused(uri: str) -> None:
    with pytest.raises(InvalidUri):
        ObjectUri.parse(uri)


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [
        ("s3://bucket/yard/a.jpg", "bucket", "yard/a.jpg"),
        ("s3://bucket//a//b/", "bucket", "/a//b/"),
        ("s3://bucket/a%20b?c#d", "bucket", "a%20b?c#d"),
        ("s3://bucket/s3://bucket/a", "bucket", "s3://bucket/a"),
        ("s3://bucket/" + "é" * 512, "bucket", "é" * 512),
    ],
)
def test_a_uri_is_read_and_written_as_it_is(uri: str, bucket: str, key: str) -> None:
    assert ObjectUri.parse(uri) == ObjectUri(bucket, key)
    assert str(ObjectUri(bucket, key)) == uri
