"""The pieces of an endpoint that needs neither processes nor servers."""

from datetime import UTC, datetime
from functools import cache
from threading import Event

from dev.rekognition.answers import Answers
from dev.rekognition.calls_log import CallsLog
from dev.rekognition.collections import Collections
from dev.rekognition.content import Content
from dev.rekognition.detectors import hog_and_haar
from dev.rekognition.endpoint import Endpoint
from dev.rekognition.faces import find_faces
from dev.rekognition.faults import FaultScript
from dev.rekognition.people import find_people
from dev.rekognition.picture import read_picture
from dev.rekognition.quotas import Quotas
from dev.rekognition.refusals import Refusal
from dev.rekognition.scene import measure_scene
from dev.rekognition.seen import Seen
from dev.rekognition.text import find_text
from dev.rekognition.videos.jobs import Jobs
from dev.rekognition.videos.messages import Messages

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
SIGNED = "AWS4-HMAC-SHA256 Credential=key/20261121/us-east-1/rekognition/aws4_request, Signature=0"


@cache
def _found(find, data):
    """Look once in the whole run: the same drawings serve many tests."""
    return find(read_picture(data))


class DirectSight:
    """Looks in this process, and counts how often."""

    detector = hog_and_haar()

    def __init__(self):
        self.looks = 0

    async def see(self, content):
        self.looks += 1
        return Seen(_found(find_people, content.data), _found(find_faces, content.data))

    async def text(self, content):
        return _found(find_text, content.data)

    async def scene(self, content, boxes):
        return measure_scene(read_picture(content.data), boxes)


class MemoryObjects:
    """Objects by (bucket, key). videos_may_be_read: cleared, jobs wait for it; videos_read: how many were."""

    def __init__(self, objects):
        self.objects = objects
        self.videos_may_be_read = Event()
        self.videos_may_be_read.set()
        self.videos_read = 0

    def read(self, place):
        if (place["Bucket"], place["Name"]) not in self.objects:
            raise Refusal("InvalidS3ObjectException")
        return Content(self.objects[place["Bucket"], place["Name"]])

    def look_at_video(self, place):
        self.read(place)

    def read_video(self, place, file):
        self.videos_may_be_read.wait()
        file.write(self.read(place).data)
        file.flush()
        self.videos_read += 1


def endpoint(tmp_path, objects=(), rates=(), clock=lambda: 0.0, sent=None, now=lambda: NOW):
    """Build an endpoint whose log is tmp_path/calls.jsonl."""
    sent = [] if sent is None else sent
    stored, sight, faults = MemoryObjects(dict(objects)), DirectSight(), FaultScript()
    return Endpoint(
        region="us-east-1",
        objects=stored,  # type: ignore[arg-type]
        sight=sight,  # type: ignore[arg-type]
        answers=Answers(None),
        collections=Collections(None),
        quotas=Quotas(dict(rates), clock),
        faults=faults,
        jobs=Jobs(stored, sight, faults, Messages(sent.append, faults), now),  # type: ignore[arg-type]
        log=CallsLog(tmp_path / "calls.jsonl"),
        clock=now,
    )
