"""Which strays does `sightline verify-set` find, and does undoing its quarantine leave the bucket as it was?

`python -m bench.verify_set [--pictures N] [--strays N] [--people N] [--duplicates N] [--broken N] [--seed N]`. The set
is of stop signs, drawn; the people are those of the demo's frames. It needs the detector of objects
(`dev/install.sh objects`) and the frames (`dev/install.sh frames`). Exit status: 0 if nothing was paid twice, and the
bucket was byte-equal after a quarantine and an undo that were both killed in the middle; 1 if not; 3 without detector.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import cv2
from PIL import Image

from bench.verify_set_pictures import Counts, Planted, planted
from bench.verify_set_run import Objects, World, compare
from dev.frames.package import examples
from dev.rekognition.detectors import OBJECTS, detector_here
from dev.stack import Options, Stack
from dev.stack.watched import temporary_folder
from sightline.logs import configure_logs

SERVERS = ("redis", "dynamodb", "s3", "rekognition")
AT_LEAST = 40.0
"""All that the local network shows: of drawn signs it says 40 to 93 %. Rekognition's percentages are higher."""

NO_DETECTOR = 3
CLIP = "data/vtest.avi"
"""A yard: every frame shows people."""


def main() -> int:
    """Run it, print what came of it, and return the exit status."""
    parser = argparse.ArgumentParser("python -m bench.verify_set", description=__doc__)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--strays", type=int, default=30)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--duplicates", type=int, default=10)
    parser.add_argument("--broken", type=int, default=5)
    parser.add_argument("--at-least", type=float, default=AT_LEAST)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    chosen = parser.parse_args()
    configure_logs("WARNING", as_json=False)
    if because := detector_here(wanted=OBJECTS).because:
        print(f"no verdict: {because}", file=sys.stderr)
        return NO_DETECTOR
    print(f"seed {chosen.seed}", flush=True)
    counts = Counts(chosen.pictures, chosen.strays, chosen.people, chosen.duplicates, chosen.broken)
    yards = _yards(counts.people)
    files = planted(counts, random.Random(chosen.seed), yards)
    options = Options(dynamodb_in_memory=True, rekognition=("--detector", OBJECTS))
    with temporary_folder("sightline-set-") as folder, Stack(folder / "stack", SERVERS, options) as stack:
        world = World(stack.env, folder)
        world.set_up(files)
        return _measure(world, files, chosen.at_least)


def _yards(count: int) -> list[Image.Image]:
    """Read frames with people from the demo's clip, spread over it."""
    video = cv2.VideoCapture(str(examples(Path(".cache")) / CLIP))
    frames, pictures = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), []
    for number in range(count):
        video.set(cv2.CAP_PROP_POS_FRAMES, number * frames // count)
        is_read, frame = video.read()
        if not is_read:
            raise FileNotFoundError(f"{CLIP}: no frame {number} in it")
        pictures.append(Image.fromarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)))
    video.release()
    return pictures


def _measure(world: World, files: list[Planted], at_least: float) -> int:
    arguments, before = world.arguments(files, at_least), world.objects()
    begun = time.monotonic()
    report = world.run(*arguments)
    seconds = time.monotonic() - begun
    found = compare(files, report)
    print(f"{'outcome':<12}{'precision':>10}{'recall':>8}")
    for outcome in found.precision:
        print(f"{outcome:<12}{found.precision[outcome]:>10.3f}{found.recall[outcome]:>8.3f}")
    print(f"duplicates: {len(found.missed_duplicates)} missed, {len(found.other_duplicates)} pictures besides")
    for name, words in found.wrong.items():
        print(f"  {name}: {words}")
    print(f"evidence {report['evidence']}; {report['calls']} calls, {report['usd']:.3f} USD, {seconds:.0f} s")
    again = world.run(*arguments)
    wrong_files = sum(each["outcome"] in {"stray", "unwanted", "unreadable"} for each in again["images"])
    world.kill_when(wrong_files // 2, *arguments, *world.aside())
    cut = world.objects()
    report = world.run(*arguments, *world.aside())
    moved = world.objects()
    undo = (arguments[0], *world.aside(), "--undo", "--yes")
    world.kill_when(wrong_files // 2, *undo)
    world.run(*undo)
    after = world.objects()
    checks = {
        "the second report paid nothing": again["calls"] == 0 == report["calls"],
        f"killed while {_aside(cut)} of {wrong_files} lay aside": 0 < _aside(cut) < wrong_files,
        f"the next run moved the rest: {_aside(moved)} aside": _aside(moved) == wrong_files,
        "nothing was lost meanwhile": _same(before, moved),
        "after the undo, which was killed too, the bucket is byte-equal": before == after,
    }
    for words, is_true in checks.items():
        print(f"{'yes' if is_true else 'NO':<4}{words}")
    return int(not all(checks.values()))


def _aside(objects: Objects) -> int:
    return sum(key.startswith("aside/objects/") for key in objects)


def _same(before: Objects, moved: Objects) -> bool:
    there = {key.removeprefix("aside/objects/"): each for key, each in moved.items() if "/manifest/" not in key}
    return there == before


if __name__ == "__main__":
    sys.exit(main())
