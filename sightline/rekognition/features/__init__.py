"""The features there are: every module of this package that declares `FEATURE`. Adding one is adding a file."""

import sys
from functools import cache

from sightline.rekognition.declared import modules_of, named
from sightline.rekognition.feature import Feature


@cache
def all_features() -> dict[str, Feature]:
    """Return every declared feature by name, in alphabetical order."""
    return {module.FEATURE.name: module.FEATURE for module in modules_of(sys.modules[__name__])}


def feature_named(name: str) -> Feature:
    """Return the feature called `name`; raise UnknownFeature if there is none."""
    return named(name, all_features())
