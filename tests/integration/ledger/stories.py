"""Analyses and answers for the tests of the ledger."""

from datetime import timedelta
from uuid import uuid4

from sightline.models.answers import Answer, Box, Detection
from sightline.models.images import Rejection
from sightline.storage.ledger.protocol import Analysis

SECOND = timedelta(seconds=1)
REJECTION = Rejection("ImageTooSmall", "s3://yard/a.jpg: each side must have at least 80 pixels. Use a larger picture.")
PERSON = Detection("Person", 99.1234, Box(0.1234, 0.5, 0.25, 0.9999), {"parents": [], "instances": [{"left": 0.1}]})
ANSWER = Answer((PERSON, Detection("Café 😀\n", 50.0)), "2024-05", cut_percent=30.0, is_truncated=True)
OTHER_ANSWER = Answer((), "2024-06")
BUCKET = "checkpoints"


def analysis(name: str = "", image_id: str = "s3://yard/a.jpg") -> Analysis:
    return Analysis(name or uuid4().hex, "c0ffee", "labels", {"MinConfidence": 30.0, "MaxLabels": 200}, "1", image_id)


def landmarks(faces: int) -> Answer:
    """Give an answer of about 7,500 bytes a face."""
    points = [{"type": f"point-{n}", "x": round(n / 3, 4), "y": round(n / 7, 4)} for n in range(150)]
    return Answer(tuple(Detection("Face", 99.0, attributes={"landmarks": points}) for _ in range(faces)), "7")
