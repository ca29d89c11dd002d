"""The door to Rekognition's jobs on stored videos. One call is one HTTP attempt, as for images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from botocore import xform_name
from typing_extensions import override

from sightline.errors import UnreadableAnswer
from sightline.models.answers import Json
from sightline.rekognition.aws_errors import VIDEO_JOBS, aws_errors
from sightline.rekognition.video_job import JobKind

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient  # stubs: not there at run time

PAGE = 1000
"""AWS gives no more entries at once."""


class Standing(StrEnum):
    """How a job stands, in AWS's words."""

    RUNNING = "IN_PROGRESS"
    DONE = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look tells. told: AWS's message about a job that failed."""

    standing: Standing
    told: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of results. length_ms: of the video, by AWS; None if it does not tell."""

    entries: list[Json]
    model_version: str
    length_ms: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the video is. version: of the object, if its bucket keeps versions."""

    bucket: str
    key: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """Where AWS tells of a job's end: a topic of SNS, and the role that lets Rekognition publish to it."""

    topic_arn: str
    role_arn: str


class VideoJobClient(Protocol):
    """What starts jobs and reads their results. Raises sightline's own errors."""

    def start(self, kind: JobKind, place: Place, parameters: Mapping[str, Json], token: str, tag: str) -> str:
        """Start a job, or find the one that this token started; return AWS's id of it.

        Raise JobsAtLimit if too many run, JobTokenMismatch if the token was used for something else, ImageMissing if
        Rekognition does not see the object, VideoTooLargeForJobs, or OutcomeUnknown if no answer came.
        """

    def look(self, kind: JobKind, aws_job_id: str) -> Looked:
        """Ask how a job stands; raise ResultsGone if AWS knows it no more."""

    def pages(self, kind: JobKind, aws_job_id: str) -> Iterator[Page]:
        """Yield the results of a job that is done; raise PagesExpired if that took over a day."""


class RekognitionVideo(VideoJobClient):
    """Jobs through a client that was built with `ONE_ATTEMPT`. channel: None if nobody is to be told."""

    def __init__(self, client: "RekognitionClient", channel: Channel | None) -> None:
        self._client = client
        self._channel = channel

    @override
    def start(self, kind: JobKind, place: Place, parameters: Mapping[str, Json], token: str, tag: str) -> str:
        version = {"Version": place.version} if place.version else {}
        named = {"Bucket": place.bucket, "Name": place.key, **version}
        request = {**parameters, "Video": {"S3Object": named}, "ClientRequestToken": token, "JobTag": tag}
        if self._channel:
            request["NotificationChannel"] = {
                "SNSTopicArn": self._channel.topic_arn,
                "RoleArn": self._channel.role_arn,
            }
        started: str = self._call(kind.start, f"s3://{place.bucket}/{place.key}", request)["JobId"]
        return started

    @override
    def look(self, kind: JobKind, aws_job_id: str) -> Looked:
        answer = self._call(kind.get, aws_job_id, {"JobId": aws_job_id, "MaxResults": 1, **kind.reading})
        try:
            return Looked(Standing(answer["JobStatus"]), answer.get("StatusMessage", ""))
        except (KeyError, ValueError) as error:
            raise UnreadableAnswer(aws_job_id, rule=f"{kind.get} must tell a status ({error!r})") from error

    @override
    def pages(self, kind: JobKind, aws_job_id: str) -> Iterator[Page]:
        token: dict[str, str] = {}
        while True:
            request = {"JobId": aws_job_id, "MaxResults": PAGE, **kind.reading, **token}
            answer = self._call(kind.get, aws_job_id, request)
            yield _page(kind, answer, aws_job_id)
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _call(self, operation: str, subject: str, request: Mapping[str, Json]) -> dict[str, Any]:
        with aws_errors(subject, VIDEO_JOBS):
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**request)
            return answer


def _page(kind: JobKind, answer: Mapping[str, Any], subject: str) -> Page:
    try:
        entries = list(answer[kind.listed])
    except KeyError as error:
        raise UnreadableAnswer(subject, rule=f"{kind.get} must list {kind.listed}") from error
    metadata = answer.get("VideoMetadata") or {}
    first = (metadata[:1] or [{}])[0] if isinstance(metadata, list) else metadata  # GetSegmentDetection tells several
    version = answer.get(kind.version, "") if kind.version else ""
    return Page(entries, version, first.get("DurationMillis"))
