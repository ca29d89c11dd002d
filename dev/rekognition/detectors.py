"""Which detector this machine has: two small networks, or OpenCV's HOG and Haar if the networks cannot be used.

A third finds objects too. It is used if it is asked for, because its network is in a package of 145 MB.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path

from dev.rekognition import confidence
from dev.rekognition.bodies import eyes, find_bodies
from dev.rekognition.faces import find_faces
from dev.rekognition.models import FOLDER, OBJECTS_LOCK, read_lock, unusable
from dev.rekognition.objects import face_network, find_objects, nanodet
from dev.rekognition.people import find_people
from dev.rekognition.picture import Picture
from dev.rekognition.seen import Seen
from dev.rekognition.ssd import RUNTIME


@dataclass(frozen=True, slots=True)
class Detector:
    """What finds people and faces.

    model_version: must not look like AWS's ("3.0"), because figures are never pooled over model versions.
    images_a_second: what one core can answer besides the workers' share. because: why it is not a better detector.
    people: how the confidence of a person was fitted; None if it was not fitted by the benchmark.
    """

    name: str
    model_version: str
    images_a_second: float
    see: Callable[[Picture], Seen]
    confuses_text: bool = False
    because: str = ""
    people: confidence.Curve | None = None


OBJECTS = "objects"
"""The detector of objects, as `make up DETECTOR=objects` names it."""


def hog_and_haar(because: str = "") -> Detector:
    """Return the detector that every machine has."""
    return Detector("HOG and Haar", "sightline-hog-haar-1", 1.0, _see_by_hog, confuses_text=True, because=because)


def networks(folder: Path) -> Detector:
    """Return the detector that runs the model files of a folder."""
    see = partial(_see_by_networks, folder=folder)
    return Detector("networks", "sightline-networks-1", 2.0, see, people=confidence.BODIES)


def objects(folder: Path) -> Detector:
    """Return the detector that finds people and things, by the model files of a folder."""
    see = partial(_see_objects, folder=folder)
    return Detector(OBJECTS, "sightline-objects-1", 2.0, see, people=confidence.PEOPLE_OF_NANODET)


@cache
def detector_here(folder: Path = FOLDER, wanted: str = "") -> Detector:
    """Return the best detector that this machine can run, as it was at the first call. wanted: OBJECTS, or ""."""
    if bad := unusable(folder, read_lock()):
        return hog_and_haar(f"{', '.join(bad)}: absent from {folder}, or changed. Run `dev/install.sh servers`")
    try:
        import_module(RUNTIME)
    except (ImportError, OSError) as error:  # no wheel of it for this machine, or a library that it needs is missing
        return hog_and_haar(f"{RUNTIME} cannot be imported: {error}")
    if wanted != OBJECTS:
        return networks(folder)
    if bad := unusable(folder, read_lock(OBJECTS_LOCK)):
        because = f"no objects: {', '.join(bad)} absent from {folder}, or changed. Run `dev/install.sh objects`"
        return replace(networks(folder), because=because)
    return objects(folder)


def _see_by_networks(picture: Picture, folder: Path) -> Seen:
    return find_bodies(picture, eyes(folder))


def _see_objects(picture: Picture, folder: Path) -> Seen:
    return find_objects(picture, nanodet(folder), face_network(folder))


def _see_by_hog(picture: Picture) -> Seen:
    return Seen(find_people(picture), find_faces(picture))
