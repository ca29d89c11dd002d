"""`python -m bench.detector FOLDER`: HOG and Haar against the networks on frames with truth, and the fitted confidence.

FOLDER holds a `truth.csv` with the columns key (a path below the folder), camera, and person (1 or 0). The demo frames
are used too. Recall, false alarms and calibration of the networks are cross-validated: for each camera, slope and
offset are fitted on all others. The last line is the fit over all cameras, the numbers for
dev/rekognition/confidence.py. HOG and Haar are not fitted.
"""

import argparse
import csv
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from dev.frames.making import TRUTH, make_frames
from dev.frames.package import examples
from dev.frames.scenes import PICKED
from dev.rekognition.confidence import logit_of
from dev.rekognition.detectors import Detector, detector_here, hog_and_haar
from dev.rekognition.labels import labels_of
from dev.rekognition.picture import read_picture
from dev.rekognition.seen import Seen

_NEWEST_AT = datetime(2026, 3, 31, 18, tzinfo=UTC)
_FRAMES = 66
_RIDGE = 0.0005
"""Keeps the slope finite if the frames of a camera are separated without an error."""

_NOTHING = -2.5
"""Log-odds of a frame in which the network finds no body at all."""

_BINS = (0, 10, 50, 90, 100)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its truth. group: the table that counts it; is_picked: chosen because a detector fails on it."""

    group: str
    camera: str
    path: Path
    has_person: bool
    is_picked: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A detector's confidence of a person in each frame, in percent, and its CPU seconds a frame, with decoding."""

    percent: NDArray[np.float64]
    cpu_seconds: float


def read_frames(folder: Path, group: str) -> list[Frame]:
    """Read the truth of a folder."""
    with (folder / TRUTH).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Frame(group, f"{group}/{row['camera']}", folder / row["key"], row["person"] == "1", row.get("source") in PICKED)
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
    return next((label.confidence for label in labels_of(seen.people, seen.faces, ()) if label.name == "Person"), 0.0)


def left_out(frames: Sequence[Frame], seen: Sequence[Seen]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each frame's percent, by a fit without its camera, and slope and offset of the fit over all frames."""
    logits = np.array([max((logit_of(each.confidence) for each in one.people), default=_NOTHING) for one in seen])
    logits = np.maximum(logits, _NOTHING)
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


def report(name: str, frames: Sequence[Frame], result: Result) -> None:
    """Print a line for each group of frames."""
    for group in sorted({frame.group for frame in frames}):
        chosen = np.array([frame.group == group for frame in frames])
        truth = np.array([frame.has_person for frame in frames])[chosen]
        percent = result.percent[chosen]
        cells = [f"{_count(percent, truth, least)} {_count(percent, ~truth, least)}" for least in (50, 90)]
        brier = np.mean((percent / 100 - truth) ** 2)
        print(f"{name:<14}{group:<8}{'  '.join(cells)}  Brier {brier:.4f}  CPU {result.cpu_seconds:.3f} s a frame")
        print(f"{'':<22}in bins {', '.join(_bins(percent, truth))}")


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
    """Print the table; return 1 if the networks are not on this machine."""
    parser = argparse.ArgumentParser(prog="python -m bench.detector", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="pictures with a truth.csv")
    parser.add_argument("--skip-hog", action="store_true", help="only the networks: HOG takes a second a frame")
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    networks = detector_here()
    if networks.because:
        print(networks.because, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        make_frames(Path(scratch), _NEWEST_AT, _FRAMES, examples(Path(".cache")))
        frames = read_frames(chosen.folder, "folder") + read_frames(Path(scratch), "demo")
        print(f"{'detector':<14}{'frames':<8}found ≥ 50 and alarms, the same ≥ 90")
        if not chosen.skip_hog:
            seen, cpu_seconds = look(hog_and_haar(), frames)
            report("HOG and Haar", frames, Result(_as_it_is(seen), cpu_seconds))
        seen, cpu_seconds = look(networks, frames)
    report("as it is", frames, Result(_as_it_is(seen), cpu_seconds))
    percent, (slope, offset) = left_out(frames, seen)
    report("left out", frames, Result(percent, cpu_seconds))
    print(f"fit over all cameras: slope {slope:.2f}, offset {offset:.2f}")
    return 0


def _as_it_is(seen: Sequence[Seen]) -> NDArray[np.float64]:
    return np.array([person_percent(each) for each in seen])


if __name__ == "__main__":
    sys.exit(main())
