import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sightline.cli.writing import survive_broken_pipes


@pytest.fixture
def left():
    """Yield the writing end of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize(("words", "expected"), [(("--help",), 0), (("nonsense",), 2)])
def test_a_reader_that_leaves_early_gets_no_traceback_and_changes_no_exit_code(words, expected, program, left):
    ended = program(*words, output=os.fdopen(left, "w", encoding="utf-8", closefd=False))
    assert (expected, False) == (ended.code, "rror " in ended.stderr or "Traceback" in ended.stderr)


def test_a_process_whose_reader_leaves_early_ends_with_the_code_of_its_command(left):
    program = [sys.executable, "-c", "from sightline.cli import main; main()", "--help"]
    done = subprocess.run(program, stdout=left, stderr=subprocess.PIPE, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def no_space() -> io.TextIOBase:
    return Path("/dev/full").open("w", encoding="utf-8")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (lambda: None, "the output: it must be open. Redirect it to a file"),
        (no_space, "the output: all output must be written (No space left on device). Free some space"),
    ],
    ids=["closed", "full"],
)
def test_an_output_that_takes_nothing_is_an_error_in_words(output, said, program):
    ended = program("--help", output=output())
    assert (1, True, 1) == (ended.code, ended.stderr.startswith(said), ended.stderr.count("\n"))


def test_what_somebody_reads_arrives_whole(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, ThreadPoolExecutor() as pool:
        read = pool.submit(source.read)
        with os.fdopen(writing, "w", encoding="utf-8") as output:
            monkeypatch.setattr(sys, "stdout", output)
            survive_broken_pipes()
            sys.stdout.write("é" * 100_000)
            sys.stdout.flush()
        assert "é" * 100_000 == read.result().decode()
