"""Make the demo frames: `python -m dev.frames --out FOLDER`."""

import argparse
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from dev.frames.making import TRUTH, make_frames
from dev.frames.package import PackageMissing, examples


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m dev.frames", description="Make demo frames with truth.")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--count", type=int, default=66)
    parser.add_argument("--newest-minutes-ago", type=float, default=3.0)
    parser.add_argument("--time-zone", type=ZoneInfo, default=ZoneInfo("UTC"), help="of the times in the keys")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="where the package is unpacked")
    return parser.parse_args()


def main() -> int:
    """Make the frames and print a summary; return 1 if the package cannot be downloaded."""
    options = _options()
    newest_at = datetime.now(options.time_zone).replace(microsecond=0) - timedelta(minutes=options.newest_minutes_ago)
    try:
        frames = make_frames(options.out, newest_at, options.count, examples(options.cache))
    except (FileNotFoundError, PackageMissing, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    people = sum(frame.is_person for frame in frames)
    print(f"{len(frames)} frames, {people} of them with a person; truth in {options.out / TRUTH}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
