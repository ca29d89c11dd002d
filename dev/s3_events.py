"""Events as S3, SNS and EventBridge send them, byte for byte of their shape: S3Mock sends none.

`Sender` puts them into a queue as the real senders do at their worst: twice, late, out of order, several in a message,
or not at all. What it does follows from the random numbers that it is given.
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, islice
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

ACCOUNT, REGION = "123456789012", "us-east-1"
PUT, DELETED, MARKED = "ObjectCreated:Put", "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"
MOST_IN_A_REQUEST = 10


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to an object. number: rises with each change, as S3's sequencer does."""

    bucket: str
    key: str
    name: str = PUT
    etag: str = "d41d8cd98f00b204e9800998ecf8427e"
    size_bytes: int = 50_000
    at: datetime = field(kw_only=True)
    number: int = 1

    @property
    def is_removal(self) -> bool:
        """Return whether the object went."""
        return self.name.startswith("ObjectRemoved:")


def record(happened: Happened) -> dict[str, Any]:
    """Return a record of S3's notification. A removal names neither size nor ETag."""
    facts = {} if happened.is_removal else {"size": happened.size_bytes, "eTag": happened.etag}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": _instant(happened.at),
        "eventName": happened.name,
        "userIdentity": {"principalId": "AWS:AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "sightline",
            "bucket": {
                "name": happened.bucket,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": f"arn:aws:s3:::{happened.bucket}",
            },
            "object": {"key": quote_plus(happened.key, safe="/"), **facts, "sequencer": _sequencer(happened.number)},
        },
    }


def s3_body(*happened: Happened) -> str:
    """Return S3's notification of these, as a queue or a topic gets it."""
    return json.dumps({"Records": [record(each) for each in happened]})


def sns_body(*happened: Happened, message: str | None = None) -> str:
    """Return what SNS makes of S3's notification for a queue without raw delivery. message: another one."""
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:images"
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "63a3f6b6-d533-4a47-aef9-fcf5cf758c76",
            "TopicArn": topic,
            "Subject": "Amazon S3 Notification",
            "Message": s3_body(*happened) if message is None else message,
            "Timestamp": "2026-11-27T07:58:12.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLEpH+DcEwjAPg8O9mY8dReBSwksfg2S7WKQcikcNKWLQjwu6A4VbeS0QHVCkhRS7fUQvi2eg==",
            "SigningCertURL": f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
            "UnsubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={topic}:c9135db0",
        }
    )


def bridge_body(happened: Happened) -> str:
    """Return EventBridge's event. It tells of one object, and its key is not encoded."""
    facts = {} if happened.is_removal else {"size": happened.size_bytes, "etag": happened.etag}
    removed = {"deletion-type": "Delete Marker Created" if happened.name == MARKED else "Permanently Deleted"}
    return json.dumps(
        {
            "version": "0",
            "id": str(UUID(int=happened.number)),
            "detail-type": "Object Deleted" if happened.is_removal else "Object Created",
            "source": "aws.s3",
            "account": ACCOUNT,
            "time": happened.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [f"arn:aws:s3:::{happened.bucket}"],
            "detail": {
                "version": "0",
                "bucket": {"name": happened.bucket},
                "object": {"key": happened.key, **facts, "sequencer": _sequencer(happened.number)},
                "request-id": "C3D13FE58DE4C810",
                "requester": ACCOUNT,
                "source-ip-address": "127.0.0.1",
                "reason": "DeleteObject" if happened.is_removal else "PutObject",
                **(removed if happened.is_removal else {}),
            },
        }
    )


def configured_body(bucket: str) -> str:
    """Return the test that S3 sends once when a notification is configured."""
    return json.dumps(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": "2026-11-27T07:58:11.000Z",
            "Bucket": bucket,
            "RequestId": "5582815E1AEA5ADF",
            "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
        }
    )


def confirmation_body() -> str:
    """Return what SNS sends to a queue of another account that was subscribed."""
    return json.dumps(
        {
            "Type": "SubscriptionConfirmation",
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "2336412f37",
            "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:images",
            "Message": "You have chosen to subscribe to the topic. To confirm, visit the SubscribeURL.",
            "SubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37",
            "Timestamp": "2026-11-27T07:58:12.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLEpH",
            "SigningCertURL": f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        }
    )


SHAPES: Sequence[Callable[[Happened], str]] = (s3_body, sns_body, bridge_body)


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends bodies as the real senders may. put: takes at most ten bodies at once, as SQS does.

    times: how often each event comes; dropped: which part never does; most_records: of one message
    """

    put: Callable[[Sequence[str]], None]
    chance: random.Random
    times: int = 1
    dropped: float = 0.0
    most_records: int = 1

    def send(self, happened: Iterable[Happened], others: Iterable[str] = ()) -> int:
        """Send what happened, and other bodies among it, in any order; return how many messages that made."""
        kept = [each for each in happened for _ in range(self.times) if self.chance.random() >= self.dropped]
        self.chance.shuffle(kept)
        bodies = [*self._messages(kept), *(each for each in others for _ in range(self.times))]
        self.chance.shuffle(bodies)
        for first in range(0, len(bodies), MOST_IN_A_REQUEST):
            self.put(bodies[first : first + MOST_IN_A_REQUEST])
        return len(bodies)

    def _messages(self, happened: Sequence[Happened]) -> Iterator[str]:
        waiting = iter(happened)
        for number in count():
            batch = list(islice(waiting, self.chance.randint(1, self.most_records)))
            if not batch:
                return
            if number % len(SHAPES) == 2:  # noqa: PLR2004 - EventBridge's turn: it tells of one object at a time
                yield from map(bridge_body, batch)
            else:
                yield (s3_body, sns_body)[number % len(SHAPES)](*batch)


def put_into(client: Any, queue_url: str) -> Callable[[Sequence[str]], None]:
    """Return what puts bodies into a queue by a client for SQS."""

    def put(bodies: Sequence[str]) -> None:
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        answer = client.send_message_batch(QueueUrl=queue_url, Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"{queue_url} refused {answer['Failed']}")

    return put


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sequencer(number: int) -> str:
    return f"{0x0055AED6DCD90281E5 + number:018X}"
