"""Pictures with distinct bytes for the pipeline's benchmark, and the answers that Rekognition remembers of them."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dev.rekognition.answers import name_of
from dev.rekognition.operations.wire import MODEL_VERSION
from sightline.models.answers import Json
from sightline.rekognition.features import feature_named
from sightline.services.plan import Plan
from sightline.storage.buckets.protocol import ObjectUri

A_BUCKET = 500
"""Objects in one bucket. With more, S3Mock would be most of what is measured: a request takes it 2 to 3 ms with 3,000
objects, and 9 to 11 ms with 6,000."""

SIZE = (640, 480)
LABELS = ("Person", "Yard", "Plant", "Bush", "Tree", "Car", "Fence", "Path", "Outdoors", "Grass", "Shadow", "House")
LINES = ("NO PARKING", "EXIT", "47")

_BOX = {"Left": 0.31, "Top": 0.22, "Width": 0.12, "Height": 0.41}
_CORNERS = [{"X": 0.31, "Y": 0.22}, {"X": 0.43, "Y": 0.22}, {"X": 0.43, "Y": 0.63}, {"X": 0.31, "Y": 0.63}]


@dataclass(frozen=True, slots=True)
class Picture:
    """One object to upload."""

    uri: ObjectUri
    data: bytes


def make_pictures(run: str, count: int) -> list[Picture]:
    """Make the pictures of one run, in its own buckets: one frame, and in each file another comment."""
    frame = _frame()
    return [
        Picture(ObjectUri(f"{run}-{n // A_BUCKET}", _key(run, n)), _with_comment(frame, f"{run} {n}"))
        for n in range(count)
    ]


def _frame() -> bytes:
    """Draw soft clouds with some grain: they have about as many bytes as a real frame of this size."""
    chooser = np.random.default_rng(7)
    soft = Image.fromarray(chooser.integers(0, 255, (12, 16, 3), dtype=np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
    grain = chooser.integers(-9, 9, (SIZE[1], SIZE[0], 3))
    file = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=70)
    return file.getvalue()


def _with_comment(jpeg: bytes, text: str) -> bytes:
    comment = text.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def _key(run: str, number: int) -> str:
    hour, minute, second = number // 3600 % 24, number // 60 % 60, number % 60
    return f"yard-{number % 9}/2026-11-02/{run}/MDAlarm_20261102-{hour:02}{minute:02}{second:02}-{number}.jpg"


def remember(file: Path, pictures: Iterable[Picture], plan: Plan) -> None:
    """Write the file of answers that the local Rekognition reads when it starts (`--remember`)."""
    with file.open("a") as lines:
        for picture in pictures:
            for name, answer in _remembered(picture, plan):
                lines.write(json.dumps([name, answer]) + "\n")


def _remembered(picture: Picture, plan: Plan) -> Iterator[tuple[str, Json]]:
    digest = hashlib.sha256(picture.data).hexdigest()
    for feature, parameters in plan.features.items():
        operation = feature_named(feature).operation
        yield name_of(digest, operation, dict(parameters), MODEL_VERSION), ANSWERS[operation]


def _label(name: str, number: int) -> Json:
    person = [{"BoundingBox": _BOX, "Confidence": 96.1 - each} for each in range(2)]
    return {
        "Name": name,
        "Confidence": 99.2 - 3.1 * number,
        "Instances": person if name == "Person" else [],
        "Parents": [{"Name": "Outdoors"}] if number % 2 else [],
        "Aliases": [],
        "Categories": [{"Name": "Home and Outdoors"}],
    }


def _face() -> Json:
    points = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
    return {
        "BoundingBox": _BOX,
        "Confidence": 99.1,
        "Landmarks": [{"Type": name, "X": 0.35 + n / 100, "Y": 0.31} for n, name in enumerate(points)],
        "Pose": {"Roll": -3.2, "Yaw": 18.6, "Pitch": 4.9},
        "Quality": {"Brightness": 71.2, "Sharpness": 60.4},
    }


def _text(number: int, kind: str, text: str) -> Json:
    geometry = {"BoundingBox": _BOX, "Polygon": _CORNERS}
    parent = {"ParentId": number - len(LINES)} if kind == "WORD" else {}
    return {"DetectedText": text, "Type": kind, "Id": number, "Confidence": 98.7, "Geometry": geometry, **parent}


ANSWERS: dict[str, Json] = {
    "DetectLabels": {"Labels": [_label(name, n) for n, name in enumerate(LABELS)], "LabelModelVersion": MODEL_VERSION},
    "DetectFaces": {"FaceDetails": [_face()]},
    "DetectText": {
        "TextDetections": [
            *(_text(n, "LINE", text) for n, text in enumerate(LINES)),
            *(_text(n + len(LINES), "WORD", text) for n, text in enumerate(LINES)),
        ],
        "TextModelVersion": MODEL_VERSION,
    },
}
"""The answers for every picture: a dozen labels, one face, three lines of text."""
