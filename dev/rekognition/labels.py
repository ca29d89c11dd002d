"""The labels that follow from what was found, under AWS's names. Nothing is guessed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dev.rekognition.kinds import KINDS, Kind
from dev.rekognition.picture import covered_share
from dev.rekognition.seen import Seen
from dev.rekognition.text import Line, word_boxes
from sightline.models.answers import Box, Detection

_IS_TEXT = 0.2


@dataclass(frozen=True, slots=True)
class Label:
    """A label, and where it was found."""

    name: str
    confidence: float
    instances: tuple[Detection, ...] = ()

    @property
    def kind(self) -> Kind:
        """Return its entry in AWS's list."""
        return KINDS[self.name]


def labels_of(seen: Seen, text: tuple[Line, ...]) -> tuple[Label, ...]:
    """Return the labels, the most certain first. A face implies a head, a head a person, and a car a vehicle."""
    bodies = _beside_text(seen.people, text)
    face = max((each.confidence for each in seen.faces), default=0.0)
    body = max((each.confidence for each in bodies), default=0.0)
    found = (
        Label("Person", max(body, face), bodies),
        Label("Head", face),
        Label("Face", face),
        Label("Text", max((line.confidence for line in text), default=0.0)),
        *_things(seen.objects),
    )
    return tuple(sorted((each for each in found if each.confidence), key=lambda each: -each.confidence))


def _things(objects: Sequence[Detection]) -> Iterator[Label]:
    """Return a label for each kind of thing, and one without places for each parent that is not a kind itself."""
    kinds = {each.name: tuple(other for other in objects if other.name == each.name) for each in objects}
    sure = {name: max(each.confidence for each in instances) for name, instances in kinds.items()}
    parents = {parent for name in kinds for parent in KINDS[name].parents} - set(kinds)
    for name, instances in kinds.items():
        yield Label(name, sure[name], instances)
    for parent in sorted(parents):
        yield Label(parent, max(sure[name] for name in kinds if parent in KINDS[name].parents))


def _beside_text(people: tuple[Detection, ...], text: tuple[Line, ...]) -> tuple[Detection, ...]:
    """Drop people that overlap with text: the detector takes strokes of letters for limbs."""
    words: tuple[Box, ...] = word_boxes(text)
    return tuple(each for each in people if each.box and covered_share(each.box, words) < _IS_TEXT)
