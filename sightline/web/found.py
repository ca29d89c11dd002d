"""What was found in an image, as pages and API show it: by feature, each with its boxes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sightline.models.answers import Box, Detection, Json
from sightline.models.images import ImageRow
from sightline.rekognition.geometry import boxes
from sightline.storage.ledger.protocol import Entry, Ledger, shown_status
from sightline.web.console import Console


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that was found. number: of its first box on the picture, 0 if it has none."""

    name: str
    confidence: float
    kind: str
    boxes: tuple[Box, ...]
    number: int
    attributes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FeatureShown:
    """One feature's answer. status: `waiting`, or how the analysis ended; because: why it was refused."""

    feature: str
    status: str
    because: str
    found: tuple[Shown, ...]
    analysis_id: str
    cut_percent: float | None
    model_version: str
    left_out: int
    cost_micro_usd: int
    unknown_attempts: int


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box on the picture. percent of its width and height, so that it fits the picture at any size."""

    feature: str
    number: int
    name: str
    confidence: float
    box: Box


def features_of(row: ImageRow, console: Console) -> list[FeatureShown]:
    """Return every wanted feature's answer, in alphabetical order. The ledger is read at once for all of them."""
    names = sorted(row.wanted)
    entries = list(console.reads.map(lambda name: _entry(row.wanted[name], console.services.ledger), names))
    counter = 0
    made = []
    for name, entry in zip(names, entries, strict=True):
        shown = _shown(row, name, entry, counter)
        counter += sum(len(each.boxes) for each in shown.found)
        made.append(shown)
    return made


def boxes_of(features: list[FeatureShown]) -> Iterator[PlacedBox]:
    """Return every box with its number."""
    for feature in features:
        for each in feature.found:
            for offset, box in enumerate(each.boxes):
                yield PlacedBox(feature.feature, each.number + offset, each.name, each.confidence, box)


def _entry(analysis_id: str, ledger: Ledger) -> Entry | None:
    return ledger.get(analysis_id)


def _shown(row: ImageRow, name: str, entry: Entry | None, numbered: int) -> FeatureShown:
    part = row.parts.get(name)
    detections = entry.answer.detections if entry and entry.answer else ()
    return FeatureShown(
        feature=name,
        status=shown_status(entry),
        because=entry.rejection.message if entry and entry.rejection else "",
        found=tuple(_numbered(detections, numbered)),
        analysis_id=row.wanted[name],
        cut_percent=entry.answer.cut_percent if entry and entry.answer else None,
        model_version=entry.answer.model_version if entry and entry.answer else "",
        left_out=part.left_out if part else 0,
        cost_micro_usd=entry.cost_micro_usd if entry else 0,
        unknown_attempts=entry.unknown_attempts if entry else 0,
    )


def _numbered(detections: tuple[Detection, ...], numbered: int) -> Iterator[Shown]:
    for each in detections:
        places = tuple(boxes(each))
        yield Shown(each.name, each.confidence, _kind(each), places, numbered + 1 if places else 0, each.attributes)
        numbered += len(places)


def _kind(detection: Detection) -> str:
    """Return what qualifies the name: line or word for a text, the parents for a label."""
    kind: str = detection.attributes.get("type") or ", ".join(detection.attributes.get("parents", ()))
    return kind
