"""The kinds of jobs that are answered from the pixels: what is asked of each second, and how an answer is put together.

AWS looks at a video about twice a second, this endpoint once.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dev.rekognition.content import Content
from dev.rekognition.operations.detect_faces import detect_faces
from dev.rekognition.operations.detect_labels import detect_labels
from dev.rekognition.operations.detect_text import detect_text
from dev.rekognition.refusals import Refusal, cannot
from dev.rekognition.sight import Sight
from sightline.models.answers import Json

Second: TypeAlias = tuple[int, Sequence[Json]]
"""(milliseconds from the beginning, what was found then)."""

SECOND_MS = 1000

_LEAST_LABEL = 50.0


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind.

    look: (Start's request, a picture, sight) → what the picture shows
    entries: (seconds, Get's request, length in ms) → the list that Get answers with, in order; listed: its name
    version: the name of the model's version; empty where AWS tells none
    """

    start: str
    get: str
    listed: str
    look: Callable[[Json, Content, Sight], Awaitable[Sequence[Json]]]
    entries: Callable[[Sequence[Second], Json, int], list[Json]]
    version: str = ""


async def _labels(request: Json, content: Content, sight: Sight) -> Sequence[Json]:
    asked = {"MinConfidence": request.get("MinConfidence", _LEAST_LABEL), "Settings": request.get("Settings", {})}
    found: Sequence[Json] = (await detect_labels(asked, content, sight))["Labels"]
    return found


async def _faces(request: Json, content: Content, sight: Sight) -> Sequence[Json]:
    if request.get("FaceAttributes", "DEFAULT") != "DEFAULT":
        raise cannot("StartFaceDetection with FaceAttributes ALL")
    found: Sequence[Json] = (await detect_faces({}, content, sight))["FaceDetails"]
    return found


async def _text(request: Json, content: Content, sight: Sight) -> Sequence[Json]:
    found: Sequence[Json] = (await detect_text({"Filters": request.get("Filters", {})}, content, sight))[
        "TextDetections"
    ]
    return found


def _each(name: str) -> Callable[[Sequence[Second], Json, int], list[Json]]:
    """Return what lists each find with the time of its picture."""

    def entries(seconds: Sequence[Second], request: Json, length_ms: int) -> list[Json]:  # noqa: ARG001 - as others
        return [{"Timestamp": at, name: found} for at, all_found in seconds for found in all_found]

    return entries


def _label_entries(seconds: Sequence[Second], request: Json, length_ms: int) -> list[Json]:
    if request.get("AggregateBy", "TIMESTAMPS") == "SEGMENTS":
        entries = list(segments(seconds, length_ms))
    else:
        entries = _each("Label")(seconds, request, length_ms)
    if request.get("SortBy", "TIMESTAMP") == "NAME":
        return sorted(entries, key=lambda entry: (entry["Label"]["Name"], entry["Timestamp"]))
    return sorted(entries, key=lambda entry: entry["Timestamp"])


def segments(seconds: Sequence[Second], length_ms: int) -> Iterator[Json]:
    """Join seconds that follow one another and show the same label. As with AWS, a segment has no boxes."""
    open_ones: dict[str, tuple[int, int, Json]] = {}
    for at, labels in seconds:
        names = {label["Name"]: label for label in labels}
        for name in [each for each in open_ones if each not in names]:
            yield _segment(*open_ones.pop(name), length_ms)
        for name, label in names.items():
            begin, _, before = open_ones.get(name, (at, at, label))
            open_ones[name] = (begin, at, max(before, label, key=lambda each: each["Confidence"]))
    for each in open_ones.values():
        yield _segment(*each, length_ms)


def _segment(begin: int, last: int, label: Json, length_ms: int) -> Json:
    end = min(last + SECOND_MS, length_ms) if length_ms > last else last + SECOND_MS
    return {
        "Timestamp": begin,
        "StartTimestampMillis": begin,
        "EndTimestampMillis": end,
        "DurationMillis": end - begin,
        "Label": {**label, "Instances": []},
    }


_ALL = (
    JobKind("StartLabelDetection", "GetLabelDetection", "Labels", _labels, _label_entries, "LabelModelVersion"),
    JobKind("StartFaceDetection", "GetFaceDetection", "Faces", _faces, _each("Face")),
    JobKind(
        "StartTextDetection", "GetTextDetection", "TextDetections", _text, _each("TextDetection"), "TextModelVersion"
    ),
)

BY_START: Mapping[str, JobKind] = {each.start: each for each in _ALL}
BY_GET: Mapping[str, JobKind] = {each.get: each for each in _ALL}


def kind_of_get(operation: str, start: str) -> JobKind:
    """Return the kind that an operation asks about; refuse the id of a job of another kind as AWS does."""
    if BY_GET[operation].start != start:
        raise Refusal("ResourceNotFoundException")
    return BY_GET[operation]
