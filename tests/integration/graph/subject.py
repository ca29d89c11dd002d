"""What the tests of the graph ask a store, and the images they give it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

import neo4j

from sightline.graph.declarations import Key
from sightline.graph.protocol import GraphImage, GraphStore, Merged
from sightline.models.answers import Finding, Json
from sightline.testing.graph import Triple

TAKEN = datetime(2026, 3, 29, 0, 30, 15, tzinfo=timezone(timedelta(hours=2)))
TAKEN_SECONDS = 1774737015
WHOLE_GRAPH = """
MATCH (a)-[edge]->(b)
RETURN labels(a)[0] AS start, a AS a, type(edge) AS type, edge AS edge, labels(b)[0] AS end, b AS b
"""
KEYS = ("image_id", "camera_name", "iso_date", "year_value", "month_value", "day_value", "hour_value")
FOUND_KEYS = ("label_name", "face_id", "text", "video_id")


@dataclass
class Subject:
    store: GraphStore
    triples: Callable[[], set[Triple]]
    node: Callable[[str], dict[str, Json]]


def key_of(node: neo4j.graph.Node) -> Key:
    key: Key = next(node[name] for name in (*KEYS, *FOUND_KEYS) if name in node)
    return key


def triples_in(driver: neo4j.Driver) -> set[Triple]:
    records = driver.execute_query(WHOLE_GRAPH, database_="neo4j").records
    found = [
        (r["start"], key_of(r["a"]), r["type"], next(iter(r["edge"].values()), None), r["end"], key_of(r["b"]))
        for r in records
    ]
    assert len(found) == len(set(found)), "the graph holds a relationship twice"
    return set(found)


def node_in(driver: neo4j.Driver, image_id: str) -> dict[str, Json]:
    text = "MATCH (image:Image {image_id: $image_id}) RETURN properties(image) AS found"
    (record,) = driver.execute_query(text, {"image_id": image_id}, database_="neo4j").records
    return dict(record["found"])


def image(
    name: str = "yard/1.jpg", version: int = 1, taken_at: datetime = TAKEN, camera: str = "yard", **findings: Finding
) -> GraphImage:
    return GraphImage(f"s3://bucket/{name}", name, version, camera, taken_at, findings)


def frame(offset_ms: int, video: str = "s3://bucket/yard/1.mp4", camera: str = "yard", version: int = 1) -> GraphImage:
    """Return a frame of a video, of which nothing was found."""
    name = f"sightline/frames/{camera}/{offset_ms}.jpg"
    return replace(image(name, version, camera=camera), video=video, offset_ms=offset_ms)


def of_video(offset_ms: int, video: str = "s3://bucket/yard/1.mp4", camera: str = "yard") -> set[Triple]:
    """Return what is shown of such a frame."""
    shown = frame(offset_ms, video, camera)
    return fixed(shown.object_key, camera=camera) | {
        ("Video", video, "HAS_FRAME", offset_ms, "Image", shown.image_id),
        ("Camera", camera, "HAS_VIDEO", None, "Video", video),
    }


def gone(name: str, version: int) -> GraphImage:
    return replace(image(name, version), is_gone=True)


def fixed(name: str = "yard/1.jpg", camera: str = "yard", taken_at: datetime = TAKEN) -> set[Triple]:
    ours = ("Image", f"s3://bucket/{name}")
    ends: dict[str, tuple[str, Key]] = {
        "HAS_TIMESTAMP": ("ISODate", taken_at.isoformat()),
        "HAS_YEAR": ("Year", taken_at.year),
        "HAS_MONTH": ("Month", taken_at.month),
        "HAS_DAY": ("Day", taken_at.day),
        "HAS_HOUR": ("Hour", taken_at.hour),
    }
    has_image = ("Camera", camera, "HAS_IMAGE", int(taken_at.timestamp()), *ours)
    return {has_image} | {(*ours, name_, None, *end) for name_, end in ends.items()}


def label(name: str, confidence: float, of: str = "yard/1.jpg") -> Triple:
    return ("Image", f"s3://bucket/{of}", "HAS_LABEL", confidence, "Label", name)


def face(position: int, confidence: float, of: str = "yard/1.jpg") -> Triple:
    return ("Image", f"s3://bucket/{of}", "HAS_FACE", confidence, "Face", f"s3://bucket/{of}#{position}")


def changed(store: GraphStore, *images: GraphImage) -> list[bool]:
    outcomes = [each for each in store.merge(images) if isinstance(each, Merged)]
    assert [(each.image_id, each.version) for each in images] == [(each.image_id, each.version) for each in outcomes]
    return [outcome.is_changed for outcome in outcomes]
