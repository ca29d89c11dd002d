"""Which environment is kept and which is made again; which process installs if two start at the same time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from dev.install.__main__ import one_at_a_time
from dev.install.folders import CHECKOUT
from dev.install.packages import is_usable
from dev.stack.waiting import nothing, wait_until

SERIES = f"python{sys.version_info.major}.{sys.version_info.minor}"


def environment(folder: Path) -> Path:
    """Make the files that show that an environment is complete."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib" / SERIES).mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "bin" / "pip").write_text(f"#!{folder}/bin/python\n")
    (folder / "installed-stack").write_text("of other locks")
    return folder


def test_an_environment_that_was_filled_to_the_end_is_used(tmp_path):
    assert is_usable(environment(tmp_path / "venv"))


@pytest.mark.parametrize("missing", ["installed-stack", "bin/pip", "bin/python", f"lib/{SERIES}"])
def test_a_broken_off_environment_or_one_of_another_python_is_made_again(tmp_path, missing):
    venv = environment(tmp_path / "venv")
    (venv / missing).rename(tmp_path / "away")
    assert not is_usable(venv)


def test_an_environment_whose_python_has_gone_is_made_again(tmp_path):
    venv = environment(tmp_path / "venv")
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to(tmp_path / "gone")
    assert not is_usable(venv)


def test_an_environment_that_was_moved_is_made_again(tmp_path):
    assert not is_usable(environment(tmp_path / "venv").rename(tmp_path / "moved"))


def test_an_environment_whose_new_path_is_the_end_of_the_old_one_is_made_again(tmp_path):
    venv = environment(tmp_path / "venv")
    (venv / "bin" / "pip").write_text(f"#!/old{venv}/bin/python\n")
    assert not is_usable(venv)


def test_an_environment_whose_path_has_a_space_is_used(tmp_path):
    venv = environment(tmp_path / "a venv")
    (venv / "bin" / "pip").write_text(f'#!/bin/sh\n\'\'\'exec\' "{venv}/bin/python" "$0" "$@"\n')
    assert is_usable(venv)


def test_an_environment_that_a_link_leads_to_is_used(tmp_path):
    environment(tmp_path / "venv")
    (tmp_path / "link").symlink_to(tmp_path / "venv")
    assert is_usable(tmp_path / "link")


def test_the_second_to_install_says_so_and_waits_for_the_first(tmp_path, capsys):
    order = []

    def second() -> None:
        with one_at_a_time(tmp_path / "cache" / "lock"):
            order.append("second")

    waits = Thread(target=second)
    with one_at_a_time(tmp_path / "cache" / "lock"):
        waits.start()
        assert wait_until(lambda: order or capsys.readouterr().out, nothing)
        order.append("first")
    waits.join()
    assert ["first", "second"] == order


def test_a_program_that_outlives_the_installer_still_holds_the_lock(tmp_path):
    lock, ended = tmp_path / "lock", tmp_path / "ended"
    installer = f"""
import pathlib
from dev.install.__main__ import one_at_a_time
from dev.install.commands import run
with one_at_a_time(pathlib.Path({str(lock)!r})):
    run(['sh', '-c', 'touch "$0"; sleep 1; touch "$1"', {str(tmp_path / "begun")!r}, {str(ended)!r}])
"""
    with subprocess.Popen([sys.executable, "-c", installer], cwd=CHECKOUT) as process:
        assert wait_until((tmp_path / "begun").exists, nothing)
        process.kill()
    with one_at_a_time(lock):
        assert ended.exists()


def python_chosen(checkout: Path, suits: int, *made: str) -> str:
    """Return which Python dev/install.sh starts: `.venv`, if that one suits (0) and was made, or `other`."""
    (checkout / "dev").mkdir()
    shutil.copy(CHECKOUT / "dev" / "install.sh", checkout / "dev")
    (checkout / ".venv" / "bin").mkdir(parents=True)
    for name in made:
        (checkout / ".venv" / name).touch()
    for path, name, code in ((".venv/bin/python", ".venv", suits), ("new", "other", 0)):
        (checkout / path).write_text(f'#!/bin/sh\n[ "$1" != -c ] || exit {code}\necho {name} "$@"\n')
        (checkout / path).chmod(0o755)
    script = [str(checkout / "dev" / "install.sh"), "stack"]
    said = subprocess.check_output(script, env=os.environ | {"PYTHON": str(checkout / "new")}, text=True)
    return said.removesuffix(" -m dev.install stack\n")


def test_the_python_of_the_environment_installs(tmp_path):
    assert ".venv" == python_chosen(tmp_path, 0, "pyvenv.cfg")


def test_a_python_of_the_environment_that_is_too_old_is_passed_over(tmp_path):
    assert "other" == python_chosen(tmp_path, 1, "pyvenv.cfg")


def test_a_python_that_is_left_of_an_environment_is_passed_over(tmp_path):
    assert "other" == python_chosen(tmp_path, 0)
