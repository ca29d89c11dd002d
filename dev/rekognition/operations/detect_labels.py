"""DetectLabels: what follows from people, faces, things and text, and the image's properties."""

import asyncio
from collections.abc import Mapping, Sequence

from dev.rekognition.content import Content
from dev.rekognition.kinds import KINDS
from dev.rekognition.labels import Label, labels_of
from dev.rekognition.operations.image_properties import image_properties
from dev.rekognition.operations.wire import bounding_box
from dev.rekognition.sight import Sight
from dev.rekognition.text import Line
from sightline.models.answers import Json

_DEFAULT_LEAST_CONFIDENCE = 55.0
_DEFAULT_MOST_LABELS = 1000


async def detect_labels(request: Json, content: Content, sight: Sight) -> Json:
    """Answer with the features that are asked for: GENERAL_LABELS (by default), IMAGE_PROPERTIES."""
    features = request.get("Features") or ["GENERAL_LABELS"]
    settings = request.get("Settings", {})
    seen, text = await asyncio.gather(sight.see(content), _text_if_asked(settings, content, sight))
    found = labels_of(seen, text)
    answer: dict[str, Json] = {"LabelModelVersion": sight.detector.model_version}
    if "GENERAL_LABELS" in features:
        answer["Labels"] = _labels(found, request, settings.get("GeneralLabels", {}))
    if "IMAGE_PROPERTIES" in features:
        scene = await sight.scene(content, tuple(each.box for label in found for each in label.instances if each.box))
        answer["ImageProperties"] = image_properties(scene, settings.get("ImageProperties", {}))
    return answer


async def _text_if_asked(settings: Json, content: Content, sight: Sight) -> tuple[Line, ...]:
    """Read text if a filter names it, or if the detector takes letters for limbs. Text is the most expensive part."""
    filters = settings.get("GeneralLabels", {})
    named = {*filters.get("LabelInclusionFilters", ()), *filters.get("LabelCategoryInclusionFilters", ())}
    is_asked = named & {"Text", *KINDS["Text"].categories}
    return await sight.text(content) if is_asked or sight.detector.confuses_text else ()


def _labels(found: tuple[Label, ...], request: Json, filters: Mapping[str, list[str]]) -> list[Json]:
    least = request.get("MinConfidence", _DEFAULT_LEAST_CONFIDENCE)
    most = request.get("MaxLabels", _DEFAULT_MOST_LABELS)
    kept = [each for each in found if each.confidence >= least and _passes(each, filters)]
    return [_label(each, least) for each in kept[:most]]


def _passes(label: Label, filters: Mapping[str, list[str]]) -> bool:
    """Return whether the inclusion filters name `label` or its category (or there are none), and no exclusion does."""
    names, categories = filters.get("LabelInclusionFilters", ()), filters.get("LabelCategoryInclusionFilters", ())
    is_included = not (names or categories) or _is_named(label, names, categories)
    excluded = filters.get("LabelExclusionFilters", ()), filters.get("LabelCategoryExclusionFilters", ())
    return is_included and not _is_named(label, *excluded)


def _is_named(label: Label, names: Sequence[str], categories: Sequence[str]) -> bool:
    return label.name in names or any(category in categories for category in label.kind.categories)


def _label(label: Label, least: float) -> Json:
    seen = [each for each in label.instances if each.confidence >= least]
    return {
        "Name": label.name,
        "Confidence": label.confidence,
        "Instances": [{"BoundingBox": bounding_box(i.box), "Confidence": i.confidence} for i in seen if i.box],
        "Parents": [{"Name": name} for name in label.kind.parents],
        "Aliases": [{"Name": name} for name in label.kind.aliases],
        "Categories": [{"Name": name} for name in label.kind.categories],
    }
