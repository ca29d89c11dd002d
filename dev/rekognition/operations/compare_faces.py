"""CompareFaces: the largest face of the source against the largest faces of the target."""

import asyncio

from dev.rekognition.content import Content
from dev.rekognition.likeness import INSTALLED_BY, similarity_percent
from dev.rekognition.operations.detect_faces import face_details, largest_faces
from dev.rekognition.refusals import Refusal, cannot
from dev.rekognition.sight import Sight
from sightline.models.answers import Detection, Json

_DEFAULT_LEAST_SIMILARITY = 80.0


async def compare_faces(request: Json, source: Content, target: Content, sight: Sight) -> Json:
    """Answer with matches, the most alike first, and the faces that do not match.

    If one of the pictures shows no face, AWS refuses the request as invalid, and does not say which picture it was.
    """
    if because := sight.cannot_compare:
        raise cannot("CompareFaces", f"{because}. Run `{INSTALLED_BY}` and start it again")
    if request.get("QualityFilter", "NONE") != "NONE":
        message = "The local endpoint does not filter by quality. Ask for QualityFilter NONE, or use AWS."
        raise Refusal("InvalidParameterException", message)
    sources, targets = await asyncio.gather(_faces(source, sight), _faces(target, sight))
    if not sources or not targets:
        raise Refusal("InvalidParameterException")
    wanted = (await sight.describe(source, (sources[0],)))[0]
    described = zip(targets, await sight.describe(target, tuple(targets)), strict=True)
    compared = [(similarity_percent(wanted, each), face_details(face)) for face, each in described]
    least = request.get("SimilarityThreshold", _DEFAULT_LEAST_SIMILARITY)
    alike = sorted((each for each in compared if each[0] >= least), key=lambda each: -each[0])
    of_source = face_details(sources[0])
    return {
        "SourceImageFace": {name: of_source[name] for name in ("BoundingBox", "Confidence")},
        "FaceMatches": [{"Similarity": similarity, "Face": face} for similarity, face in alike],
        "UnmatchedFaces": [face for similarity, face in compared if similarity < least],
    }


async def _faces(content: Content, sight: Sight) -> list[Detection]:
    return largest_faces((await sight.see(content)).faces)
