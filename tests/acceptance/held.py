"""A test that keeps servers and a worker until it is killed. `test_lifetimes` runs it; pytest does not collect it."""

import subprocess
import sys
from pathlib import Path
from threading import Event

from dev.stack import Stack
from dev.stack.watched import watch

HELD_SECONDS = 600


def test_servers_and_a_worker_run(tmp_path: Path) -> None:
    watch().remove(tmp_path)
    with Stack(tmp_path / "stack", ["redis", "rekognition"]):
        worker = [sys.executable, "-c", f"import time; time.sleep({HELD_SECONDS})"]
        with subprocess.Popen(worker, start_new_session=True):
            assert Event().wait(HELD_SECONDS)
