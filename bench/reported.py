"""What people's cameras, tools and accounts do to a running stack, for the cases and for the soak.

Uploads are announced by messages alone, as S3's events are. While a server is away, they are tried again.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from bench.soak_end import paid_calls, settled_analyses
from bench.soak_environment import FEATURES, Environment, insisting
from bench.soak_pictures import picture_of
from sightline.bootstrap import aws_session, s3_client
from sightline.models.images import Lane
from sightline.services.held import DROPS
from sightline.services.ingest import add_images
from sightline.storage.buckets.protocol import ObjectUri

AT_ONCE = 3
OTHER_REGION = "eu-west-1"
MOST_DROPPED = 2 * DROPS * len(FEATURES)
"""Of one key: the drops after which its own bytes are asked about, and as many again that were under way then."""

FOREIGN = "foreign"
ANSWER_SECONDS = 10.0
CLIP, INDEX = b"\0\0\0\x20ftypisom", b"IDX"


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture with bytes of its own. name: what its bytes are made from."""

    uri: str
    name: str

    @property
    def data(self) -> bytes:
        """Return the picture."""
        return picture_of(self.name)


def uploads(bucket: str, camera: str, count: int, day: str) -> list[Upload]:
    """Name a camera's pictures: one a second, of this day (YYYY-MM-DD)."""
    times = (f"{n // 3600:02}{n // 60 % 60:02}{n % 60:02}" for n in range(count))
    keys = [f"{camera}/{day}/MDAlarm_{day.replace('-', '')}-{at}.jpg" for at in times]
    return [Upload(f"s3://{bucket}/{key}", f"reported {camera} {number}") for number, key in enumerate(keys)]


class Uploader:
    """Uploads objects and announces them."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def put(self, uri: str, data: bytes) -> None:
        """Upload an object without announcing it."""
        environment = self._environment
        insisting(lambda: environment.services.buckets.put(ObjectUri.parse(uri), data), environment.stack.moves)

    def upload(self, uri: str, data: bytes) -> None:
        """Upload an object and announce it."""
        self.put(uri, data)
        insisting(lambda: self._environment.send_message(uri), self._environment.stack.moves)

    def add(self, uris: Sequence[str]) -> None:
        """Add images as a producer does that knows of rows."""
        environment = self._environment
        insisting(lambda: add_images(uris, Lane.LIVE, environment.services), environment.stack.moves)


def empty_then_whole(uploader: Uploader, files: Sequence[Upload], pause: float) -> None:
    """Create files empty, three at a time, then write them: as s3fs and FTP gateways do. pause: seconds between."""
    for first in range(0, len(files), AT_ONCE):
        for each in files[first : first + AT_ONCE]:
            uploader.upload(each.uri, b"")
        time.sleep(pause)
        for each in files[first : first + AT_ONCE]:
            uploader.upload(each.uri, each.data)


def with_clips(uploader: Uploader, snapshots: Iterable[Upload], pause: float) -> None:
    """Upload snapshots, each with its clip and its index."""
    for each in snapshots:
        for uri, data in ((each.uri, each.data), *zip(others_of(each), (CLIP, INDEX), strict=True)):
            uploader.upload(uri, data)
        time.sleep(pause)


def others_of(snapshot: Upload) -> tuple[str, str]:
    """Name the clip and the index beside a snapshot."""
    stem = snapshot.uri.removesuffix(".jpg")
    return f"{stem}.mp4", f"{stem}.idx"


@dataclass
class Snapshot:
    """One key that a camera overwrites again and again. names: what its pictures are made from, in their order."""

    uri: str
    names: Sequence[str]
    written: list[str] = field(default_factory=list)

    def overwrite(self, uploader: Uploader, every: float, until: Event) -> None:
        """Overwrite it every so many seconds, and announce each picture."""
        for name in self.names:
            uploader.upload(self.uri, picture_of(name))
            self.written.append(name)
            if until.wait(every):
                return

    @property
    def contents(self) -> set[str]:
        """Return the sha256 (hex) of every picture that it may have."""
        return {hashlib.sha256(picture_of(name)).hexdigest() for name in self.names}

    def dropped(self, environment: Environment) -> int:
        """Count the answers about it that were paid for and dropped."""
        extra, contents = paid_calls(environment) - settled_analyses(environment), self.contents
        return sum(number for (content, _), number in extra.items() if content in contents)


@dataclass
class ForeignBucket:
    """A bucket of another region, which S3 gives objects of and Rekognition sees nothing of."""

    environment: Environment
    files: Sequence[Upload]

    def fill(self) -> None:
        """Create it there, and upload its files."""
        self._create({"CreateBucketConfiguration": {"LocationConstraint": OTHER_REGION}})

    def move(self) -> None:
        """Have it in the region of Rekognition, with the same objects, as an owner does who copies it."""
        stack, s3 = self.environment.stack, self._s3
        rekognition = stack.server("rekognition")
        rekognition.kill()  # it remembers each bucket's region
        for each in self.files:
            s3.delete_object(Bucket=FOREIGN, Key=ObjectUri.parse(each.uri).key)
        s3.delete_bucket(Bucket=FOREIGN)
        self._create({})
        rekognition.start()

    def _create(self, options: dict[str, dict[str, str]]) -> None:
        self._s3.create_bucket(Bucket=FOREIGN, **options)
        for each in self.files:
            Uploader(self.environment).put(each.uri, each.data)

    @property
    def _s3(self) -> Any:  # boto3's client
        settings = self.environment.settings
        return s3_client(settings, aws_session(settings))

    def calls(self) -> int:
        """Count the calls that Rekognition refused because of this bucket."""
        return sum(call["bucket"] == FOREIGN for call in logged_calls(self.environment))

    def letters(self) -> list[str]:
        """Return the open dead letters that name this bucket."""
        letters = self.environment.services.operations.dead_letters.read()
        return [str(each.subject) for each in letters if f"s3://{FOREIGN}/" in str(each.subject)]


def logged_calls(environment: Environment) -> Iterator[dict[str, str]]:
    """Read the endpoint's log of calls."""
    lines = environment.calls_log.read_text().splitlines() if environment.calls_log.exists() else []
    return (json.loads(line) for line in lines)


def cancel_consumer(environment: Environment, queue: str) -> None:
    """Have every worker take from a queue no more, as anybody can who reaches Redis with an operator's rights."""
    environment.app.control.cancel_consumer(queue)


def not_taken_from(environment: Environment, queues: Iterable[str]) -> set[str]:
    """Return those of the queues that a worker of theirs does not take from, or that have no worker."""
    answers = environment.app.control.inspect(timeout=ANSWER_SECONDS).active_queues() or {}
    taken = {node: {each["name"] for each in of_node} for node, of_node in answers.items()}
    return {queue for queue in queues if not _is_taken(queue, taken)}


def _is_taken(queue: str, taken: Mapping[str, set[str]]) -> bool:
    own = [names for node, names in taken.items() if node.startswith(f"{queue}-")]
    return bool(own) and all(queue in names for names in own)
