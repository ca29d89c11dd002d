"""Why the local Rekognition sees less than it could, as it is printed: by `sightline check`, and at /healthz."""

import json
import os
import re
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
import uvicorn
from click.testing import CliRunner
from pydantic import SecretStr

from dev.rekognition.app import build_app
from dev.rekognition.detectors import OBJECTS, Detector, detector_here
from dev.rekognition.models import FOLDER, LOCK, problems, read_lock
from dev.stack.waiting import nothing, wait_until
from sightline.cli import sightline
from sightline.cli.factory import Factory
from sightline.config import Settings
from sightline.testing.fake import FakeSightline

FACES, PEOPLE = "face_detection_full_range_sparse.tflite", "pose_detection.tflite"
HOG = "HOG and Haar"


class Told:
    """A local Rekognition over HTTP. `detector` is the one that it tells of."""

    def __init__(self) -> None:
        self.sight = SimpleNamespace(detector=detector_here())
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        app = build_app(SimpleNamespace(sight=self.sight))  # type: ignore[arg-type]  # all that /healthz reads
        self._server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
        self._thread = Thread(target=self._server.run, args=([listening],))
        self._thread.start()
        assert wait_until(lambda: self._server.started or not self._thread.is_alive(), nothing)

    def at_healthz(self, detector: Detector) -> dict[str, str]:
        self.sight.detector = detector
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", "/healthz")
        found: dict[str, str] = json.load(connection.getresponse())
        connection.close()
        return found

    def by_check(self, detector: Detector) -> tuple[str, ...]:
        """Return the three columns of the line that `sightline check` prints."""
        self.sight.detector = detector
        settings = Settings(
            _env_file=None,
            checkpoint_bucket="own",
            neo4j_password=SecretStr("hush"),
            rekognition_endpoint=f"http://127.0.0.1:{self.port}",
        )
        factory = Factory(settings, FakeSightline().services)
        assert 0 == CliRunner().invoke(sightline, ["setup"], obj=factory).exit_code
        printed = CliRunner().invoke(sightline, ["check"], obj=factory).stdout
        (line,) = [line for line in printed.splitlines() if line.startswith("Rekognition ")]
        return tuple(re.split(" {2,}", line))

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    served = Told()
    yield served
    served.stop()


def assert_told(told: Told, detector: Detector, name: str, because: str) -> None:
    assert {"ready": True, "detector": name, "because": because} == told.at_healthz(detector)
    address = f"http://127.0.0.1:{told.port}"
    assert ("Rekognition", f"{address} {name} ({because})", "ok") == told.by_check(detector)


@pytest.mark.parametrize(("body", "problem"), [(b"TFL3", "has the wrong checksum"), (None, "is absent")])
def test_a_model_that_is_truncated_or_absent_is_named_with_the_command_that_installs_it(told, tmp_path, body, problem):
    (tmp_path / PEOPLE).write_bytes(b"\0" * 2_959_046)
    if body:
        (tmp_path / FACES).write_bytes(body)
    because = f"{FACES} {problem}, {PEOPLE} has the wrong checksum, in {tmp_path}. Run `dev/install.sh servers`"
    assert_told(told, detector_here(tmp_path), HOG, because)


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    """Return a folder with the models of people and faces."""
    if wrong := ", ".join(problems(FOLDER, read_lock(LOCK))):
        if os.environ.get("CI"):
            pytest.fail(wrong)
        pytest.skip(wrong)
    for name in (FACES, PEOPLE):
        (tmp_path / name).symlink_to(FOLDER / name)
    return tmp_path


def refuse(*modules: str):
    """Return what imports everything but these modules."""

    def load(name: str) -> object:
        if name in modules:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return import_module(name)

    return load


def test_a_runtime_that_is_not_installed_is_named(told, usual):
    runtime = "ai_edge_litert.interpreter"
    because = f"{runtime} cannot be imported: No module named '{runtime}'"
    assert_told(told, detector_here(usual, load=refuse(runtime)), HOG, because)


def test_a_library_that_the_runtime_lacks_is_named(told, usual):
    def load(_: str) -> object:
        raise OSError("libpthread.so.9: cannot open shared object file: No such file or directory")

    because = "ai_edge_litert.interpreter cannot be imported: libpthread.so.9: cannot open shared object file: No such "
    assert_told(told, detector_here(usual, load=load), HOG, because + "file or directory")


def test_without_its_files_objects_are_not_found_but_people_and_faces_are(told, usual):
    (usual / "nanodet.bin").write_bytes(b"truncated")
    wrong = "nanodet.json is absent, nanodet.bin has the wrong checksum"
    because = f"no objects: {wrong}, in {usual}. Run `dev/install.sh objects`"
    assert_told(told, detector_here(usual, OBJECTS), "networks", because)


def test_without_what_converts_it_objects_are_not_found_but_people_and_faces_are(told, usual):
    because = "no objects: flatbuffers cannot be imported: No module named 'flatbuffers'"
    assert_told(told, detector_here(usual, OBJECTS, refuse("flatbuffers")), "networks", because)


def test_the_best_detector_of_a_machine_gives_no_reason(told, usual):
    found = detector_here(usual)
    assert {"ready": True, "detector": "networks"} == told.at_healthz(found)
    assert ("Rekognition", f"http://127.0.0.1:{told.port} networks", "ok") == told.by_check(found)
