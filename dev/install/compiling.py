"""Compile the checkout's own modules once. Else each process does it again if PYTHONDONTWRITEBYTECODE is set."""

import compileall
from pathlib import Path

SOURCES = ("sightline", "tasks", "workers", "dev", "bench", "beat_schedule.py")


def compile_sources(checkout: Path) -> None:
    """Compile modules that have changed; times are compared, so it is cheap. What cannot be written is left out."""
    for source in SOURCES:
        path = checkout / source
        compile_one = compileall.compile_file if path.is_file() else compileall.compile_dir
        compile_one(str(path), quiet=2)
