import pytest

from sightline.errors import InvalidUri
from sightline.storage.buckets.protocol import ObjectUri, Prefix


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
        ("s3://Old_Bucket.1/yard/../gate/./a..jpg", "Old_Bucket.1", "yard/../gate/./a..jpg"),
        ("s3://bucket/" + "é" * 512, "bucket", "é" * 512),
    ],
)
def test_a_uri_is_read_and_written_as_it_is(uri: str, bucket: str, key: str) -> None:
    assert ObjectUri.parse(uri) == ObjectUri(bucket, key)
    assert str(ObjectUri(bucket, key)) == uri


ARN = "arn:aws:s3:us-east-1:123456789012:accesspoint:x"


@pytest.mark.parametrize("bucket", ["user:secret@images", ARN, "im ages", "..", "b" * 256, "images\n", "bücket"])
@pytest.mark.parametrize("parse", [ObjectUri.parse, Prefix.parse])
def test_what_can_be_no_bucket_is_refused_by_its_name(parse, bucket: str) -> None:
    with pytest.raises(InvalidUri, match="a bucket's name has 1 to 255 letters"):
        parse(f"s3://{bucket}/yard/a.jpg")


@pytest.mark.parametrize(
    ("key", "rule"),
    [("yard/\0.jpg", "no NUL"), ("yard/../../../x", "climb above"), ("..", "climb above"), ("../a", "climb above")],
)
def test_a_key_that_s3_refuses_is_refused_with_the_rule_it_breaks(key: str, rule: str) -> None:
    with pytest.raises(InvalidUri, match=rule):
        ObjectUri.parse(f"s3://bucket/{key}")
