"""Collections: known faces, and the search for them by the largest face of a picture.

Their answers depend on what was indexed before, so none is remembered by its content.
"""

from collections.abc import Sequence

from dev.rekognition.collections import FACE_MODEL_VERSION, Collections, IndexedFace, new_id
from dev.rekognition.content import Content
from dev.rekognition.likeness import INSTALLED_BY, similarity_percent
from dev.rekognition.operations.detect_faces import face_details, largest_faces
from dev.rekognition.operations.wire import bounding_box
from dev.rekognition.refusals import Refusal, cannot
from dev.rekognition.sight import Sight
from sightline.models.answers import Box, Detection, Json

_DEFAULT_LEAST_SIMILARITY = 80.0
_DEFAULT_MOST_FOUND = 80
_MOST_LISTED = 4096
_MOST_INDEXED = 100


async def create_collection(request: Json, contents: Sequence[Content], sight: Sight, kept: Collections) -> Json:  # noqa: ARG001 - every operation takes these
    """Make a collection. Tags are ignored: nothing here reads them."""
    name = request["CollectionId"]
    kept.create(name)
    return {"StatusCode": 200, "CollectionArn": _arn(name), "FaceModelVersion": FACE_MODEL_VERSION}


async def describe_collection(request: Json, contents: Sequence[Content], sight: Sight, kept: Collections) -> Json:  # noqa: ARG001 - as above
    """Answer how many faces a collection has."""
    name = request["CollectionId"]
    collection = kept.named(name)
    return {
        "FaceCount": len(collection.faces),
        "FaceModelVersion": FACE_MODEL_VERSION,
        "CollectionARN": _arn(name),
        "CreationTimestamp": collection.created_at,
        "UserCount": 0,
    }


async def delete_collection(request: Json, contents: Sequence[Content], sight: Sight, kept: Collections) -> Json:  # noqa: ARG001 - as above
    """Remove a collection with all its faces."""
    kept.delete(request["CollectionId"])
    return {"StatusCode": 200}


async def index_faces(request: Json, contents: Sequence[Content], sight: Sight, kept: Collections) -> Json:
    """Keep the largest faces of a picture. The same picture under the same external id is kept once, as on AWS."""
    _require_sight(sight, "IndexFaces", request)
    name, external = request["CollectionId"], request.get("ExternalImageId")
    (content,) = contents
    kept.named(name)
    seen = largest_faces((await sight.see(content)).faces)
    most = min(request.get("MaxFaces", _MOST_INDEXED), _MOST_INDEXED)
    indexed = kept.same(name, content.sha256, external) or await _indexed(content, seen[:most], external, sight)
    known = {each.face_id for each in kept.named(name).faces}
    kept.add(name, [each for each in indexed if each.face_id not in known])
    details = {face.box: face_details(face) for face in seen}
    return {
        "FaceRecords": [{"Face": _wire(each), "FaceDetail": details[each.box]} for each in indexed],
        "FaceModelVersion": FACE_MODEL_VERSION,
        "UnindexedFaces": [
            {"Reasons": ["EXCEEDS_MAX_FACES"], "FaceDetail": face_details(face)} for face in seen[most:]
        ],
    }


async def _indexed(
    content: Content, faces: Sequence[Detection], external: str | None, sight: Sight
) -> list[IndexedFace]:
    image_id = new_id()
    return [
        IndexedFace(new_id(), image_id, content.sha256, external, face.box or Box(0, 0, 1, 1), face.confidence, numbers)
        for face, numbers in zip(faces, await sight.describe(content, tuple(faces)), strict=True)
    ]


async def list_faces(request: Json, contents: Sequence[Content], sight: Sight, kept: Collections) -> Json:  # noqa: ARG001 - as above
    """List faces, page by page; a page's token is the place that it ends at."""
    faces = kept.named(request["CollectionId"]).faces
    if wanted := request.get("FaceIds"):
        faces = [each for each in faces if each.face_id in wanted]
    begin = _place(request.get("NextToken", "0"), len(faces))
    end = begin + (request.get("MaxResults") or _MOST_LISTED)
    more = {"NextToken": str(end)} if end < len(faces) else {}
    return {"Faces": [_wire(each) for each in faces[begin:end]], "FaceModelVersion": FACE_MODEL_VERSION, **more}


def _place(token: str, faces: int) -> int:
    if not token.isdecimal() or int(token) > faces:
        raise Refusal("InvalidPaginationTokenException")
    return int(token)


async def search_faces_by_image(request: Json, contents: Sequence[Content], sight: Sight, kept: Collections) -> Json:
    """Search for the largest face of a picture, and for no other. Without a face AWS calls the request invalid."""
    _require_sight(sight, "SearchFacesByImage", request)
    (content,) = contents
    known = kept.named(request["CollectionId"]).faces
    seen = largest_faces((await sight.see(content)).faces)
    if not seen:
        raise Refusal("InvalidParameterException", "There are no faces in the image. Should be at least 1.")
    largest = seen[0]
    wanted = (await sight.describe(content, (largest,)))[0]
    compared = [(similarity_percent(wanted, each.descriptor), each) for each in known]
    least = request.get("FaceMatchThreshold", _DEFAULT_LEAST_SIMILARITY)
    alike = sorted((each for each in compared if each[0] >= least), key=lambda each: -each[0])
    most = request.get("MaxFaces", _DEFAULT_MOST_FOUND)
    return {
        "SearchedFaceBoundingBox": bounding_box(largest.box or Box(0, 0, 1, 1)),
        "SearchedFaceConfidence": largest.confidence,
        "FaceMatches": [{"Similarity": similarity, "Face": _wire(face)} for similarity, face in alike[:most]],
        "FaceModelVersion": FACE_MODEL_VERSION,
    }


async def delete_faces(request: Json, contents: Sequence[Content], sight: Sight, kept: Collections) -> Json:  # noqa: ARG001 - as above
    """Remove faces by id, and say which were not there."""
    removed = kept.remove(request["CollectionId"], request["FaceIds"])
    absent = [each for each in request["FaceIds"] if each not in removed]
    return {
        **({"DeletedFaces": removed} if removed else {}),
        "UnsuccessfulFaceDeletions": [{"FaceId": each, "Reasons": ["FACE_NOT_FOUND"]} for each in absent],
    }


def _require_sight(sight: Sight, operation: str, request: Json) -> None:
    """Refuse what would have to be invented: faces without their model, and their quality."""
    if because := sight.cannot_compare:
        raise cannot(operation, f"{because}. Run `{INSTALLED_BY}` and start it again")
    if request.get("QualityFilter", "NONE") != "NONE":
        message = "The local endpoint does not filter by quality. Ask for QualityFilter NONE, or use AWS."
        raise Refusal("InvalidParameterException", message)


def _wire(face: IndexedFace) -> Json:
    external = {"ExternalImageId": face.external_image_id} if face.external_image_id else {}
    return {
        "FaceId": face.face_id,
        "ImageId": face.image_id,
        "BoundingBox": bounding_box(face.box),
        "Confidence": face.confidence,
        "IndexFacesModelVersion": FACE_MODEL_VERSION,
        **external,
    }


def _arn(name: str) -> str:
    return f"aws:rekognition:us-east-1:000000000000:collection/{name}"
