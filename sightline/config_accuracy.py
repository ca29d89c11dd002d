"""The settings of review and figures."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from sightline.stats.strata import StrataRule

DEFAULT_THRESHOLD_PERCENT = 50.0

PERSON_KIN = ("Adult", "Baby", "Boy", "Child", "Face", "Girl", "Head", "Human", "Man", "Pedestrian", "People", "Woman")
"""Labels of Rekognition that say, each in its way, that somebody is there."""


def _phrases(value: Any) -> Any:
    """Read `Person@50, Fire Hydrant@70` as two phrases."""
    return tuple(each.strip() for each in value.split(",") if each.strip()) if isinstance(value, str) else value


class AccuracySettings(BaseSettings):
    """What is watched, and how the review samples."""

    watched_labels: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_phrases)] = Field(
        default=("Person@50",), description="labels that figures are made of, each with its threshold in percent"
    )
    low_percent: float = Field(
        default=20.0, ge=0, le=100, description="from here up to the threshold an image is a near miss: stratum B"
    )
    label_kin: dict[str, tuple[str, ...]] = Field(
        default={"Person": PERSON_KIN},
        description="JSON, label → synonyms and parents; one of them puts an image without the label into stratum B",
    )
    sampling_salt: str = Field(
        default="sightline", min_length=1, description="orders the sample; another one asks for other images"
    )
    review_target_points: float = Field(
        default=5.0, gt=0, le=50, description="the review's target: recall ± so many points"
    )

    @field_validator("watched_labels")
    @classmethod
    def _labels_can_be_watched(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        labels = [_parsed(phrase)[0] for phrase in phrases]
        if not labels or len(set(labels)) < len(labels):
            message = "name at least one label, and none twice"
            raise ValueError(message)
        return phrases

    @property
    def strata_rules(self) -> tuple[StrataRule, ...]:
        """Give the rule of each watched label; a threshold below `low_percent` leaves no near misses."""
        return tuple(
            StrataRule(label, threshold, min(self.low_percent, threshold), frozenset(self.label_kin.get(label, ())))
            for label, threshold in map(_parsed, self.watched_labels)
        )


def _parsed(phrase: str) -> tuple[str, float]:
    """Read `Person@50` as label and threshold; raise ValueError where it says neither."""
    label, at, threshold = phrase.partition("@")
    percent = float(threshold) if at else DEFAULT_THRESHOLD_PERCENT
    if not label.strip() or "#" in label or not 0 < percent <= 100:  # noqa: PLR2004 - percent
        message = f"{phrase!r} must be a label without #, or label@percent with a percent above 0 and up to 100"
        raise ValueError(message)
    return label.strip(), percent
