"""`make bench-compare ARGS="--images FOLDER"`: how alike are the same and different people to the local endpoint?

FOLDER holds pictures whose people were marked by eye: a CSV with the columns key (a path below the folder), x and y
(the middle of the face, in fractions) and person. By default that is `compare_people.csv`, for a lobby with two people
in nine frames. Each marked face is compared with each other one. Similarities are printed as two histograms; a pair of
which the detector does not see one face is counted apart. Then the demo's frames: how many of them show a face at all.
"""

import argparse
import csv
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import cv2

from dev.frames.making import make_frames
from dev.frames.package import examples
from dev.rekognition.detectors import Detector, detector_here
from dev.rekognition.likeness import Descriptor, describe, similarity_percent, why_not
from dev.rekognition.operations.detect_faces import largest_faces
from dev.rekognition.picture import Picture, read_picture
from sightline.models.answers import Detection

MARKED = Path(__file__).parent / "compare_people.csv"

BIN_PERCENT = 10
WIDEST_BAR = 50
_NEWEST_AT = datetime(2026, 3, 31, 18, tzinfo=UTC)
_FRAMES = 66


@dataclass(frozen=True, slots=True)
class Marked:
    """A face that was marked by eye. descriptor: None if the detector does not see it; pixels: how wide it is."""

    person: str
    descriptor: Descriptor | None
    pixels: int = 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Similarities of pairs, in percent, and how many pairs lack a face."""

    similarities: Sequence[float]
    faceless: int


def find_marked(folder: Path, marks: Path, detector: Detector) -> list[Marked]:
    """Return each marked face with its descriptor, frame by frame."""
    with marks.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found: list[Marked] = []
    for key in dict.fromkeys(row["key"] for row in rows):
        picture = read_picture((folder / key).read_bytes())
        faces = largest_faces(detector.see(picture).faces)
        found += [_marked(row, faces, picture) for row in rows if row["key"] == key]
    return found


def _marked(row: dict[str, str], faces: Sequence[Detection], picture: Picture) -> Marked:
    x, y = float(row["x"]), float(row["y"])
    there = [face.box for face in faces if face.box and _has(face, x, y)]
    if not there:
        return Marked(row["person"], None)
    (descriptor,) = describe(picture, [there[0]])
    return Marked(row["person"], descriptor, round(there[0].width * picture.shape[1]))


def _has(face: Detection, x: float, y: float) -> bool:
    box = face.box
    return box is not None and 0 <= x - box.left <= box.width and 0 <= y - box.top <= box.height


def pairs_of(marked: Sequence[Marked], *, same: bool) -> Pairs:
    """Compare each two faces that are of the same person, or of different ones."""
    chosen = [pair for pair in combinations(marked, 2) if (pair[0].person == pair[1].person) == same]
    seen = [(one.descriptor, other.descriptor) for one, other in chosen if one.descriptor and other.descriptor]
    return Pairs(sorted(similarity_percent(*pair) for pair in seen), len(chosen) - len(seen))


def histogram(pairs: Pairs) -> Iterator[str]:
    """Yield a line for each bin of similarity, the highest first, and one for pairs without a face."""
    counts = Counter(min(int(each // BIN_PERCENT), 100 // BIN_PERCENT - 1) for each in pairs.similarities)
    most = max([*counts.values(), 1])
    for number in reversed(range(100 // BIN_PERCENT)):
        bar = "#" * round(WIDEST_BAR * counts[number] / most)
        yield f"{BIN_PERCENT * number:>3} to {BIN_PERCENT * (number + 1):>3} %  {counts[number]:>4}  {bar}".rstrip()
    yield f"no face in one   {pairs.faceless:>4}"


def report(title: str, pairs: Pairs, least_percent: float = 80.0) -> None:
    """Print one histogram, and how many pairs are alike at AWS's default threshold."""
    alike = sum(each >= least_percent for each in pairs.similarities)
    print(f"\n{title}: {len(pairs.similarities)} pairs compared, {alike} alike at {least_percent:g} %")
    print("\n".join(histogram(pairs)))


def report_demo(detector: Detector, cache: Path) -> None:
    """Print how many of the demo's frames show a face that the detector sees."""
    with tempfile.TemporaryDirectory() as scratch:
        make_frames(Path(scratch), _NEWEST_AT, _FRAMES, examples(cache))
        widths = [_face_pixels(path, detector) for path in sorted(Path(scratch).rglob("*.jpg"))]
    seen = [width for width in widths if width]
    widest = f"; the widest has {max(seen)} pixels" if seen else ""
    print(f"\ndemo: {len(seen)} of {len(widths)} frames show a face that the detector sees{widest}")


def _face_pixels(path: Path, detector: Detector) -> int:
    picture = read_picture(path.read_bytes())
    faces = largest_faces(detector.see(picture).faces)
    return round(faces[0].box.width * picture.shape[1]) if faces and faces[0].box else 0


def main(arguments: Iterable[str] | None = None) -> int:
    """Print both histograms; return 1 if faces cannot be compared on this machine."""
    parser = argparse.ArgumentParser(prog="make bench-compare", description=__doc__)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="pictures of marked people; none: the demo alone")
    parser.add_argument("--marks", type=Path, default=MARKED, metavar="CSV", help="where their faces are, and whose")
    chosen = parser.parse_args([*arguments] if arguments is not None else None)
    cv2.setNumThreads(1)
    if because := why_not():
        print(f"{because}. Run `dev/install.sh faces`", file=sys.stderr)
        return 1
    detector = detector_here()
    print(f"detector: {detector.name}")
    if chosen.images:
        marked = find_marked(chosen.images, chosen.marks, detector)
        widths = [each.pixels for each in marked if each.pixels]
        print(f"{len(widths)} of {len(marked)} marked faces are seen, {min(widths)} to {max(widths)} pixels wide")
        report("the same person in two frames", pairs_of(marked, same=True))
        report("different people", pairs_of(marked, same=False))
    report_demo(detector, Path(".cache"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
