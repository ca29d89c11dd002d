"""Pay by need: which features of an image are paid for, once its labels are known (`SIGHTLINE_NEED`).

Labels come first. Another feature with a rule is paid for only if a label, the camera or the hour asks for it. An image
that looks like one of its burst that is paid for is not paid for at all: it is shown with that image's answer. What is
not paid for is unknown, never negative. The control slice is paid for in full, whatever the rules say.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sightline.models.answers import Finding
from sightline.models.images import Capture
from sightline.stats.bursts import Burst, burst_of, is_control

LABELS = "labels"

_Hour = Annotated[int, Field(ge=0, le=23)]
_Percent = Annotated[float, Field(ge=0, le=100)]


class Ask(BaseModel):
    """What asks for one feature; any of it is enough.

    labels: name → least confidence in percent; cameras: by name; hours: of capture, in the camera's time zone
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: dict[str, _Percent] = {}
    cameras: frozenset[str] = frozenset()
    hours: frozenset[_Hour] = frozenset()

    @model_validator(mode="after")
    def _something_can_ask(self) -> Self:
        if not (self.labels or self.cameras or self.hours):
            message = "name labels, cameras or hours that ask for it; a feature that nothing asks for is left out of "
            raise ValueError(message + "SIGHTLINE_FEATURES")
        return self

    def is_met_by(self, capture: Capture) -> bool:
        """Return whether camera or hour asks."""
        return capture.camera in self.cameras or capture.taken_at.hour in self.hours

    def is_met_by_labels(self, found: Finding, cut_percent: float | None) -> bool:
        """Return whether a label asks, or may have been cut from the answer: nobody can say that it does not."""
        best = dict(sorted(found, key=lambda each: each[1]))
        return any(best.get(name, -1) >= least for name, least in self.labels.items()) or any(
            name not in best and cut_percent is not None and cut_percent > least for name, least in self.labels.items()
        )


class Near(BaseModel):
    """What need not be paid for because a neighbour is.

    seconds: length of a burst; bits: in which two fingerprints of 256 bits may differ and still look alike
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Annotated[int, Field(ge=1, le=3600)]
    bits: Annotated[int, Field(ge=0, le=64)]


class Need(BaseModel):
    """The rules. asks: feature → what asks for it; features without a rule are always paid for.

    near: None: each image is paid for by its own labels
    control_percent: of all bursts; without any, nobody could say what the rules miss
    salt: of the choice of the control slice
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    asks: dict[str, Ask] = {}
    near: Near | None = None
    control_percent: Annotated[float, Field(gt=0, le=100)] = 5.0
    salt: Annotated[str, Field(min_length=1)] = "sightline"

    @model_validator(mode="after")
    def _rules_can_hold(self) -> Self:
        if LABELS in self.asks:
            raise ValueError("labels come first: they cannot be asked for by anything")
        if not self.asks and self.near is None:
            raise ValueError("name asks or near; without either, leave SIGHTLINE_NEED empty")
        return self

    def spared(self, features: Iterable[str]) -> list[str]:
        """Name the features that some images are not paid for."""
        return sorted(self.asks if self.near is None else features)

    def burst(self, capture: Capture) -> Burst:
        """Return the burst of an image; where no neighbour is looked for, of one minute."""
        return burst_of(capture.camera, capture.taken_at, timedelta(seconds=self.near.seconds if self.near else 60))

    def is_control(self, capture: Capture) -> bool:
        """Return whether the image is in the control slice."""
        return self.is_control_burst(self.burst(capture))

    def is_control_burst(self, burst: Burst) -> bool:
        """Return whether a burst is in the control slice."""
        return is_control(burst, self.salt, self.control_percent)

    def at_once(self, features: Collection[str], capture: Capture) -> list[str]:
        """Name the features that are paid for before the labels are known."""
        return [name for name in features if name not in self.asks or self.asks[name].is_met_by(capture)]

    def after_labels(
        self, features: Collection[str], capture: Capture, found: Finding, cut_percent: float | None
    ) -> list[str]:
        """Name all features that are paid for, once the labels are known."""
        first = set(self.at_once(features, capture))
        return [name for name in features if name in first or self.asks[name].is_met_by_labels(found, cut_percent)]


def is_missed(own: Finding, shown: Finding, least: Mapping[str, float] | None = None) -> bool:
    """Return whether an image's own answer has something that it would not have been shown with.

    Args:
        own: what its own answer found.
        shown: what it would have been shown with; empty if with nothing.
        least: name → percent from which on it is missed; others are not. None: anything, and each one counts.
    """
    if least is None:
        return bool(Counter(name for name, _ in own) - Counter(name for name, _ in shown))
    found, seen = ({name for name, percent in each if percent >= least.get(name, 101)} for each in (own, shown))
    return bool(found - seen)
