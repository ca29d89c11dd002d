"""A queue of S3's events in SQS, or in whatever speaks its protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from typing_extensions import override

from sightline.rekognition.aws_errors import QUEUES, aws_errors

log = structlog.get_logger()

MOST_AT_ONCE = 10
"""SQS hands out, and deletes, no more in one request."""

POLL_SECONDS = 20
"""SQS's longest: an idle listener asks three times a minute."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was handed out. receipt: what it is deleted by; queue: the name of its queue."""

    message_id: str
    receipt: str
    body: str
    queue: str


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages wait, and how many are handed out and not deleted, about."""

    waiting: int
    handed_out: int


class EventQueue(Protocol):
    """A queue that hands a message out again after a while unless it is deleted."""

    @property
    def name(self) -> str:
        """Return the queue's name."""

    def receive(self) -> Sequence[Received]:
        """Wait a while for messages; return at most ten, or none."""

    def delete(self, messages: Sequence[Received]) -> None:
        """Delete messages that were received. One that cannot be deleted comes again."""

    def depth(self) -> Depth:
        """Ask how many messages there are; raise MissingQueue if there is no such queue."""


class SqsQueue(EventQueue):
    """A queue by its URL. Raises MissingQueue, AccessDenied, Unavailable."""

    def __init__(self, client: Any, url: str, poll_seconds: int = POLL_SECONDS) -> None:
        self._client = client
        self._url = url
        self._poll_seconds = poll_seconds

    @property
    @override
    def name(self) -> str:
        return self._url.rstrip("/").rpartition("/")[2]

    @override
    def receive(self) -> Sequence[Received]:
        with aws_errors(self._url, QUEUES):
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=MOST_AT_ONCE, WaitTimeSeconds=self._poll_seconds
            )
        found = answer.get("Messages", [])
        return [Received(each["MessageId"], each["ReceiptHandle"], each["Body"], self.name) for each in found]

    @override
    def delete(self, messages: Sequence[Received]) -> None:
        for first in range(0, len(messages), MOST_AT_ONCE):
            batch = messages[first : first + MOST_AT_ONCE]
            entries = [{"Id": str(number), "ReceiptHandle": each.receipt} for number, each in enumerate(batch)]
            with aws_errors(self._url, QUEUES):
                answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                log.warning("Messages were not deleted and come again", queue=self.name, failed=failed)

    @override
    def depth(self) -> Depth:
        with aws_errors(self._url, QUEUES):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )
        told: Mapping[str, str] = answer["Attributes"]
        return Depth(int(told["ApproximateNumberOfMessages"]), int(told["ApproximateNumberOfMessagesNotVisible"]))
