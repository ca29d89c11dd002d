"""Collections of faces, as IndexFaces fills them: kept in a file, so that the next server has them too."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from dev.rekognition.likeness import Descriptor
from dev.rekognition.refusals import Refusal
from sightline.models.answers import Box

FACE_MODEL_VERSION = "sightline-faces-1"
"""AWS fixes it when a collection is made."""


@dataclass(frozen=True, slots=True)
class IndexedFace:
    """One face of a collection. content: sha256 of the picture that it was indexed from, hex."""

    face_id: str
    image_id: str
    content: str
    external_image_id: str | None
    box: Box
    confidence: float
    descriptor: Descriptor


@dataclass(slots=True)
class Collection:
    """One collection. created_at: seconds since the epoch."""

    created_at: float
    faces: list[IndexedFace]


class Collections:
    """All collections of a server; with a `path`, they outlive it."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept = _read(path) if path and path.exists() else {}

    def create(self, name: str) -> None:
        """Make a collection; refuse one that is there."""
        if name in self._kept:
            raise Refusal("ResourceAlreadyExistsException", f"The collection id: {name} already exists")
        self._kept[name] = Collection(time.time(), [])
        self._write()

    def named(self, name: str) -> Collection:
        """Return a collection; refuse one that is not there."""
        if name not in self._kept:
            raise Refusal("ResourceNotFoundException", f"The collection id: {name} does not exist")
        return self._kept[name]

    def delete(self, name: str) -> None:
        """Remove a collection with its faces."""
        self.named(name)
        del self._kept[name]
        self._write()

    def same(self, name: str, content: str, external_image_id: str | None) -> list[IndexedFace]:
        """Return the faces of this picture that are there under the same external id: AWS keeps no duplicates."""
        faces = self.named(name).faces
        return [each for each in faces if (each.content, each.external_image_id) == (content, external_image_id)]

    def add(self, name: str, faces: Sequence[IndexedFace]) -> None:
        """Keep faces."""
        self.named(name).faces.extend(faces)
        self._write()

    def remove(self, name: str, face_ids: Sequence[str]) -> list[str]:
        """Remove faces; return the ids of those that were there."""
        collection = self.named(name)
        removed = [each.face_id for each in collection.faces if each.face_id in face_ids]
        collection.faces = [each for each in collection.faces if each.face_id not in removed]
        self._write()
        return removed

    def _write(self) -> None:
        """Replace the file, so that a kill leaves the old one or the new one."""
        if self._path:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps({name: asdict(each) for name, each in self._kept.items()}))
            fresh.replace(self._path)


def new_id() -> str:
    """Return an id as AWS gives to faces and to the pictures that they came from."""
    return str(uuid4())


def _read(path: Path) -> dict[str, Collection]:
    told = json.loads(path.read_text())
    return {
        name: Collection(each["created_at"], [_face(face) for face in each["faces"]]) for name, each in told.items()
    }


def _face(told: dict[str, Any]) -> IndexedFace:
    read = {"box": Box(**told["box"]), "descriptor": tuple(told["descriptor"])}
    return IndexedFace(**{**told, **read})
