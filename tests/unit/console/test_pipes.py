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


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (">&-", "the output: it must be open. Send it to a file"),
        (">/dev/full", "the output: it must take all that is written (No space left on device). Make room"),
    ],
)
def test_an_output_that_takes_nothing_is_an_error_in_words(way, said):
    program = f'exec "$0" -c "from console.cli import main; main()" --help {way}'
    done = subprocess.run(["/bin/sh", "-c", program, sys.executable], capture_output=True, text=True, check=False)
    assert (1, True, 1) == (done.returncode, done.stderr.startswith(said), done.stderr.count("\n"))


def test_what_somebody_reads_arrives_whole():
    program = "from console.pipes import let_readers_leave as let; let(); print('é' * 100_000, end='')"
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", program], capture_output=True, check=True)
    assert "é" * 100_000 == done.stdout.decode()
