"""The frames of `bench.need`: each analysed in full by the local Rekognition's detectors, in this process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dev.demo.uploads import Upload
from dev.rekognition.detectors import Detector, detector_here
from dev.rekognition.labels import labels_of
from dev.rekognition.picture import read_picture
from dev.rekognition.text import find_text
from sightline.models.answers import Finding
from sightline.models.images import Capture
from sightline.rekognition.features import feature_named
from sightline.rekognition.fingerprint import fingerprint
from sightline.rekognition.prices import read_prices
from sightline.services.capture import DEFAULT_KEY_PATTERN, CaptureReader
from sightline.storage.buckets.protocol import ObjectHead

PRICES = {name: read_prices("us-east-1").of_call(feature_named(name)) for name in ("labels", "faces", "text")}
_SURE_LABEL, _SURE_FACE = 55.0, 50.0
"""In percent: what the local Rekognition leaves out below."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame, and what each feature finds if it is paid for."""

    image_id: str
    capture: Capture
    fingerprint: str
    findings: Mapping[str, Finding]


def shots_of(uploads: Sequence[Upload]) -> list[Shot]:
    """Analyse frames; return them in the order in which they were taken."""
    detector = detector_here()
    reader = CaptureReader(DEFAULT_KEY_PATTERN, {}, ZoneInfo("UTC"))
    shots = [_shot(each, detector, reader) for each in uploads]
    return sorted(shots, key=lambda shot: (shot.capture.taken_at, shot.image_id))


def _shot(upload: Upload, detector: Detector, reader: CaptureReader) -> Shot:
    data = upload.path.read_bytes()
    head = ObjectHead(upload.uri, "", len(data), datetime.now(UTC), None, {})
    seen = fingerprint(data)
    if seen is None:
        raise ValueError(f"{upload.path}: its pixels cannot be read")
    return Shot(str(upload.uri), reader(head, data), seen, _findings(data, detector))


def _findings(data: bytes, detector: Detector) -> dict[str, Finding]:
    picture = read_picture(data)
    seen, text = detector.see(picture), find_text(picture)
    labels = labels_of(seen, text if detector.confuses_text else ())
    return {
        "labels": tuple((each.name, each.confidence) for each in labels if each.confidence >= _SURE_LABEL),
        "faces": tuple(("Face", each.confidence) for each in seen.faces if each.confidence >= _SURE_FACE),
        "text": tuple((each.text, each.confidence) for each in text),
    }
