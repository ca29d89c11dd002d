"""What an image is asked: the plan that the settings make, and what imported answers were asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sightline.models.answers import Json
from sightline.models.images import Capture, FeatureResult
from sightline.rekognition.analysis import analysis_id
from sightline.services.need import LABELS, Need
from sightline.services.other_files import DEFAULT_SKIPPED_SUFFIXES
from sightline.storage.buckets.protocol import Prefix
from sightline.storage.ledger.protocol import Analysis

IMPORTED: Mapping[str, Mapping[str, Json]] = {"labels": {"MaxLabels": 10}}
"""What answers were asked for that come from a label set: feature → the old system's request."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What each newly ingested image is asked: feature → parameters of its request; and the generation.

    deeper: feature → the request for an image that must be asked again because too much was cut away
    skipped_suffixes: of objects that are not asked about unless they are added by name
    need: which of the features an image is asked for; None: all of them
    own: where sightline's own objects are, which are left out wherever images are found
    """

    features: Mapping[str, Mapping[str, Json]]
    generation: str
    deeper: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    skipped_suffixes: tuple[str, ...] = DEFAULT_SKIPPED_SUFFIXES
    need: Need | None = None
    own: Prefix | None = None

    def analysis(self, image_id: str, content_sha256: str, feature: str, wanted: str) -> Analysis | None:
        """Return the analysis that a row wants by this id; None if these settings no longer yield it."""
        for parameters in self.requests(feature):
            if wanted == analysis_id(content_sha256, feature, parameters, self.generation):
                return Analysis(wanted, content_sha256, feature, parameters, self.generation, image_id)
        return None

    def requests(self, feature: str) -> list[Mapping[str, Json]]:
        """Return the requests that a row may want of a feature: the usual one first."""
        return [each[feature] for each in (self.features, self.deeper, IMPORTED) if feature in each]

    def ids(self, content_sha256: str, feature: str) -> list[str]:
        """Return the analyses that a row may want of a feature of these bytes: the usual one first."""
        return [analysis_id(content_sha256, feature, each, self.generation) for each in self.requests(feature)]

    def spares_near(self, capture: Capture) -> bool:
        """Return whether an image need not be paid for if it looks like a paid one of its burst."""
        return self.need is not None and self.need.near is not None and not self.need.is_control(capture)

    def needed(
        self, content_sha256: str, capture: Capture, wanted: Mapping[str, str], parts: Mapping[str, FeatureResult]
    ) -> list[str]:
        """Name the features that an image is asked for, as far as that can be told now.

        What is wanted of the same bytes already stays wanted. If the labels are still to come, more may follow.
        """
        if self.need is None or self.need.is_control(capture):
            return list(self.features)
        kept = {name for name in self.features if wanted.get(name) in self.ids(content_sha256, name)}
        labels = parts.get(LABELS)
        if labels is None or LABELS not in kept or labels.analysis_id != wanted[LABELS]:
            asked = self.need.at_once(self.features, capture)
        else:
            asked = self.need.after_labels(self.features, capture, labels.finding, labels.unknown_below_percent)
        return [name for name in self.features if name in kept or name in asked]
