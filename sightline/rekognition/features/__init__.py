"""The features there are: every module of this package that declares `FEATURE`. Adding one is adding a file."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sightline.errors import UnknownFeature
from sightline.rekognition.feature import Feature


@cache
def all_features() -> dict[str, Feature]:
    """Return every declared feature by name, in alphabetical order."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.FEATURE.name: module.FEATURE for module in modules}


def feature_named(name: str) -> Feature:
    """Return the feature called `name`; raise UnknownFeature if there is none."""
    features = all_features()
    if name not in features:
        raise UnknownFeature(name, known=sorted(features))
    return features[name]
