"""Protective equipment: what people wear on face, hands and head, and what they do not."""

from collections.abc import Iterator, Mapping

from sightline.models.answers import Answer, Detection, Json
from sightline.rekognition.feature import Feature, GraphEdge
from sightline.rekognition.geometry import read_box

_MOST_PERSONS = 15
"""The operation stops at fifteen persons."""


def parse(response: Json, parameters: Mapping[str, Json]) -> Answer:  # noqa: ARG001 - the request cuts nothing
    """Read the answer of DetectProtectiveEquipment: each person, followed by what this person wears."""
    persons = response["Persons"]
    detections = tuple(found for person in persons for found in (_person(person), *_equipment(person)))
    version = response["ProtectiveEquipmentModelVersion"]
    return Answer(detections, version, is_truncated=len(persons) >= _MOST_PERSONS)


def is_equipment(detection: Detection) -> bool:
    """Return whether this is a piece of equipment, not the person who wears it."""
    return "body_part" in detection.attributes


def _person(person: Json) -> Detection:
    parts = {part["Name"]: part["Confidence"] for part in person["BodyParts"]}
    return Detection("Person", person["Confidence"], read_box(person), {"person": person["Id"], "body_parts": parts})


def _equipment(person: Json) -> Iterator[Detection]:
    for part in person["BodyParts"]:
        for worn in part["EquipmentDetections"]:
            attributes = {
                "person": person["Id"],
                "body_part": part["Name"],
                "is_covering": worn["CoversBodyPart"]["Value"],
                "covering_confidence": worn["CoversBodyPart"]["Confidence"],
            }
            yield Detection(worn["Type"], worn["Confidence"], read_box(worn), attributes)


FEATURE = Feature(
    name="protective_equipment",
    operation="DetectProtectiveEquipment",
    summary="covers of face, hands and head",
    parse=parse,
    edge=GraphEdge("HAS_EQUIPMENT", "Equipment", "equipment_type"),
    in_finding=is_equipment,
)
