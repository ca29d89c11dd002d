"""The parts of an answer that several operations share, in AWS's spelling."""

from dev.rekognition.detectors import detector_here
from sightline.models.answers import Box, Json

MODEL_VERSION = detector_here().model_version
"""The detector of this machine, so that figures of different detectors are never pooled."""


def bounding_box(box: Box) -> Json:
    """Return a box in AWS's spelling."""
    return {"Width": box.width, "Height": box.height, "Left": box.left, "Top": box.top}


def polygon(box: Box) -> Json:
    """Return the corners of a box, clockwise from the top left."""
    right, bottom = box.left + box.width, box.top + box.height
    corners = [(box.left, box.top), (right, box.top), (right, bottom), (box.left, bottom)]
    return [{"X": x, "Y": y} for x, y in corners]
