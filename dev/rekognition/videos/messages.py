"""The message that a job has ended, in the shape in which SNS puts it into a queue of SQS."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dev.rekognition.faults import DOUBLE, LATE, LOSE, NOTIFY, FaultScript
from sightline.models.answers import Json

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completion:
    """What is told, and by which topic; None: nobody asked to be told."""

    topic: str | None
    told: Json


class Messages:
    """Sends completions to one queue, whatever their topic is. send_body: None where there is no queue."""

    def __init__(self, send_body: Callable[[str], None] | None, faults: FaultScript) -> None:
        self._send_body = send_body
        self._faults = faults

    async def send(self, completion: Completion) -> None:
        """Send it; the fault script may lose it, send it twice or delay it."""
        if completion.topic is None or self._send_body is None:
            return
        fault = self._faults.take(NOTIFY)
        answer = fault.answer if fault else ""
        if answer == LOSE:
            return
        if fault and answer == LATE:
            await asyncio.sleep(fault.seconds)
        for _ in range(2 if answer == DOUBLE else 1):
            try:
                await asyncio.to_thread(self._send_body, json.dumps(wrapped(completion)))
            except (BotoCoreError, ClientError) as error:
                log.warning("A completion could not be sent: %s", error)


def wrapped(completion: Completion) -> Json:
    """Return the message as SNS wraps it."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "Type": "Notification",
        "MessageId": str(uuid4()),
        "TopicArn": completion.topic,
        "Message": json.dumps(completion.told),
        "Timestamp": now,
        "SignatureVersion": "1",
        "Signature": "local",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/local.pem",
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
    }


def into_queue(url: str, region: str) -> Callable[[str], None]:
    """Return what puts a body into a queue, by its URL."""
    parts = urlsplit(url)
    config = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 3})
    client = boto3.Session("local", "local", region_name=region).client(
        "sqs", endpoint_url=f"{parts.scheme}://{parts.netloc}", config=config
    )

    def send(body: str) -> None:
        client.send_message(QueueUrl=url, MessageBody=body)

    return send
