"""What one pass over a picture finds."""

from dataclasses import dataclass

from sightline.models.answers import Detection


@dataclass(frozen=True, slots=True)
class Seen:
    """People and faces, the most certain first. objects: other things, by their names in `labels.KINDS`."""

    people: tuple[Detection, ...]
    faces: tuple[Detection, ...]
    objects: tuple[Detection, ...] = ()
