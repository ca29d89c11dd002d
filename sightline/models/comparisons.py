"""What comparing two pictures found: one face of the source, and every face of the target with its similarity."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from sightline.models.answers import Box, Json


class Side(StrEnum):
    """One of the two pictures."""

    SOURCE = "source"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class ComparedFace:
    """A face. Percent: confidence that it is one; similarity to the source's, None for the source's own."""

    box: Box
    confidence: float
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """An answer. source: the largest face of the source; faces: the target's largest, the most alike first.

    no_face_in: the picture that shows no face; source is then None if it is the source, and faces are empty
    """

    source: ComparedFace | None
    faces: tuple[ComparedFace, ...] = ()
    no_face_in: Side | None = None

    def alike(self, least_percent: float) -> tuple[ComparedFace, ...]:
        """Return the faces that are at least so similar."""
        return tuple(face for face in self.faces if (face.similarity or 0.0) >= least_percent)


def to_plain(compared: Compared) -> dict[str, Json]:
    """Return an answer as JSON."""
    return asdict(compared)


def from_plain(plain: Mapping[str, Json]) -> Compared:
    """Read what `to_plain` wrote."""
    source, no_face_in = plain["source"], plain["no_face_in"]
    return Compared(
        source=source and _face(source),
        faces=tuple(map(_face, plain["faces"])),
        no_face_in=no_face_in and Side(no_face_in),
    )


def _face(plain: Mapping[str, Json]) -> ComparedFace:
    return ComparedFace(Box(**plain["box"]), plain["confidence"], plain["similarity"])
