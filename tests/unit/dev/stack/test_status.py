"""`make status`: what is running, and an exit code for scripts."""

import os

from dev.stack.__main__ import main
from dev.stack.pidfiles import PidFiles


def test_that_nothing_is_running_is_said(tmp_path, capsys):
    assert 1 == main(["status", "--folder", str(tmp_path)])
    assert "nothing is running\n" == capsys.readouterr().out


def test_what_a_stack_that_is_not_up_has_left_running_is_a_failure(tmp_path, capsys):
    PidFiles(tmp_path).write({"labels-0": os.getpid()})
    assert 1 == main(["status", "--folder", str(tmp_path)])
    assert f"labels-0                 {os.getpid()}\n" == capsys.readouterr().out
