"""What calls are counted and paid for under: the names of features, and of what is asked besides."""

from collections.abc import Mapping

from sightline.models.answers import Json
from sightline.rekognition import comparing, known_faces
from sightline.rekognition.features import all_features, feature_named
from sightline.rekognition.prices import Prices
from sightline.rekognition.video_jobs import all_job_kinds

BESIDE_FEATURES: Mapping[str, str] = {
    comparing.NAME: comparing.OPERATION,
    known_faces.ENROL: known_faces.INDEX,
    known_faces.PEOPLE: known_faces.SEARCH,
}
"""Name → operation. One call of each is one image."""

JOBS: Mapping[str, str] = {each.called: each.start for each in all_job_kinds().values()}
"""Name → operation. One call of each is so many minutes of a video."""


def called_by_policy(*, is_policy: bool, is_known: bool) -> list[str]:
    """Return what of these may be called. is_policy: whether there is a policy; is_known: whether people are known."""
    compared = [comparing.NAME] if is_policy else []
    return [*compared, *([known_faces.ENROL, known_faces.PEOPLE] if is_known else [])]


def operation_of(name: str) -> str:
    """Return the operation of what is called; raise UnknownFeature if nothing is called so."""
    return BESIDE_FEATURES.get(name) or JOBS.get(name) or feature_named(name).operation


def is_by_the_image(name: str) -> bool:
    """Return whether something is called so, and one call of it is paid for as images."""
    return name in BESIDE_FEATURES or name in all_features()


def price_of(prices: Prices, name: str, parameters: Mapping[str, Json] | None = None) -> int:
    """Return what a call costs at the most, in millionths of a US dollar."""
    if name in BESIDE_FEATURES:
        return prices.of_units(prices.meter_named(BESIDE_FEATURES[name]), 1)
    return prices.of_call(feature_named(name), parameters)
