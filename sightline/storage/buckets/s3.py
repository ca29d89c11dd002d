"""Buckets in S3, or in whatever speaks its protocol."""

import shutil
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from typing import IO, TYPE_CHECKING, cast

from typing_extensions import override

from sightline.errors import ImageChanged, ImageMissing, MissingBucket
from sightline.models.clocks import told_by
from sightline.rekognition.aws_errors import aws_errors
from sightline.storage.buckets.conditions import check_conditions
from sightline.storage.buckets.protocol import (
    NO_METADATA,
    Buckets,
    ObjectHead,
    ObjectUri,
    Probe,
    require_readable,
    require_small,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_s3.type_defs import (
        CopySourceTypeDef,
        GetObjectOutputTypeDef,
        HeadObjectOutputTypeDef,
        PutObjectRequestTypeDef,
    )

_REGION_WITHOUT_A_NAME = "us-east-1"
"""The one region that S3 refuses as a bucket's location: it is where a bucket without a location lies."""

_HEADERS = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")
_PIECE_BYTES = 1024 * 1024

_LOOKED_AT = 20
"""So many objects are listed to find one that has a byte."""


class S3Buckets(Buckets):
    """Objects in S3. Where our policy lacks s3:ListBucket, S3 answers 403 for a missing object: AccessDenied."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    @override
    def get(self, uri: ObjectUri) -> tuple[ObjectHead, bytes]:
        with aws_errors(str(uri)):
            answer = self._client.get_object(Bucket=uri.bucket, Key=uri.key)
            # closing(), since a body's own context manager gives the bare stream, which does not notice a short read.
            with closing(answer["Body"]) as body:
                head = _head(uri, answer)
                require_readable(head)
                return head, body.read()

    @override
    def read_into(self, uri: ObjectUri, file: IO[bytes], most_bytes: int) -> ObjectHead:
        with aws_errors(str(uri)):
            answer = self._client.get_object(Bucket=uri.bucket, Key=uri.key)
            with closing(answer["Body"]) as body:
                require_small(uri, answer["ContentLength"], most_bytes)
                shutil.copyfileobj(body, file, _PIECE_BYTES)
                return _head(uri, answer)

    @override
    def head(self, uri: ObjectUri) -> ObjectHead:
        try:
            with aws_errors(str(uri)):
                return _head(uri, self._client.head_object(Bucket=uri.bucket, Key=uri.key))
        except ImageMissing:
            # An answer to HEAD has no body: whether the object or its bucket is missing takes a second question.
            self._require_bucket(uri.bucket, str(uri))
            raise

    @override
    def put(
        self,
        uri: ObjectUri,
        data: bytes,
        *,
        if_match: str | None = None,
        if_none_match: bool = False,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> str | None:
        request: PutObjectRequestTypeDef = {"Bucket": uri.bucket, "Key": uri.key, "Body": data}
        if metadata:
            request["Metadata"] = dict(metadata)
        if if_match is not None:
            request["IfMatch"] = f'"{if_match}"'
        if if_none_match:
            request["IfNoneMatch"] = "*"
        try:
            with aws_errors(str(uri)):
                return _etag(self._client.put_object(**request)["ETag"])
        except ImageChanged:
            return None
        except ImageMissing:
            # S3 answers 404, not 412, where there is nothing to compare with.
            if if_match is None:
                raise
            return None

    @override
    def delete(self, uri: ObjectUri) -> None:
        # S3 answers the same if there is no such object.
        with aws_errors(str(uri)):
            self._client.delete_object(Bucket=uri.bucket, Key=uri.key)

    @override
    def copy(self, source: ObjectUri, target: ObjectUri, *, if_match: str) -> bool:
        if self._exists(target):  # for stand-ins that ignore the condition
            return False
        place: CopySourceTypeDef = {"Bucket": source.bucket, "Key": source.key}
        try:
            with aws_errors(f"{source}, copied to {target}"):
                self._client.copy_object(
                    Bucket=target.bucket,
                    Key=target.key,
                    CopySource=place,
                    CopySourceIfMatch=f'"{if_match}"',
                    IfNoneMatch="*",
                )
        except (ImageChanged, ImageMissing):
            return False
        return True

    @override
    def remove(self, uri: ObjectUri, *, if_match: str) -> bool:
        try:
            with aws_errors(str(uri)):
                self._client.delete_object(Bucket=uri.bucket, Key=uri.key, IfMatch=f'"{if_match}"')
        except (ImageChanged, ImageMissing):
            return False
        return True

    def _exists(self, uri: ObjectUri) -> bool:
        try:
            self.head(uri)
        except ImageMissing:
            return False
        return True

    @override
    def list_page(self, bucket: str, prefix: str, after: str | None, limit: int = 1000) -> list[ObjectHead]:
        # S3 lists at most 1,000. boto3 asks for keys URL-encoded, because XML cannot hold every key.
        with aws_errors(f"s3://{bucket}"):
            answer = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=limit, StartAfter=after or "")
        return [
            ObjectHead(
                uri=ObjectUri(bucket, each["Key"]),
                etag=_etag(each["ETag"]),
                size_bytes=each["Size"],
                last_modified=each["LastModified"],
                version=None,
                metadata={},
            )
            for each in answer.get("Contents", ())
        ]

    @override
    def link(self, uri: ObjectUri, lasts: timedelta) -> str:
        # With temporary credentials, the address ends when they end.
        with aws_errors(str(uri)):
            return self._client.generate_presigned_url(
                "get_object", Params={"Bucket": uri.bucket, "Key": uri.key}, ExpiresIn=int(lasts.total_seconds())
            )

    @override
    def create(self, bucket: str) -> None:
        try:
            self._require_bucket(bucket, f"s3://{bucket}")
        except MissingBucket:
            self._create(bucket)

    @override
    def check(self, bucket: str) -> None:
        self._require_bucket(bucket, f"s3://{bucket}")
        self.list_page(bucket, "", None, limit=1)
        check_conditions(self, bucket)

    @override
    def probe(self, bucket: str, prefix: str) -> Probe:
        with aws_errors(f"s3://{bucket}"):
            headers = self._client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
        found = [each for each in self.list_page(bucket, prefix, None, limit=_LOOKED_AT) if each.size_bytes]
        key = found[0].uri.key if found else None
        if key is not None:
            with aws_errors(f"s3://{bucket}/{key}"):
                answer = self._client.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")
                answer["Body"].close()
        return Probe(headers.get("x-amz-bucket-region"), told_by(headers.get("date")), key)

    def _create(self, bucket: str) -> None:
        region = cast("BucketLocationConstraintType", self._client.meta.region_name)
        with aws_errors(f"s3://{bucket}"):
            if self._client.meta.region_name == _REGION_WITHOUT_A_NAME:
                self._client.create_bucket(Bucket=bucket)
            else:
                self._client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})

    def _require_bucket(self, bucket: str, subject: str) -> None:
        with aws_errors(subject):
            self._client.head_bucket(Bucket=bucket)


def _head(uri: ObjectUri, answer: "GetObjectOutputTypeDef | HeadObjectOutputTypeDef") -> ObjectHead:
    version = answer.get("VersionId")
    return ObjectHead(
        uri=uri,
        etag=_etag(answer["ETag"]),
        size_bytes=answer["ContentLength"],
        last_modified=answer["LastModified"],
        # `null` names the object of a bucket that keeps no versions now: the next write takes its place.
        version=None if version == "null" else version,
        metadata=answer.get("Metadata", {}),
        headers={name: str(answer[name]) for name in _HEADERS if name in answer},  # type: ignore[literal-required]
    )


def _etag(quoted: str) -> str:
    return quoted.strip('"')
