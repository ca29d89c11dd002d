"""Image properties: brightness, sharpness, contrast and the main colours. Shows a lens in the dark or out of focus.

An answer of DetectLabels, and of its quota, at a price of its own. The percentages are measures (of brightness, of the
share of pixels), kept where other features keep their confidence.
"""

from collections.abc import Iterator, Mapping

from sightline.models.answers import Answer, Detection, Json
from sightline.rekognition.feature import Feature, GraphEdge

_MEASURES = ("Brightness", "Sharpness", "Contrast")


def parse(response: Json, parameters: Mapping[str, Json]) -> Answer:  # noqa: ARG001 - the request cuts nothing
    """Read the image properties of an answer of DetectLabels: of the whole image, its foreground, its background."""
    properties = response["ImageProperties"]
    regions = {"image": properties, **{name.lower(): properties.get(name, {}) for name in ("Foreground", "Background")}}
    detections = tuple(found for name, region in regions.items() for found in _measures(name, region))
    return Answer(detections, response.get("LabelModelVersion", ""))


def is_of_whole_image(detection: Detection) -> bool:
    """Return whether this was measured over the whole image."""
    return bool(detection.attributes["region"] == "image")


def _measures(name: str, region: Json) -> Iterator[Detection]:
    quality = region.get("Quality", {})
    for measure in _MEASURES:
        if measure in quality:
            yield Detection(measure, quality[measure], attributes={"region": name})
    for color in region.get("DominantColors", ()):
        attributes = {"region": name, "hex": color["HexCode"], "simplified": color["SimplifiedColor"]}
        yield Detection(f"Color {color['CSSColor']}", color["PixelPercent"], attributes=attributes)


FEATURE = Feature(
    name="image_properties",
    operation="DetectLabels",
    summary="brightness, sharpness, contrast and main colours",
    parse=parse,
    parameters={"Features": ["IMAGE_PROPERTIES"]},
    edge=GraphEdge("HAS_PROPERTY", "Property", "property_name"),
    in_finding=is_of_whole_image,
)
