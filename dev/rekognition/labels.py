"""The labels that follow from what was found, with AWS's parents, aliases and categories. Nothing is guessed."""

from collections.abc import Mapping
from dataclasses import dataclass

from dev.rekognition.picture import covered_share
from dev.rekognition.text import Line, word_boxes
from sightline.models.answers import Box, Detection

_IS_TEXT = 0.2


@dataclass(frozen=True, slots=True)
class Kind:
    """An entry of AWS's list of labels."""

    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "Person": Kind(aliases=("Human",), categories=("Person Description",)),
    "Head": Kind(parents=("Person",), categories=("Person Description",)),
    "Face": Kind(parents=("Head", "Person"), categories=("Person Description",)),
    "Text": Kind(categories=("Text and Documents",)),
}


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


def labels_of(people: tuple[Detection, ...], faces: tuple[Detection, ...], text: tuple[Line, ...]) -> tuple[Label, ...]:
    """Return the labels, the most certain first. A face implies a head, and a head a person."""
    bodies = _beside_text(people, text)
    face = max((each.confidence for each in faces), default=0.0)
    body = max((each.confidence for each in bodies), default=0.0)
    found = (
        Label("Person", max(body, face), bodies),
        Label("Head", face),
        Label("Face", face),
        Label("Text", max((line.confidence for line in text), default=0.0)),
    )
    return tuple(sorted((each for each in found if each.confidence), key=lambda each: -each.confidence))


def _beside_text(people: tuple[Detection, ...], text: tuple[Line, ...]) -> tuple[Detection, ...]:
    """Drop people that overlap with text: the detector takes strokes of letters for limbs."""
    words: tuple[Box, ...] = word_boxes(text)
    return tuple(each for each in people if each.box and covered_share(each.box, words) < _IS_TEXT)
