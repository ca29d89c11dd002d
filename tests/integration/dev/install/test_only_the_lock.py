"""An installation takes exactly the locked versions from an index that also has newer ones."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dev.install.errors import InstallFailed
from dev.install.packages import BUILD_LOCK, install_locks
from dev.install.pip_settings import for_uv
from dev.install.stages import Stages

PACKAGES = ("alpha", "beta", "gamma", "delta", "coverage")
LOCKED, NEWER = "1.0", "2.0"
NEEDS = {"alpha": ["coverage[toml]>=1.0", "beta"], "beta": ["gamma>=1.0"]}
UV = Path(sys.executable).with_name("uv")


def wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel with one line of code, and return its sha256."""
    needs = "".join(f"Requires-Dist: {need}\n" for need in NEEDS.get(name, []))
    extra = "Provides-Extra: toml\n" if name == "coverage" else ""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{extra}{needs}"
    tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    parts = {"METADATA": metadata, "WHEEL": tag}
    about = f"{name}-{version}.dist-info"
    record = f"{name}.py,,\n" + "".join(f"{about}/{part},,\n" for part in (*parts, "RECORD"))
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "here = True\n")
        for part, text in {**parts, "RECORD": record}.items():
            file.writestr(f"{about}/{part}", text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Return a folder with two releases of each package, and locks of the older ones."""
    folder = tmp_path / "index"
    folder.mkdir()
    hashes = {name: wheel(folder, name, LOCKED) for name in PACKAGES}
    for name in PACKAGES:
        wheel(folder, name, NEWER)
    lines = [f"{name}=={LOCKED} --hash=sha256:{sha256}\n" for name, sha256 in hashes.items()]
    (tmp_path / "requirements.lock").write_text("".join(lines[2:]))
    (tmp_path / "requirements-stack.lock").write_text("".join(lines))
    (tmp_path / BUILD_LOCK).write_text("")
    return folder


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Return the Python of an environment that has only uv."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    binaries = tmp_path / "venv" / "bin"
    (binaries / "uv").symlink_to(UV)
    return binaries / "python"


@pytest.fixture
def environment(index: Path, tmp_path: Path) -> dict[str, str]:
    """Return the settings of a machine whose only index is the folder."""
    pip = {"no-index": "true", "find-links": str(index)}
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    return for_uv(pip, plain | {"UV_CACHE_DIR": str(tmp_path / "cache")})


def installed(python: Path) -> dict[str, str]:
    listed = subprocess.run(
        [UV, "pip", "list", "--format", "json", "--python", python], check=True, capture_output=True, text=True
    )
    return {package["name"]: package["version"] for package in json.loads(listed.stdout)}


def locks(index: Path) -> list[Path]:
    return [index.with_name("requirements.lock"), index.with_name("requirements-stack.lock")]


def test_the_locked_versions_are_installed_and_no_newer_one(index, python, environment):
    said: list[str] = []
    install_locks(python, locks(index), environment, Stages(said.append))
    assert dict.fromkeys(PACKAGES, LOCKED) == installed(python)
    assert ["requirements.lock", "requirements-stack.lock"] == [line.split()[0] for line in said]


def test_every_package_is_compiled_also_where_python_would_not_keep_it(index, python, environment):
    install_locks(python, locks(index), environment | {"PYTHONDONTWRITEBYTECODE": "1"}, Stages(lambda _: None))
    compiled = {path.name.partition(".")[0] for path in python.parents[1].rglob("*.pyc")}
    assert set(PACKAGES) <= compiled


def test_what_the_lock_no_longer_names_is_removed(index, python, environment):
    stages = Stages(lambda _: None)
    install_locks(python, locks(index), environment, stages)
    install_locks(python, locks(index)[:1], environment, stages)
    assert dict.fromkeys(PACKAGES[2:], LOCKED) == installed(python)


def test_a_wheel_with_another_hash_is_refused(index, python, environment):
    wheel_file = index / f"gamma-{LOCKED}-py3-none-any.whl"
    with zipfile.ZipFile(wheel_file, "a") as file:
        file.writestr("added.py", "")
    with pytest.raises(InstallFailed, match="Hash mismatch"):
        install_locks(python, locks(index), environment, Stages(lambda _: None))
    assert {} == installed(python)
