"""What a stand-in for S3 does not answer: refusals, versions, buckets elsewhere, and conditions ignored."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.client import BaseClient
from botocore.response import StreamingBody
from botocore.session import Session
from botocore.stub import ANY, Stubber

from sightline.errors import AccessDenied, MissingBucket, NotSupported, TooManyBytes, Unavailable
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.buckets.s3 import S3Buckets

URI = ObjectUri("bucket", "yard/a.jpg")
FACTS = {"ETag": '"abc"', "ContentLength": 3, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}


SESSION = Session()
"""One for all clients: it reads the service model from its file once."""


def client(region: str = "eu-west-1") -> BaseClient:
    return SESSION.create_client("s3", region, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def s3() -> BaseClient:
    return client()


@pytest.fixture
def aws(s3: BaseClient) -> Iterator[Stubber]:
    with Stubber(s3) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_403_is_said_by_get_and_head(s3: BaseClient, aws: Stubber) -> None:
    aws.add_client_error("get_object", "AccessDenied", http_status_code=403)
    aws.add_client_error("head_object", "403", http_status_code=403)

    for ask in (S3Buckets(s3).get, S3Buckets(s3).head):  # type: ignore[arg-type]
        with pytest.raises(AccessDenied, match="s3://bucket/yard/a"):
            ask(URI)


def test_a_head_without_a_bucket_names_the_image_that_asked(s3: BaseClient, aws: Stubber) -> None:
    aws.add_client_error("head_object", "404", http_status_code=404)
    aws.add_client_error("head_bucket", "404", http_status_code=404)

    with pytest.raises(MissingBucket, match="s3://bucket/yard/a"):
        S3Buckets(s3).head(URI)  # type: ignore[arg-type]


def test_an_object_too_large_is_refused_before_its_bytes_are_read(s3: BaseClient, aws: Stubber) -> None:
    class NeverRead(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError(size)

    body = NeverRead()
    too_large = 16_000_000
    aws.add_response("get_object", {**FACTS, "ContentLength": too_large, "Body": StreamingBody(body, too_large)})

    with pytest.raises(TooManyBytes, match="it has 16,000,000 bytes"):
        S3Buckets(s3).get(URI)  # type: ignore[arg-type]
    assert body.closed


def test_an_answer_cut_short_is_no_image(s3: BaseClient, aws: Stubber) -> None:
    aws.add_response("get_object", {**FACTS, "Body": StreamingBody(io.BytesIO(b"ab"), 3)})

    with pytest.raises(Unavailable):
        S3Buckets(s3).get(URI)  # type: ignore[arg-type]


@pytest.mark.parametrize(("told", "version"), [("null", None), ("3HL4kqtJvjVBH40Nrjfkd", "3HL4kqtJvjVBH40Nrjfkd")])
def test_a_version_is_told_where_the_bucket_keeps_them(
    s3: BaseClient, aws: Stubber, told: str, version: str | None
) -> None:
    aws.add_response("head_object", {**FACTS, "VersionId": told, "Metadata": {"taken": "yesterday"}})

    head = S3Buckets(s3).head(URI)  # type: ignore[arg-type]
    assert (head.version, head.metadata) == (version, {"taken": "yesterday"})


def test_a_bucket_lies_in_the_clients_region(s3: BaseClient, aws: Stubber) -> None:
    aws.add_client_error("head_bucket", "404", http_status_code=404)
    location = {"LocationConstraint": "eu-west-1"}
    aws.add_response("create_bucket", {}, {"Bucket": "bucket", "CreateBucketConfiguration": location})

    S3Buckets(s3).create("bucket")  # type: ignore[arg-type]


def test_a_bucket_in_the_first_region_has_no_location() -> None:
    s3 = client("us-east-1")
    with Stubber(s3) as aws:
        aws.add_client_error("head_bucket", "404", http_status_code=404)
        aws.add_response("create_bucket", {}, {"Bucket": "bucket"})
        S3Buckets(s3).create("bucket")  # type: ignore[arg-type]
        aws.assert_no_pending_responses()


def test_a_bucket_of_somebody_else_is_not_ours(s3: BaseClient, aws: Stubber) -> None:
    aws.add_client_error("head_bucket", "403", http_status_code=403)

    with pytest.raises(AccessDenied, match="s3://bucket"):
        S3Buckets(s3).create("bucket")  # type: ignore[arg-type]


@pytest.mark.parametrize("ignored", ["IfMatch", "IfNoneMatch"])
def test_a_server_that_ignores_a_condition_is_named_and_cleaned_up(s3: BaseClient, aws: Stubber, ignored: str) -> None:
    put = {"Bucket": "bucket", "Key": ANY, "Body": ANY}
    written = {"ETag": '"abc"'}
    aws.add_response("head_bucket", {}, {"Bucket": "bucket"})
    aws.add_response("list_objects_v2", {})
    aws.add_response("put_object", written, put)
    if ignored == "IfMatch":
        aws.add_response("put_object", written, {**put, "IfMatch": ANY})
    else:
        aws.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
        aws.add_response("put_object", written, {**put, "IfNoneMatch": "*"})
    aws.add_response("delete_object", {}, {"Bucket": "bucket", "Key": ANY})

    with pytest.raises(NotSupported, match=f"must honour {ignored} on writing"):
        S3Buckets(s3).check("bucket")  # type: ignore[arg-type]


def test_a_write_that_met_another_is_tried_again(s3: BaseClient, aws: Stubber) -> None:
    aws.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)

    with pytest.raises(Unavailable):
        S3Buckets(s3).put(URI, b"", if_none_match=True)  # type: ignore[arg-type]
