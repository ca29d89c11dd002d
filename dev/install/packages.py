"""Make `.venv` hold exactly what the locks name.

uv installs, because it is several times faster than pip; pip installs uv from its own lock. Neither resolves anything:
dependencies are not followed, every file must have a hash of the lock, and only wheels are accepted, since building a
source distribution would use packages that no lock names.

Packages are compiled once, here: a stack starts a dozen processes side by side, and each would compile what it imports,
for 2 to 5 s of CPU; at each start if PYTHONDONTWRITEBYTECODE is set.
"""

import hashlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from dev.install.commands import run
from dev.install.folders import CHECKOUT, VENV
from dev.install.pip_settings import for_uv, read_settings
from dev.install.servers import Need, install_debian
from dev.install.stages import Stages

PYTHON = VENV / "bin" / "python"

BUILD_LOCK = "requirements-build.lock"
"""What installs and builds: uv and setuptools."""

LOCKS = {
    "stack": ("requirements.lock", "requirements-stack.lock"),
    "dev": ("requirements.lock", "requirements-stack.lock", "requirements-dev.lock"),
}
"""The locks for each use. Each holds the one before it."""


def has_venv() -> bool:
    """Return whether this Python has its venv module, which is a separate package in Debian."""
    return all(find_spec(module) for module in ("venv", "ensurepip"))


ONLY_LOCKED = ("--no-deps", "--require-hashes", "--only-binary", ":all:")


VENV_MODULE = Need("Python's venv module", "python3-venv", has_venv, frozenset())


def make_venv(stages: Stages) -> None:
    """Make `.venv` unless a usable one is there. Raise MissingProgram if Python cannot make one.

    An interrupted installation starts over: uv and pip take a half-written package for a complete one.
    """
    if is_usable(VENV):
        return
    if not VENV_MODULE.is_there():
        with stages.stage("Debian packages"):
            install_debian([VENV_MODULE])
    with stages.stage("virtual environment .venv", VENV):
        # sys.executable may be the Python of `.venv`, which is cleared now; typeshed does not have the other name
        outside = sys._base_executable  # type: ignore[attr-defined] # noqa: SLF001
        run([outside, "-m", "venv", "--clear", VENV])


def is_usable(venv: Path) -> bool:
    """Return whether an environment is complete, was made at this path, and belongs to this version of Python."""
    pip = venv / "bin" / "pip"
    packages = venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    is_here = pip.exists() and _python_of(pip).parent.resolve() == (venv / "bin").resolve()
    is_whole = any((venv / _stamp(use).name).exists() for use in LOCKS)
    return is_here and is_whole and packages.exists() and (venv / "bin" / "python").exists()


def _python_of(script: Path) -> Path:
    """Return the Python that an installed script names: after `#!`, or after `exec` if its path is long or spaced."""
    first, _, rest = script.read_text().partition("\n")
    by_exec = re.match(r"'{3}exec' (\"?)(.+?)\1 \"\$0\"", rest)
    return Path(by_exec[2] if by_exec else first.removeprefix("#!"))


def install_packages(use: str, stages: Stages) -> None:
    """Install a use's locks and the project itself unless they are installed. use: a key of LOCKS."""
    if is_installed(use):
        return
    for stamp in map(_stamp, LOCKS):  # an interrupted installation leaves `.venv` unusable
        stamp.unlink(missing_ok=True)
    with stages.stage("uv and setuptools", VENV):
        run([PYTHON, "-I", "-m", "pip", "install", "--quiet", *ONLY_LOCKED, "-r", CHECKOUT / BUILD_LOCK])
    environment = for_uv(read_settings(run([PYTHON, "-m", "pip", "config", "list"])), os.environ)
    install_locks(PYTHON, [CHECKOUT / lock for lock in LOCKS[use]], environment, stages)
    with stages.stage("sightline itself", VENV):
        run([*_uv("install", PYTHON), "--no-deps", "--no-build-isolation", "--offline", "-e", CHECKOUT], environment)
        run(_uv("check", PYTHON), environment)
    _write_stamps(use)


def install_locks(python: Path, locks: Sequence[Path], environment: Mapping[str, str], stages: Stages) -> None:
    """Install the locks one by one; in the end `python` has exactly what the last one names."""
    for lock in locks:
        last = lock == locks[-1]
        build = lock.with_name(BUILD_LOCK)
        command = [*_uv("sync" if last else "install", python), "--require-hashes", "--only-binary", ":all:"]
        inputs: list[str | Path] = ["--compile-bytecode", lock, build] if last else ["--no-deps", "-r", lock]
        with stages.stage(lock.name, python.parents[1]):
            run([*command, *inputs], environment)


def is_installed(use: str) -> bool:
    """Return whether `.venv` holds what the locks of this use name now."""
    stamp = _stamp(use)
    return stamp.exists() and stamp.read_text() == _fingerprint(use)


def _write_stamps(use: str) -> None:
    for smaller, locks in LOCKS.items():
        if set(locks) <= set(LOCKS[use]):
            _stamp(smaller).write_text(_fingerprint(smaller))


def _stamp(use: str) -> Path:
    return VENV / f"installed-{use}"


def _fingerprint(use: str) -> str:
    files = [BUILD_LOCK, *LOCKS[use], "pyproject.toml"]
    return hashlib.sha256(b"".join((CHECKOUT / name).read_bytes() for name in files)).hexdigest()


def _uv(verb: str, python: Path) -> list[str | Path]:
    return [python.parent / "uv", "pip", verb, "--quiet", "--python", python]
