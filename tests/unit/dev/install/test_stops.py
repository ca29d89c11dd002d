"""An installation that cannot begin, or is interrupted, says so in a sentence."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dev.install.__main__ import one_at_a_time
from dev.install.errors import InstallFailed
from dev.install.folders import CHECKOUT
from dev.stack.waiting import nothing, wait_until


def a_file(path: Path) -> None:
    path.touch()


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("gone"))


@pytest.mark.parametrize("make", [a_file, a_link_to_nothing])
def test_a_cache_that_is_no_folder_is_named_with_what_to_do(tmp_path, make):
    make(tmp_path / "cache")
    with pytest.raises(InstallFailed) as raised, one_at_a_time(tmp_path / "cache" / "lock"):
        pass
    said = str(raised.value)
    assert said.startswith(f"{tmp_path}/cache: it must be a folder that can be written (")
    assert said.endswith(". Remove it if it is a file or a link to nothing, or let this user write there.")


def test_a_cache_in_which_the_lock_cannot_be_written_is_named(tmp_path):
    (tmp_path / "cache" / "lock").mkdir(parents=True)
    refused = pytest.raises(InstallFailed, match="must be a folder that can be written")
    with refused, one_at_a_time(tmp_path / "cache" / "lock"):
        pass


def test_ctrl_c_prints_one_line_and_exits_as_a_shell_does(tmp_path):
    """The installer is interrupted while it waits for another one."""
    code = f"""
import sys
from pathlib import Path
from dev.install.__main__ import main
sys.exit(main(["stack"], Path({str(tmp_path)!r})))
"""
    said = tmp_path / "said"
    # What runs in the background of a shell ignores SIGINT, and so would its children.
    command = ["env", "--default-signal=INT", sys.executable, "-c", code]
    with one_at_a_time(tmp_path / "installing"), said.open("w") as out:
        process = subprocess.Popen(command, cwd=CHECKOUT, stdout=out, stderr=out)
        waits = wait_until(lambda: "waiting" in said.read_text(), nothing)
        process.send_signal(signal.SIGINT)
        ends = wait_until(lambda: process.poll() is not None, nothing)
        process.kill()
        process.wait()
    assert waits
    assert ends
    lines = said.read_text().splitlines()[1:]
    assert ["The installation was interrupted. Run it again: what is not complete starts over"] == lines
    assert 130 == process.returncode
