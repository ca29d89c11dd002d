"""Cases of memory: pictures of the largest size that Rekognition takes, each checked in a process of its own."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.cases_outcome import Case, Seen

SIDE_PIXELS = 10_000
MOST_MEGABYTES = 420
"""A PNG of this size takes 400; the rest is the measuring."""

PICTURES: Mapping[str, str] = {
    "progressive JPEG": "Image.new('RGB', side, 9).save(file, 'JPEG', progressive=True, subsampling=0)",
    "progressive CMYK": "Image.new('CMYK', side, 9).save(file, 'JPEG', progressive=True)",
    "baseline JPEG": "Image.new('RGB', side, 9).save(file, 'JPEG')",
    "PNG": "Image.new('RGB', side, 9).save(file, 'PNG')",
}
MAKE = f"import sys; from PIL import Image; side, file = ({SIDE_PIXELS}, {SIDE_PIXELS}), sys.argv[1]; "
MEASURE = """
import sys
from pathlib import Path
from sightline.rekognition.preflight import inspect_picture

def most_kilobytes():
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))

data = Path(sys.argv[1]).read_bytes()
before = most_kilobytes()
assert inspect_picture("s3://a/b", data).width_pixels
print((most_kilobytes() - before) // 1024)
"""
"""Not by getrusage: its maximum begins with that of the process that started this one."""


def cases() -> list[Case]:
    """Return the cases of this group."""
    done = f"pictures of {SIDE_PIXELS:,} × {SIDE_PIXELS:,} pixels are checked"
    return [Case("memory of large pictures", done, f"at most {MOST_MEGABYTES} MB each", _large)]


def _large() -> Seen:
    with tempfile.TemporaryDirectory() as folder:
        taken = {name: _megabytes(make, Path(folder, "picture")) for name, make in PICTURES.items()}
    words = ", ".join(f"{name} {megabytes} MB" for name, megabytes in taken.items())
    return Seen(words, max(taken.values()) <= MOST_MEGABYTES)


def _megabytes(make: str, file: Path) -> int:
    """Return the memory that checking a picture takes beyond its own bytes."""
    subprocess.run([sys.executable, "-c", MAKE + make, str(file)], check=True)
    ran = subprocess.run([sys.executable, "-c", MEASURE, str(file)], check=True, capture_output=True)
    return int(ran.stdout)
