"""`python -m bench.detector FOLDER`: the detectors of this machine on frames with truth, and the fitted confidence.

FOLDER holds a `truth.csv` with the columns key (a path below the folder), camera, and person (1 or 0). The demo frames
are used too. Recall, false alarms and calibration of "left out" are cross-validated: for each camera, slope and offset
are fitted on all others. "fit" is that over all cameras, the numbers for dev/rekognition/confidence.py. HOG and Haar
are not fitted. "people" counts the people of six frames of the yard. `--install` also downloads the models into a
temporary folder, and tells seconds and megabytes.
"""

import argparse
import csv
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.detector_people import counting, read_marked
from dev.frames.making import TRUTH, make_frames
from dev.frames.package import examples
from dev.frames.scenes import PICKED
from dev.rekognition.confidence import Curve
from dev.rekognition.detectors import OBJECTS, Detector, detector_here, hog_and_haar
from dev.rekognition.labels import labels_of
from dev.rekognition.models import LOCK, OBJECTS_LOCK, install_models
from dev.rekognition.picture import read_picture
from dev.rekognition.seen import Seen

_NEWEST_AT = datetime(2026, 3, 31, 18, tzinfo=UTC)
_FRAMES = 66
_RIDGE = 0.0005
"""Keeps the slope finite if the frames of a camera are separated without an error."""

_BINS = (0, 10, 50, 90, 100)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its truth. group: the table that counts it; source: of a demo frame, what it was cut from."""

    group: str
    camera: str
    path: Path
    has_person: bool
    source: str = ""

    @property
    def is_picked(self) -> bool:
        """Return whether it was chosen because a detector fails on it."""
        return self.source in PICKED


def read_frames(folder: Path, group: str) -> list[Frame]:
    """Read the truth of a folder."""
    with (folder / TRUTH).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Frame(group, f"{group}/{row['camera']}", folder / row["key"], row["person"] == "1", row.get("source", ""))
        for row in rows
    ]


def look(detector: Detector, frames: Sequence[Frame]) -> tuple[list[Seen], float]:
    """Analyse each frame in one thread; return what was found, and the CPU seconds a frame."""
    detector.see(read_picture(frames[0].path.read_bytes()))  # loads the networks
    begun = _cpu_seconds()
    seen = [detector.see(read_picture(frame.path.read_bytes())) for frame in frames]
    return seen, (_cpu_seconds() - begun) / len(frames)


def person_percent(seen: Seen) -> float:
    """Return the confidence of the label Person, as DetectLabels does; 0 without the label."""
    return next((label.confidence for label in labels_of(seen, ()) if label.name == "Person"), 0.0)


def left_out(
    frames: Sequence[Frame], seen: Sequence[Seen], curve: Curve
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each frame's percent, by a fit without its camera, and slope and offset of the fit over all frames."""
    logits = np.array(
        [max((curve.logit(each.confidence) for each in one.people), default=curve.faintest) for one in seen]
    )
    truth, cameras = np.array([f.has_person for f in frames]), np.array([f.camera for f in frames])
    faces = np.array([max((each.confidence for each in one.faces), default=0.0) for one in seen])
    percent, fair = np.zeros(len(frames)), np.array([not frame.is_picked for frame in frames])
    for camera in sorted(set(cameras)):
        is_left = cameras == camera
        known = fair & ~is_left
        slope, offset = fit(logits[known], truth[known], cameras[known])
        percent[is_left] = 100 / (1 + np.exp(-(slope * logits[is_left] + offset)))
    return np.maximum(percent, faces), fit(logits[fair], truth[fair], cameras[fair])


def fit(logits: NDArray[np.float64], truth: NDArray[np.bool_], cameras: NDArray[np.str_]) -> NDArray[np.float64]:
    """Fit (slope, offset) of a logistic curve. A hundred similar frames of a camera weigh ten times one frame."""
    groups = [(camera, shows) for camera, shows in zip(cameras, truth, strict=True)]
    weights = np.array([1 / np.sqrt(groups.count(group)) for group in groups])

    def loss(curve: NDArray[np.float64]) -> float:
        z = curve[0] * logits + curve[1]
        return float(np.average(np.logaddexp(0, z) - truth * z, weights=weights) + _RIDGE * curve[0] ** 2)

    return np.asarray(minimize(loss, np.zeros(2)).x, dtype=np.float64)


def report(name: str, frames: Sequence[Frame], percent: NDArray[np.float64]) -> None:
    """Print two lines for each group of frames. percent: confidence of a person in each frame."""
    for group in sorted({frame.group for frame in frames}):
        chosen = np.array([frame.group == group for frame in frames])
        truth = np.array([frame.has_person for frame in frames])[chosen]
        said = percent[chosen]
        cells = [f"{_count(said, truth, least)} {_count(said, ~truth, least)}" for least in (50, 90)]
        print(f"{name:<12}{group:<8}{'  '.join(cells)}  Brier {np.mean((said / 100 - truth) ** 2):.4f}")
        print(f"{'':<20}in bins {', '.join(_bins(said, truth))}")


def _count(percent: NDArray[np.float64], chosen: NDArray[np.bool_], least: float) -> str:
    return f"{(percent[chosen] >= least).sum():>3}/{chosen.sum():<3}"


def _bins(percent: NDArray[np.float64], truth: NDArray[np.bool_]) -> Iterator[str]:
    for low, high in pairwise(_BINS):
        inside = (percent >= low) & ((percent < high) | (high == _BINS[-1]))
        if inside.any():
            said, true = percent[inside].mean(), 100 * truth[inside].mean()
            yield f"{low}-{high} %: said {said:.0f}, true {true:.0f} of {inside.sum()}"


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 1 if the networks are not on this machine."""
    parser = argparse.ArgumentParser(prog="python -m bench.detector", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="pictures with a truth.csv")
    parser.add_argument("--skip-hog", action="store_true", help="only the networks: HOG takes a second a frame")
    parser.add_argument("--install", action="store_true", help="download the models again, to time it")
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    networks, objects = detector_here(), detector_here(wanted=OBJECTS)
    if networks.because:
        print(networks.because, file=sys.stderr)
        return 1
    if chosen.install:
        _time_installing()
    here = [*([] if chosen.skip_hog else [hog_and_haar()]), networks, *([] if objects.because else [objects])]
    with tempfile.TemporaryDirectory() as scratch:
        make_frames(Path(scratch), _NEWEST_AT, _FRAMES, examples(Path(".cache")))
        frames = read_frames(chosen.folder, "folder") + read_frames(Path(scratch), "demo")
        for detector in here:
            compare(detector, frames)
    if objects.because:
        print(objects.because)
    return 0


def compare(detector: Detector, frames: Sequence[Frame]) -> None:
    """Print all figures of one detector."""
    seen, cpu_seconds = look(detector, frames)
    print(f"\n{detector.name}: CPU {cpu_seconds:.3f} s a frame. Found ≥ 50 and alarms, the same ≥ 90:")
    report("as it is", frames, np.array([person_percent(each) for each in seen]))
    if detector.people:
        percent, (slope, offset) = left_out(frames, seen, detector.people)
        report("left out", frames, percent)
        print(f"fit over all cameras: slope {slope:.2f}, offset {offset:.2f}")
    by_source = {frame.source: each.people for frame, each in zip(frames, seen, strict=True)}
    print(f"people      yard    {counting(by_source, read_marked())}")


def _time_installing() -> None:
    for lock in (LOCK, OBJECTS_LOCK):
        with tempfile.TemporaryDirectory() as scratch:
            begun = time.monotonic()
            install_models(Path(scratch), lock)
            size = sum(path.stat().st_size for path in Path(scratch).iterdir()) / 1e6
            print(f"{lock.name}: {size:.1f} MB installed in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
