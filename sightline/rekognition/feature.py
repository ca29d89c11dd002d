"""A feature is one kind of analysis, declared as a value by one file in `sightline/rekognition/features/`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sightline.models.answers import Answer, Detection, Finding, Json


def name_is_key(image_id: str, position: int, name: str) -> str:  # noqa: ARG001 - every node key takes these three
    """Key the graph node by the detection's own name: all images share the node (`Person`)."""
    return name


def image_and_position_are_key(image_id: str, position: int, name: str) -> str:  # noqa: ARG001 - as above
    """Key the graph node by image and place in the answer: the node belongs to this image alone (a face)."""
    return f"{image_id}#{position}"


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """How a feature's findings appear in the graph.

    (:Image)-[:relationship {confidence}]->(:node {node_property: node_key(image id, position, name)})
    """

    relationship: str
    node: str
    node_property: str
    node_key: Callable[[str, int, str], str] = name_is_key


def every_detection(detection: Detection) -> bool:  # noqa: ARG001 - others look at it
    """Keep all detections in the finding."""
    return True


@dataclass(frozen=True, slots=True)
class Feature:
    """One kind of analysis: an operation of Rekognition with its parameters, and what becomes of its answer.

    name: the queue, the part of the image row and the command-line word
    operation: Rekognition's name for it, as in its API reference (`DetectLabels`); quota and price go by it
    parameters: the request without its Image
    parse: (response, parameters of the request) to Answer
    deeper: what the request changes to have less cut away, for images where that matters; empty if nothing is cut
    in_finding: which detections the image row and the graph keep (all are kept in the ledger)
    """

    name: str
    operation: str
    summary: str
    parse: Callable[[Json, Mapping[str, Json]], Answer]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    deeper: Mapping[str, Json] = field(default_factory=dict)
    edge: GraphEdge | None = None
    in_finding: Callable[[Detection], bool] = every_detection
    on_by_default: bool = False

    def finding(self, answer: Answer) -> Finding:
        """Return the short form of `answer`: (name, confidence percent), in its order."""
        return tuple((each.name, each.confidence) for each in answer.detections if self.in_finding(each))
