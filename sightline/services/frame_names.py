"""How a frame of a video is named, and what its object says of it: all that an image row needs to know of the video.

`sightline/frames/<camera>/<take>/<offset>.jpg`, beside sightline's other objects. A frame's name follows from the
video's URI and bytes, its camera and the frame's offset, so that the same frame has the same name whoever takes it.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, unquote

from sightline.errors import InvalidUri, UnreadableKey
from sightline.models.videos import Take
from sightline.services.other_files import OWN_FOLDER
from sightline.storage.buckets.protocol import ObjectHead, ObjectUri

FOLDER = f"{OWN_FOLDER}frames/"

_NAME = re.compile(rf"{FOLDER}(?P<camera>[^/]+)/(?P<take>[0-9a-f]{{32}})/(?P<offset>[0-9]{{9,}})\.jpg")

_VIDEO, _TAKEN_AT = "video", "capture-time"
"""Of the object's metadata. The URI is in Base64: metadata hold ASCII, and all of it fits into their 2 KB."""


class Frame(NamedTuple):
    """What a frame's object says: of which video it is, when it was shown, and on which camera."""

    video_id: str
    camera: str
    offset_ms: int
    taken_at: datetime


def take_id(video_id: str, content_sha256: str) -> str:
    """Return the name of the folder for the frames of these bytes under this URI."""
    return sha256(f"{content_sha256} {video_id}".encode()).hexdigest()[:32]


def frame_uri(bucket: str, take: Take, offset_ms: int) -> ObjectUri:
    """Return where a frame is kept. bucket: of sightline's own objects."""
    camera = quote(take.camera, safe="").replace(".", "%2E")  # `..` would climb
    return ObjectUri(bucket, f"{FOLDER}{camera}/{take.take_id}/{offset_ms:09}.jpg")


def frame_metadata(video_id: str, taken_at: datetime) -> dict[str, str]:
    """Return the metadata of a frame's object."""
    return {_VIDEO: base64.b64encode(video_id.encode()).decode(), _TAKEN_AT: taken_at.isoformat()}


def camera_of_frame(key: str) -> str | None:
    """Return the camera of a frame by its key; None if it is no frame's."""
    found = _NAME.fullmatch(key)
    return unquote(found["camera"]) if found else None


def read_frame(head: ObjectHead) -> Frame | None:
    """Return what a frame's object says; None if its key is no frame's. Raise UnreadableKey if it says too little."""
    found = _NAME.fullmatch(head.uri.key)
    if found is None:
        return None
    try:
        video_id, taken_at = _from_metadata(head.metadata)
    except (KeyError, ValueError, binascii.Error, InvalidUri) as error:
        rule = f"a frame's object must say of which video it is, and when it was shown ({error!r})"
        raise UnreadableKey(str(head.uri), rule=rule, remedy="Add its video again, and remove this object") from error
    return Frame(video_id, unquote(found["camera"]), int(found["offset"]), taken_at)


def _from_metadata(metadata: Mapping[str, str]) -> tuple[str, datetime]:
    video_id = base64.b64decode(metadata[_VIDEO], validate=True).decode()
    taken_at = datetime.fromisoformat(metadata[_TAKEN_AT])
    if taken_at.tzinfo is None:
        raise ValueError("the time has no offset from UTC")
    return str(ObjectUri.parse(video_id)), taken_at
