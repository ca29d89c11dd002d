"""DetectFaces: box, confidence and quality. It cannot measure age, mood, glasses and the like."""

from collections.abc import Iterable

from dev.rekognition.content import Content
from dev.rekognition.operations.wire import bounding_box
from dev.rekognition.refusals import Refusal
from dev.rekognition.sight import Sight
from sightline.models.answers import Detection, Json

_LEAST_CONFIDENCE = 50.0
_MOST_FACES = 100


async def detect_faces(request: Json, content: Content, sight: Sight) -> Json:
    """Answer with the largest faces of at least 50 percent; landmarks and roll only if the detector measures them."""
    unseen = sorted(set(request.get("Attributes", ())) - {"DEFAULT"})
    if unseen:
        message = f"The local endpoint cannot see {', '.join(unseen)}. Ask for DEFAULT, or use AWS."
        raise Refusal("InvalidParameterException", message)
    return {"FaceDetails": [face_details(each) for each in largest_faces((await sight.see(content)).faces)]}


def largest_faces(faces: Iterable[Detection]) -> list[Detection]:
    """Return the faces of at least 50 percent, the largest first, at most a hundred."""
    certain = [face for face in faces if face.confidence >= _LEAST_CONFIDENCE]
    return sorted(certain, key=_area, reverse=True)[:_MOST_FACES]


def face_details(face: Detection) -> Json:
    """Return a face in AWS's spelling."""
    quality = face.attributes["quality"]
    return {
        "BoundingBox": face.box and bounding_box(face.box),
        "Confidence": face.confidence,
        "Landmarks": [{"Type": name, "X": x, "Y": y} for name, (x, y) in face.attributes.get("landmarks", {}).items()],
        "Quality": {"Brightness": quality["brightness"], "Sharpness": quality["sharpness"]},
        **({"Pose": {"Roll": face.attributes["roll"]}} if "roll" in face.attributes else {}),
    }


def _area(face: Detection) -> float:
    return face.box.width * face.box.height if face.box else 0.0
