"""The named queries of `queries.cypher`, answered from facts in memory, with the same columns in the same order."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sightline.graph.declarations import Key
from sightline.graph.facts import ImageFacts
from sightline.models.answers import Json
from sightline.testing.graph_comparisons import COMPARISONS
from sightline.testing.graph_facts import Answer, Rows, camera_of, labelled, labels_of

_TWO_HOURS_IN_SECONDS = 60 * 60 * 2


def _recent_persons(images: Sequence[ImageFacts], now: datetime) -> list[tuple[ImageFacts, float]]:
    since = now.timestamp() - _TWO_HOURS_IN_SECONDS
    return [each for each in labelled(images, "Person") if each[0].properties["timestamp"] > since]


def _heat_map(images: Sequence[ImageFacts], now: datetime, _: Mapping[str, Json]) -> Rows:
    return [
        {"camera": {"camera_name": camera_of(image)}, "image": dict(image.properties)}
        for image, confidence in _recent_persons(images, now)
        if confidence > 90  # noqa: PLR2004 - as the query says
    ]


def _confidence_histogram(images: Sequence[ImageFacts], now: datetime, _: Mapping[str, Json]) -> Rows:
    # Cypher rounds halves up.
    found = Counter(
        (float(math.floor(confidence + 0.5)), camera_of(image), image.properties["object_key"])
        for image, confidence in _recent_persons(images, now)
    )
    return [
        {
            "camera.camera_name": camera,
            "image.object_key": object_key,
            "count(round(label_edge.confidence))": count,
            "round(label_edge.confidence)": rounded,
        }
        for (rounded, camera, object_key), count in sorted(found.items(), key=lambda item: item[0][0])
    ]


def _images_with_label(images: Sequence[ImageFacts], _: datetime, asked: Mapping[str, Json]) -> Rows:
    found = [
        (image, confidence)
        for image, confidence in labelled(images, asked["label"])
        if confidence >= asked["at_least"] and _is_asked_for(image, asked)
    ]
    found.sort(key=lambda each: (-each[0].properties["timestamp"], each[0].image_id))
    return [
        {
            "camera": camera_of(image),
            "image_id": image.image_id,
            "taken_at": image.properties["isodate"],
            "confidence": confidence,
        }
        for image, confidence in found
    ]


def _is_asked_for(image: ImageFacts, asked: Mapping[str, Json]) -> bool:
    return (
        asked["camera"] in {None, camera_of(image)}
        and (asked["since"] is None or image.properties["timestamp"] >= asked["since"])
        and (asked["day"] is None or image.properties["isodate"].startswith(asked["day"]))
    )


def _cameras(images: Sequence[ImageFacts], _: datetime, __: Mapping[str, Json]) -> Rows:
    times: dict[Key, list[int]] = defaultdict(list)
    for image in images:
        if not image.is_gone:
            times[camera_of(image)].append(image.properties["timestamp"])
    return [
        {"camera": camera, "images": len(taken), "first": min(taken), "last": max(taken)}
        for camera, taken in sorted(times.items(), key=lambda item: str(item[0]))
    ]


def _labels(images: Sequence[ImageFacts], _: datetime, __: Mapping[str, Json]) -> Rows:
    return [{"label": name} for name in sorted({name for image in images for name in labels_of(image)})]


ANSWERS: Mapping[str, Answer] = {
    "heat-map": _heat_map,
    "confidence-histogram": _confidence_histogram,
    "images-with-label": _images_with_label,
    "labels": _labels,
    "cameras": _cameras,
    **COMPARISONS,
}
