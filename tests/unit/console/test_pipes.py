import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("words", "expected"), [(("--help",), 0), (("nonsense",), 2)])
def test_a_reader_that_leaves_early_gets_no_traceback_and_changes_no_exit_code(words, expected):
    reading, writing = os.pipe()
    os.close(reading)
    program = [sys.executable, "-c", "from console.cli import main; main()", *words]
    try:
        done = subprocess.run(program, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert (expected, False) == (done.returncode, "rror " in done.stderr or "Traceback" in done.stderr)


def test_what_somebody_reads_arrives_whole():
    program = "from console.pipes import let_readers_leave as let; let(); print('é' * 100_000, end='')"
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", program], capture_output=True, check=True)
    assert "é" * 100_000 == done.stdout.decode()
