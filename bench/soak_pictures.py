"""Small pictures with distinct bytes for the soak, and the answers that Rekognition remembers for them."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from PIL import Image

from dev.rekognition.answers import name_of
from dev.rekognition.operations.wire import MODEL_VERSION
from sightline.models.answers import Json
from sightline.rekognition.features import feature_named
from sightline.services.plan import Plan
from sightline.storage.buckets.protocol import ObjectUri

BUCKET = "images"
CAMERAS = 7
SIZE = (96, 80)
LABELS = ("Person", "Yard", "Plant", "Bush", "Tree", "Car", "Fence", "Path", "Outdoors", "Grass", "Shadow", "House")
MOST_LABELS = 4
MOST_FACES = 2


def picture_of(name: str) -> bytes:
    """Make a plain picture with bytes of its own: they hold its name as a comment."""
    file = io.BytesIO()
    Image.new("RGB", SIZE, (70, 90, 110)).save(file, "JPEG", comment=name.encode())
    return file.getvalue()


def uri_of(number: int, today: datetime) -> ObjectUri:
    """Return an image's name, in today's folder; the second of its capture is unique within its camera."""
    hour, minute, second = number // 3600 % 24, number // 60 % 60, number % 60
    taken = f"{today:%Y%m%d}-{hour:02}{minute:02}{second:02}"
    return ObjectUri(BUCKET, f"yard-{number % CAMERAS}/{today:%Y-%m-%d}/Hour-{hour:02}/MDAlarm_{taken}.jpg")


def remember(file: Path, pictures: Iterable[bytes], plan: Plan) -> None:
    """Write the file of answers that the local Rekognition reads when it starts (`--remember`)."""
    with file.open("a") as lines:
        for picture in pictures:
            for name, answer in _answers(hashlib.sha256(picture), plan):
                lines.write(json.dumps([name, answer]) + "\n")


def _answers(digest: "hashlib._Hash", plan: Plan) -> Iterator[tuple[str, Json]]:
    chance = digest.digest()
    answers: dict[str, Json] = {
        "DetectLabels": {"Labels": _labels(chance), "LabelModelVersion": MODEL_VERSION},
        "DetectFaces": {"FaceDetails": [_face(chance[n]) for n in range(chance[0] % (MOST_FACES + 1))]},
    }
    for feature, parameters in plan.features.items():
        operation = feature_named(feature).operation
        yield name_of(digest.hexdigest(), operation, dict(parameters), MODEL_VERSION), answers[operation]


def _labels(chance: bytes) -> list[Json]:
    """Return up to four labels; a few pictures have none."""
    names = dict.fromkeys(LABELS[each % len(LABELS)] for each in chance[1 : 1 + chance[5] % (MOST_LABELS + 1)])
    return [{"Name": name, "Confidence": 30 + chance[6 + n] * 70 / 256} for n, name in enumerate(names)]


def _face(chance: int) -> Json:
    box = {"Left": chance / 512, "Top": 0.22, "Width": 0.12, "Height": 0.41}
    return {"BoundingBox": box, "Confidence": 90 + chance / 26}
