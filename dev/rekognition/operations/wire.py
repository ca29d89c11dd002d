"""The parts of an answer that several operations share, in AWS's spelling."""

from sightline.models.answers import Box, Json

MODEL_VERSION = "sightline-local-1"
"""Of every model here. It must not look like AWS's ("3.0"): figures are never pooled over model versions."""


def bounding_box(box: Box) -> Json:
    """Spell a box."""
    return {"Width": box.width, "Height": box.height, "Left": box.left, "Top": box.top}


def polygon(box: Box) -> Json:
    """Spell the corners of a box, clockwise from the top left."""
    right, bottom = box.left + box.width, box.top + box.height
    corners = [(box.left, box.top), (right, box.top), (right, bottom), (box.left, bottom)]
    return [{"X": x, "Y": y} for x, y in corners]
