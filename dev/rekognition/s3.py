"""Pictures that a request names as objects in S3."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dev.rekognition.content import Content
from dev.rekognition.refusals import Refusal
from sightline.models.answers import Json
from sightline.rekognition.preflight import MAX_BYTES_IN_S3

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


MOST_VIDEO_BYTES = 10 * 1024**3
"""AWS's limit of a stored video."""


class Objects:
    """Reads objects as Rekognition does: only in its own region and within its limit of size. Calls block."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._region = region
        self._s3 = _client(endpoint, region)
        self._regions: dict[str, str] = {}

    def read(self, place: Json) -> Content:
        """Read an S3Object; raise the Refusal that AWS would return."""
        with self._refusals():
            self._refuse_by_region(place["Bucket"])
            found = self._s3.get_object(Bucket=place["Bucket"], Key=place["Name"], **_version(place))
            if found["ContentLength"] > MAX_BYTES_IN_S3:
                found["Body"].close()
                raise Refusal("ImageTooLargeException")
            return Content(found["Body"].read())

    def look_at_video(self, place: Json) -> None:
        """Ask for a video's facts; raise the Refusal with which AWS would answer to its Start…."""
        with self._refusals():
            self._refuse_by_region(place["Bucket"])
            found = self._s3.head_object(Bucket=place["Bucket"], Key=place["Name"], **_version(place))
        if found["ContentLength"] > MOST_VIDEO_BYTES:
            raise Refusal("VideoTooLargeException")

    def read_video(self, place: Json, file: IO[bytes]) -> None:
        """Read a video into a file, as the job that was started reads it."""
        with self._refusals():
            self._s3.download_fileobj(place["Bucket"], place["Name"], file, ExtraArgs=_version(place))
        file.flush()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise Refusal("InvalidS3ObjectException") from error
        except BotoCoreError as error:
            raise Refusal("InternalServerError", f"S3 did not answer: {error}") from error

    def _refuse_by_region(self, bucket: str) -> None:
        if bucket not in self._regions:
            self._regions[bucket] = self._region_of(bucket)
        if self._regions[bucket] != self._region:
            raise Refusal("InvalidS3ObjectException")

    def _region_of(self, bucket: str) -> str:
        """Return the bucket's region. For us-east-1, S3 answers nothing and S3Mock "null"."""
        constraint: str | None = self._s3.get_bucket_location(Bucket=bucket).get("LocationConstraint")
        return "us-east-1" if constraint in {None, "", "null"} else constraint


def _version(place: Json) -> dict[str, Any]:
    return {"VersionId": place["Version"]} if place.get("Version") else {}


def _client(endpoint: str, region: str) -> "S3Client":
    """Return a client. A stand-in for S3 accepts any credentials."""
    config = Config(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=30, max_pool_connections=32)
    session = boto3.session.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - no secret
        region_name=region,
    )
    return session.client("s3", endpoint_url=endpoint, config=config)
