"""The one door to Amazon Rekognition: one call is one HTTP attempt, since each may be billed."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import IncompleteReadError

from sightline.errors import ConfigurationError, EmptyImage, RejectedError, TooManyBytes, UnreadableAnswer
from sightline.models.answers import Answer, Json
from sightline.models.comparisons import Compared
from sightline.rekognition import comparing
from sightline.rekognition.aws_errors import REKOGNITION, aws_errors
from sightline.rekognition.feature import Feature
from sightline.rekognition.features import feature_named
from sightline.rekognition.preflight import MAX_BYTES_SENT
from sightline.timing import CALL_CONNECT, CALL_READ

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient  # stubs: not there at run time

ONE_ATTEMPT = Config(
    connect_timeout=CALL_CONNECT.total_seconds(),
    read_timeout=CALL_READ.total_seconds(),
    retries={"total_max_attempts": 1},  # each retry needs a slot and a claim first; botocore takes neither
)
"""What a client must be built with."""


class Rekognition:
    """Analyses images with a client that was built with `ONE_ATTEMPT`. Raises the errors of `sightline.errors`.

    Safe for threads, as the client is.
    """

    def __init__(self, client: "RekognitionClient") -> None:
        attempts = (client.meta.config.retries or {}).get("total_max_attempts")  # type: ignore[attr-defined] # stubs leave it out
        if attempts != 1:
            rule = f"one call must be one HTTP attempt, not {attempts or 'as many as botocore likes'}"
            raise ConfigurationError("the client of Rekognition", rule=rule, remedy="Build it with ONE_ATTEMPT")
        client.meta.events.register("before-parse.rekognition", _require_whole)
        self._client = client

    def analyse_object(
        self, feature: Feature, parameters: Mapping[str, Json], bucket: str, key: str, version: str | None = None
    ) -> Answer:
        """Analyse an object in S3, which Rekognition reads with our credentials and in its own region.

        ImageMissing may also mean that Rekognition could not see the object: AWS has one error for no such key, no
        permission and another region. Only S3 knows whether the object exists.
        """
        place = {"Bucket": bucket, "Name": key, **({"Version": version} if version else {})}
        return self._ask(feature, parameters, {"S3Object": place}, f"s3://{bucket}/{key}")

    def analyse_bytes(self, feature: Feature, parameters: Mapping[str, Json], data: bytes) -> Answer:
        """Analyse a picture sent in the request: at most 5 MB (4 MB for protective equipment)."""
        subject = f"a picture of {len(data):,} bytes"
        if not data:
            raise EmptyImage(subject)
        if len(data) > MAX_BYTES_SENT:
            raise TooManyBytes(subject)
        return self._ask(feature, parameters, {"Bytes": data}, subject)

    def compare_faces(self, source: bytes, target: bytes) -> Compared:
        """Compare the largest face of one picture with all of another, each of at most 5 MB.

        InvalidParameter may mean that one of them shows no face: AWS does not say which.
        """
        with aws_errors("two pictures", REKOGNITION):
            answer = self._client.compare_faces(
                SourceImage={"Bytes": source}, TargetImage={"Bytes": target}, **comparing.PARAMETERS
            )
        return comparing.parse(answer)

    def check(self) -> None:
        """Raise AccessDenied or Unavailable if Rekognition cannot be used. One byte is refused, and free."""
        with suppress(RejectedError):
            self._ask(feature_named("labels"), {}, {"Bytes": b"?"}, "Rekognition")

    def _ask(self, feature: Feature, parameters: Mapping[str, Json], image: Json, subject: str) -> Answer:
        call = getattr(self._client, xform_name(feature.operation))
        try:
            with aws_errors(subject, REKOGNITION):
                response = call(Image=image, **parameters)
            return feature.parse(response, parameters)
        except (KeyError, TypeError, AttributeError) as error:
            rule = f"an answer to {feature.operation} must have AWS's format, but {error!r} came up"
            raise UnreadableAnswer(subject, rule=rule) from error


def _require_whole(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Reject a truncated answer: botocore would parse what is left as an empty one."""
    declared, received = response_dict["headers"].get("content-length"), len(response_dict["body"])
    if declared is not None and received < int(declared):
        raise IncompleteReadError(actual_bytes=received, expected_bytes=int(declared))
