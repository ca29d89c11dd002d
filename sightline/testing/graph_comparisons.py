"""The named queries that set images, labels, cameras or times side by side, answered from facts in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sightline.graph.facts import ImageFacts
from sightline.models.answers import Json
from sightline.testing.graph_facts import Answer, Rows, camera_of, labelled, labels_of

_NEARBY_MINUTES = 10
_LIKELY_PERCENT = 50


def _months(images: Sequence[ImageFacts], _: datetime, asked: Mapping[str, Json]) -> Rows:
    low, camera = asked["at_least"] or 0, asked["camera"]
    chosen = [each for each in images if not each.is_gone and camera in {None, camera_of(each)}]

    def counted(month: str) -> Counter[str]:
        taken = (image for image in chosen if _is_of(image, month))
        return Counter(label for image in taken for label, sure in labels_of(image).items() if sure >= low)

    before, after = counted(asked["before"]), counted(asked["after"])
    rows = [
        {
            "label": label,
            "images_before": before[label],
            "images_after": after[label],
            "more": after[label] - before[label],
        }
        for label in {*before, *after}
    ]
    return sorted(rows, key=lambda row: (-abs(row["more"]), row["label"]))


def _is_of(image: ImageFacts, month: str) -> bool:
    taken = datetime.fromisoformat(image.properties["isodate"])
    *year, number = map(int, month.split("-"))
    return taken.month == number and year in ([], [taken.year])


def _persons_nearby(images: Sequence[ImageFacts], _: datetime, asked: Mapping[str, Json]) -> Rows:
    given = next((each for each in images if each.image_id == asked["image"] and not each.is_gone), None)
    if given is None:
        return []
    minutes = _NEARBY_MINUTES if asked["minutes"] is None else asked["minutes"]
    low = _LIKELY_PERCENT if asked["at_least"] is None else asked["at_least"]
    rows = [
        {
            "camera": camera_of(image),
            "image_id": image.image_id,
            "taken_at": image.properties["isodate"],
            "seconds_later": image.properties["timestamp"] - given.properties["timestamp"],
            "confidence": confidence,
        }
        for image, confidence in labelled(images, "Person")
        if confidence >= low and camera_of(image) != camera_of(given)
    ]
    near = (row for row in rows if abs(row["seconds_later"]) <= 60 * minutes)
    return sorted(near, key=lambda row: (abs(row["seconds_later"]), row["image_id"]))


def _labels_together(images: Sequence[ImageFacts], _: datetime, asked: Mapping[str, Json]) -> Rows:
    low, name = asked["at_least"] or 0, asked["label"]
    sure = ({label for label, value in labels_of(image).items() if value >= low} for image in images)
    showing = [labels for labels in sure if name in labels]
    found = Counter(label for labels in showing for label in labels - {name})
    return [
        {"together_with": label, "images": number, "percent": 100.0 * number / len(showing)}
        for label, number in sorted(found.items(), key=lambda each: (-each[1], each[0]))
    ]


def _cameras_by_hour(images: Sequence[ImageFacts], _: datetime, asked: Mapping[str, Json]) -> Rows:
    low, name = asked["at_least"] or 0, asked["label"]
    shown = [image for image in images if not image.is_gone]
    chosen = shown if name is None else [image for image, sure in labelled(shown, name) if sure >= low]
    found = Counter((str(camera_of(each)), datetime.fromisoformat(each.properties["isodate"]).hour) for each in chosen)
    return [{"camera": camera, "hour": hour, "images": number} for (camera, hour), number in sorted(found.items())]


COMPARISONS: Mapping[str, Answer] = {
    "months": _months,
    "persons-nearby": _persons_nearby,
    "labels-together": _labels_together,
    "cameras-by-hour": _cameras_by_hour,
}
