"""Debian's package opencv-doc: downloaded and unpacked into the cache, never installed."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

_PACKAGE = "opencv-doc"
_EXAMPLES = "usr/share/doc/opencv-doc/examples"


class PackageMissing(Exception):
    """The package could not be downloaded or unpacked. The message says why and what to do."""


def download(cache: Path) -> Path:
    """Download the package into the cache; return its file. Raise PackageMissing."""
    cache.mkdir(parents=True, exist_ok=True)
    if not _has_run(["apt-get", "download", "-q", _PACKAGE], cache):
        _has_run(["apt-get", "update", "-q"], cache)  # a new container image has no list of packages
        if not _has_run(["apt-get", "download", "-q", _PACKAGE], cache):
            raise PackageMissing(
                f"{_PACKAGE}: apt-get could not download it. Put the package's .deb file into {cache}, "
                "or name a folder of your own pictures"
            )
    if (archive := _newest(cache)) is None:
        raise PackageMissing(f"{_PACKAGE}: apt-get has downloaded no .deb file into {cache}")
    return archive


def examples(cache: Path, fetch: Callable[[Path], Path] = download) -> Path:
    """Return the folder of the package's examples; download (95 MB) and unpack it into `cache` on first use.

    A .deb file that is in `cache` is used instead of downloading one, unless it is damaged: an interrupted download
    leaves half of it. Raise PackageMissing.
    """
    folder = cache / _PACKAGE
    if not is_unpacked(cache):
        found = _newest(cache)
        if found is None or not _is_unpacked_from(found, folder):
            archive = fetch(cache)
            if not _is_unpacked_from(archive, folder):
                raise PackageMissing(f"{archive}: dpkg-deb could not unpack it. Delete this file and run it again")
    return folder / _EXAMPLES


def is_unpacked(cache: Path) -> bool:
    """Return whether `examples` would find the package without downloading it."""
    return (cache / _PACKAGE).exists()


def _newest(cache: Path) -> Path | None:
    return max(cache.glob(f"{_PACKAGE}_*.deb"), default=None)


def _has_run(command: list[str], folder: Path) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, close_fds=False).returncode == 0


def _is_unpacked_from(archive: Path, folder: Path) -> bool:
    """Unpack under another name, then rename: a folder that exists is complete. Return False if it is damaged."""
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    if not _has_run(["dpkg-deb", "-x", str(archive.absolute()), str(unfinished.absolute())], folder.parent):
        return False
    unfinished.rename(folder)
    return True
