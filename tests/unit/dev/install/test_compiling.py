"""The checkout's own modules are compiled when they have changed, where that is possible."""

import os
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from dev.install.compiling import SOURCES, compile_sources
from dev.install.folders import CHECKOUT


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "sightline" / "part" / "one.py"
    path.parent.mkdir(parents=True)
    path.write_text("one = 1\n")
    (tmp_path / "beat_schedule.py").write_text("")
    return path


def test_every_source_is_in_the_checkout():
    assert [] == [source for source in SOURCES if not (CHECKOUT / source).exists()]


def test_modules_are_compiled_also_where_python_would_not_keep_it(module, tmp_path):
    code = f"from pathlib import Path; from dev.install.compiling import *; compile_sources(Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-B", "-c", code], cwd=CHECKOUT, check=True)
    assert Path(cache_from_source(str(module))).exists()
    assert Path(cache_from_source(str(tmp_path / "beat_schedule.py"))).exists()


def test_a_module_that_has_changed_is_compiled_again_and_no_other(module, tmp_path):
    compile_sources(tmp_path)
    compiled = Path(cache_from_source(str(module)))
    first = compiled.stat().st_ino
    compile_sources(tmp_path)
    assert first == compiled.stat().st_ino
    old = compiled.read_bytes()
    module.write_text("one = 2\n")
    os.utime(module, (1, 1))
    compile_sources(tmp_path)
    assert old != compiled.read_bytes()


def test_a_folder_that_cannot_be_written_is_left_out(module, tmp_path, capfd):
    module.with_name("__pycache__").touch()
    compile_sources(tmp_path)
    assert ("", "") == tuple(capfd.readouterr())
    assert Path(cache_from_source(str(tmp_path / "beat_schedule.py"))).exists()
