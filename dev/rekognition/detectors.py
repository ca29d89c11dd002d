"""Which detector this machine has: two small networks, or OpenCV's HOG and Haar if the networks cannot be used.

A third finds objects too. It is used if it is asked for, because its network is in a package of 145 MB.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from dev.rekognition import confidence
from dev.rekognition.bodies import eyes, find_bodies
from dev.rekognition.faces import find_faces
from dev.rekognition.graph_model import CONVERTER
from dev.rekognition.models import FOLDER, LOCK, OBJECTS_LOCK, problems, read_lock
from dev.rekognition.objects import face_network, find_objects, nanodet
from dev.rekognition.people import find_people
from dev.rekognition.picture import Picture
from dev.rekognition.seen import Seen
from dev.rekognition.ssd import RUNTIME

Load: TypeAlias = Callable[[str], object]
"""Imports a module by its name; raises ImportError, or OSError for a library that is missing."""


@dataclass(frozen=True, slots=True)
class Detector:
    """What finds people and faces.

    model_version: must not look like AWS's ("3.0"), because figures are never pooled over model versions.
    images_a_second: what one core can answer besides the workers' share, with an eighth to spare. An image takes 0.21 s
    of CPU in all three features by networks, and the workers 0.14 s. because: why it is not a better detector.
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
    return Detector("networks", "sightline-networks-1", 2.5, see, people=confidence.BODIES)


def objects(folder: Path) -> Detector:
    """Return the detector that finds people and things, by the model files of a folder."""
    see = partial(_see_objects, folder=folder)
    return Detector(OBJECTS, "sightline-objects-1", 2.5, see, people=confidence.PEOPLE_OF_NANODET)


@cache
def detector_here(folder: Path = FOLDER, wanted: str = "", load: Load = import_module) -> Detector:
    """Return the best detector that this machine can run, as it was at the first call.

    wanted: OBJECTS, or ""; load: imports a module by its name.
    """
    if because := _lacks(folder, LOCK, "servers") or _cannot_import([RUNTIME], load):
        return hog_and_haar(because)
    if wanted != OBJECTS:
        return networks(folder)
    if because := _cannot_import(CONVERTER, load) or _lacks(folder, OBJECTS_LOCK, OBJECTS):
        return replace(networks(folder), because=f"no objects: {because}")
    return objects(folder)


def _lacks(folder: Path, lock: Path, installed_by: str) -> str:
    """Return which models of a lock cannot be used, and what to do; "" if all can."""
    wrong = problems(folder, read_lock(lock))
    return f"{', '.join(wrong)}, in {folder}. Run `dev/install.sh {installed_by}`" if wrong else ""


def _cannot_import(modules: Sequence[str], load: Load) -> str:
    """Return which module cannot be imported, and why; "" if all can."""
    for module in modules:
        try:
            load(module)
        except (ImportError, OSError) as error:  # no wheel for this machine, or a library that it needs is missing
            return f"{module} cannot be imported: {error}"
    return ""


def _see_by_networks(picture: Picture, folder: Path) -> Seen:
    return find_bodies(picture, eyes(folder))


def _see_objects(picture: Picture, folder: Path) -> Seen:
    return find_objects(picture, nanodet(folder), face_network(folder))


def _see_by_hog(picture: Picture) -> Seen:
    return Seen(find_people(picture), find_faces(picture))
