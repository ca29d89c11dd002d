"""What a kind of job on stored videos is: declared as data, one file each in `video_jobs/`."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from sightline.models.answers import Json
from sightline.models.video_jobs import Asked, Span
from sightline.rekognition.feature import GraphEdge

TOKEN_CHARACTERS = 43
"""Of a name: 256 bits in Base64 for URLs. AWS takes up to 64 of these characters as a token."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of job.

    name: the word of SIGHTLINE_VIDEO_JOBS; start, get: Rekognition's names of its two operations
    listed: what Get… lists; span: one entry of it → what is shown from when to when; None: of nothing that is named
    parameters: of Start…, besides video, token, tag and channel; reading: of Get…, besides job and page
    version: what Get… calls its model's version; empty if it tells none
    node: the kind of node that the graph shows its spans by; None: they stay in the row
    """

    name: str
    start: str
    get: str
    summary: str
    listed: str
    span: Callable[[Json], Span | None]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    reading: Mapping[str, Json] = field(default_factory=dict)
    version: str = ""
    node: GraphEdge | None = None

    @property
    def called(self) -> str:
        """Return its name among what is paid for: a feature of images has the other one."""
        return f"video_{self.name}"


def row_id(asked: Asked) -> str:
    """Name the row of a job by what it asks of which bytes: 43 letters, digits, hyphens and underscores."""
    return _named(asked)


def token(asked: Asked, attempt: int) -> str:
    """Return the ClientRequestToken of an attempt: whoever sends it, AWS starts one job in seven days."""
    return _named(asked, str(attempt))


def _named(asked: Asked, *more: str) -> str:
    parameters = json.dumps(dict(asked.parameters), sort_keys=True, separators=(",", ":"))
    bytes_of = asked.version or asked.etag
    said = json.dumps([asked.video_id, bytes_of, asked.operation, parameters, asked.generation, *more])
    return base64.urlsafe_b64encode(sha256(said.encode()).digest()).decode()[:TOKEN_CHARACTERS]


def moment(entry: Json, name: str, confidence: float) -> Span:
    """Return the span of an entry that has one, or else that of its moment."""
    at = int(entry["Timestamp"])
    begin, end = entry.get("StartTimestampMillis"), entry.get("EndTimestampMillis")
    return Span(name, int(at if begin is None else begin), int(at if end is None else end), float(confidence))
