"""What do frames of a video find, what do they cost, and is anything paid for twice if workers are killed?

`python -m bench.video [--seconds N]`. A clip is made of the demo's frames of one camera, each shown for a second, so
that it is known in which seconds a person is there. Real workers take its frames, one a second. The worker that takes
them, and then the one that pays, are killed (kill -9) in the middle. Exit status: 0 if each second has one image, and
no call was made beyond one for each content and those in flight at the kill; 1 if not. `--jobs N`: see
bench/video_jobs.py.
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.video_jobs import print_jobs, run_jobs
from bench.video_run import FEATURES, Outcome, run
from dev.frames.making import make_frames
from dev.frames.package import examples
from dev.stack import Options, Stack
from dev.stack.watched import temporary_folder
from sightline.logs import configure_logs

CAMERA = "yard"
SHARE_OF_THE_CAMERA = 0.6
"""Of the demo's frames."""


def main() -> None:
    """Run it, print what came of it, and exit with the verdict."""
    parser = argparse.ArgumentParser("python -m bench.video", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="instead: N videos with a job each, and all that goes wrong"
    )
    chosen = parser.parse_args()
    configure_logs("WARNING", as_json=False)
    if chosen.jobs:
        jobs = run_jobs(chosen.jobs)
        print_jobs(jobs)
        sys.exit(not jobs.is_kept)
    with tempfile.TemporaryDirectory() as scratch:
        count = max(60, int(chosen.seconds / SHARE_OF_THE_CAMERA) + 2)
        made = make_frames(Path(scratch), datetime(2026, 11, 2, 12, tzinfo=UTC), count, examples(Path(".cache")))
        frames = [each for each in made if each.camera == CAMERA][: chosen.seconds]
        settings = {"SIGHTLINE_FEATURES": ",".join(FEATURES), "SIGHTLINE_VIDEO_SECONDS": "1"}
        options = Options(dynamodb_in_memory=True, settings=settings)
        with temporary_folder("sightline-video-") as folder, Stack(folder / "stack", options=options) as stack:
            outcome = run(stack, frames, Path(scratch) / "clip.mp4")
    _print(outcome)
    sys.exit(not outcome.is_kept)


def _print(outcome: Outcome) -> None:
    extra = outcome.calls - outcome.contents
    for name, said in (
        ("seconds of the clip", f"{outcome.seconds:,}"),
        ("frames noted when the taking worker was killed", f"{outcome.taken_at_kill:,}"),
        ("images, each second once", f"{outcome.images:,}"),
        ("contents", f"{outcome.contents:,}"),
        ("calls answered", f"{outcome.calls:,}"),
        ("calls beyond one for each content (allowed)", f"{extra:,} ({outcome.unknown:,})"),
        ("seconds with a person", f"{outcome.present:,}"),
        ("of these found, at 50 % or more", f"{outcome.found:,}   recall {100 * outcome.recall:.0f} %"),
        ("false alarms", f"{outcome.false_alarms:,}"),
        ("USD on AWS, labels alone", f"{outcome.usd:.3f}"),
        (
            "seconds from adding to the last image",
            f"{outcome.took_seconds:.0f}   both kills were healed by the schedule",
        ),
    ):
        print(f"{name:<48} {said}")


if __name__ == "__main__":
    main()
