"""Which detector this machine has: two small networks, or OpenCV's HOG and Haar if the networks cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path

from dev.rekognition.bodies import eyes, find_bodies
from dev.rekognition.faces import find_faces
from dev.rekognition.models import FOLDER, read_lock, unusable
from dev.rekognition.people import find_people
from dev.rekognition.picture import Picture
from dev.rekognition.seen import Seen
from dev.rekognition.ssd import RUNTIME


@dataclass(frozen=True, slots=True)
class Detector:
    """What finds people and faces.

    model_version: must not look like AWS's ("3.0"), because figures are never pooled over model versions.
    images_a_second: what one core can answer besides the workers' share. because: why it is not a better detector.
    """

    name: str
    model_version: str
    images_a_second: float
    see: Callable[[Picture], Seen]
    confuses_text: bool = False
    because: str = ""


def hog_and_haar(because: str = "") -> Detector:
    """Return the detector that every machine has."""
    return Detector("HOG and Haar", "sightline-hog-haar-1", 1.0, _see_by_hog, confuses_text=True, because=because)


def networks(folder: Path) -> Detector:
    """Return the detector that runs the model files of a folder."""
    return Detector("networks", "sightline-networks-1", 2.0, partial(_see_by_networks, folder=folder))


@cache
def detector_here(folder: Path = FOLDER) -> Detector:
    """Return the best detector that this machine can run, as it was at the first call."""
    if bad := unusable(folder, read_lock()):
        return hog_and_haar(f"{', '.join(bad)}: absent from {folder}, or changed. Run `dev/install.sh servers`")
    try:
        import_module(RUNTIME)
    except (ImportError, OSError) as error:  # no wheel of it for this machine, or a library that it needs is missing
        return hog_and_haar(f"{RUNTIME} cannot be imported: {error}")
    return networks(folder)


def _see_by_networks(picture: Picture, folder: Path) -> Seen:
    return find_bodies(picture, eyes(folder))


def _see_by_hog(picture: Picture) -> Seen:
    return Seen(find_people(picture), find_faces(picture))
