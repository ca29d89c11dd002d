"""What one pass over a picture finds."""

from dataclasses import dataclass

from sightline.models.answers import Detection


@dataclass(frozen=True, slots=True)
class Seen:
    """People and faces, the most certain first."""

    people: tuple[Detection, ...]
    faces: tuple[Detection, ...]
