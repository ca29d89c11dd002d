"""Collections of known faces as the project asks for them: one face is indexed at a time, and one searched for."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from sightline.errors import ConfigurationError, Throttled, Unavailable, UnreadableAnswer
from sightline.models.answers import Box, Json
from sightline.models.people import FoundFace, IndexedFace, Searched
from sightline.rekognition.aws_errors import REKOGNITION, aws_errors
from sightline.rekognition.geometry import read_box

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient  # stubs: not there at run time

INDEX, SEARCH = "IndexFaces", "SearchFacesByImage"

ENROL, PEOPLE = "enrol", "people"
"""What their calls are counted under, beside those of features."""

MOST_FOUND = 100
"""Faces that one search returns: a person may have several."""

DELETED_AT_ONCE = 4096

_NO_QUALITY_FILTER: Mapping[str, Json] = {"QualityFilter": "NONE"}
"""A filter would leave a face out in silence: whoever enrols chose the picture, and a camera's face is searched for."""

_ABSENT = ["FACE_NOT_FOUND"]

_IDENTIFIER = re.compile(r"[a-zA-Z0-9_.\-]+")


class FaceCollection(Protocol):
    """The collection of known people: `RekognitionFaces`. Raises the errors of `sightline.errors`."""

    @property
    def name(self) -> str:
        """Return its CollectionId."""

    def create(self) -> None:
        """Make it; one that is there already is as good."""

    def index(self, data: bytes, external_id: str) -> IndexedFace | None:
        """Index the largest face of a picture, in one HTTP attempt; None if Rekognition sees none."""

    def search(self, data: bytes, least_percent: float) -> Searched:
        """Search for the largest face of a picture, in one HTTP attempt. InvalidParameter if it shows none."""

    def faces(self, collection: str | None = None) -> list[IndexedFace]:
        """List all faces of this collection, or of another; none if it is not there."""

    def delete(self, face_ids: list[str], collection: str | None = None) -> None:
        """Remove faces of this collection, or of another; those that are not there are as good as removed."""


T = TypeVar("T")

_unbilled = retry(
    retry=retry_if_exception_type((Throttled, Unavailable)),
    wait=wait_random_exponential(multiplier=0.2, max=3),
    stop=stop_after_attempt(5),
    reraise=True,
)
"""Calls that cost nothing and may be repeated are not booked with the limiter."""


class RekognitionFaces:
    """A collection behind a client that was built with `ONE_ATTEMPT`. Safe for threads, as the client is."""

    def __init__(self, client: "RekognitionClient", name: str) -> None:
        self._client = client
        self._name = name

    @property
    def name(self) -> str:
        """Return its CollectionId."""
        return self._name

    @_unbilled
    def create(self) -> None:
        """Make it; one that is there already is as good."""
        with aws_errors(self._name, REKOGNITION):
            try:
                self._client.create_collection(CollectionId=self._name)
            except self._client.exceptions.ResourceAlreadyExistsException:
                return

    def index(self, data: bytes, external_id: str) -> IndexedFace | None:
        """Index the largest face of a picture; None if Rekognition sees none."""
        with aws_errors("a picture to enrol", REKOGNITION):
            answer = self._client.index_faces(
                CollectionId=self._name,
                Image={"Bytes": data},
                ExternalImageId=external_id,
                MaxFaces=1,
                QualityFilter="NONE",
            )
        records = _read(INDEX, lambda: [_face(each["Face"]) for each in answer["FaceRecords"]])
        return records[0] if records else None

    def search(self, data: bytes, least_percent: float) -> Searched:
        """Search for the largest face of a picture."""
        with aws_errors("a face", REKOGNITION):
            answer = self._client.search_faces_by_image(
                CollectionId=self._name, Image={"Bytes": data}, **search_parameters(least_percent)
            )
        return parse_search(answer)

    @_unbilled
    def faces(self, collection: str | None = None) -> list[IndexedFace]:
        """List all faces; none if the collection is not there."""
        name = collection or self._name
        with aws_errors(name, REKOGNITION):
            try:
                pages = self._client.get_paginator("list_faces").paginate(CollectionId=name)
                return [_face(each) for page in pages for each in page["Faces"]]
            except self._client.exceptions.ResourceNotFoundException:
                return []

    @_unbilled
    def delete(self, face_ids: list[str], collection: str | None = None) -> None:
        """Remove faces; raise ConfigurationError if one that is there is kept."""
        name = collection or self._name
        for first in range(0, len(face_ids), DELETED_AT_ONCE):
            some = face_ids[first : first + DELETED_AT_ONCE]
            with aws_errors(name, REKOGNITION):
                answer = self._client.delete_faces(CollectionId=name, FaceIds=some)
            kept = [each for each in answer.get("UnsuccessfulFaceDeletions", []) if each.get("Reasons") != _ABSENT]
            if kept:
                rule = f"Rekognition keeps {len(kept)} faces ({kept[0].get('Reasons')})"
                raise ConfigurationError(name, rule=rule, remedy="Remove the users that they are associated with")


def search_parameters(least_percent: float) -> dict[str, Json]:
    """Return what a search asks, beside its picture."""
    return {"FaceMatchThreshold": least_percent, "MaxFaces": MOST_FOUND, **_NO_QUALITY_FILTER}


def search_id(content: str, box: Box, least_percent: float, collection: str, roster: str) -> str:
    """Name the search for one face of a content (sha256) among those of a roster: sha256, hex."""
    asked = [content, box.left, box.top, box.width, box.height, search_parameters(least_percent), collection, roster]
    return hashlib.sha256(json.dumps([PEOPLE, *asked], sort_keys=True).encode()).hexdigest()


def collection_name(prefix: str, generation: str) -> str:
    """Return the CollectionId for a prefix of tables and a generation.

    A collection keeps the version of the face model that it was made with: another generation is another collection.
    """
    name = f"{prefix}people-{generation}"
    if _IDENTIFIER.fullmatch(name):
        return name
    return f"sightline-people-{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def parse_search(answer: Json) -> Searched:
    """Read an answer to a search. Raise UnreadableAnswer if it does not have AWS's format."""

    def read() -> Searched:
        box = read_box({"BoundingBox": answer["SearchedFaceBoundingBox"]})
        if box is None:
            raise KeyError("SearchedFaceBoundingBox")
        found = tuple(FoundFace(_face(each["Face"]), float(each["Similarity"])) for each in answer["FaceMatches"])
        return Searched(box, float(answer["SearchedFaceConfidence"]), found)

    return _read(SEARCH, read)


def _face(told: Any) -> IndexedFace:
    return IndexedFace(str(told["FaceId"]), str(told.get("ExternalImageId", "")))


def _read(operation: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (KeyError, TypeError, AttributeError) as error:
        rule = f"an answer to {operation} must have AWS's format, but {error!r} came up"
        raise UnreadableAnswer("a picture of a face", rule=rule) from error
