"""One attempt of `make up` never reports the failure of another."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dev.stack import Stack
from dev.stack.errors import NotReady
from dev.stack.supervisor import (
    Supervisor,
    Wanted,
    is_about_another_attempt,
    read_reached,
    read_wanted,
    say_failure,
    write_wanted,
)


class FailsOnce(Stack):
    """A stack whose first start of workers fails, while somebody asks for something else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.env = {"SIGHTLINE_NEO4J_PASSWORD": "-", "SIGHTLINE_FLOWER_PASSWORD": "-"}
        self.attempts = 0

    def start_workers(self, _: Mapping[str, int]) -> None:
        self.attempts += 1
        if self.attempts == 1:
            write_wanted(self.layout.folder, Wanted(2))
            raise NotReady("labels-0", remedy="Its log ends:\nno such model")


@pytest.fixture
def supervisor(tmp_path):
    write_wanted(tmp_path, Wanted(1))
    return Supervisor(FailsOnce(tmp_path))


def test_the_failure_of_an_attempt_is_not_shown_to_the_next_one(supervisor, tmp_path, capsys):
    supervisor._apply_wanted()
    supervisor._apply_wanted()
    said = capsys.readouterr().out.splitlines()
    shown = {number: [line for line in said if not is_about_another_attempt(line, number)] for number in (1, 2)}
    assert any("no such model" in line for line in shown[1])
    assert not any("labels-0" in line or "no such model" in line for line in shown[2])
    assert (2, "") == (read_reached(tmp_path).number, read_reached(tmp_path).error)


def test_an_attempt_that_failed_says_so_under_its_own_number(supervisor, tmp_path):
    supervisor._apply_wanted()
    assert (1, 2) == (read_reached(tmp_path).number, read_wanted(tmp_path).number)
    assert "no such model" in read_reached(tmp_path).error


def test_every_line_of_a_failure_names_its_attempt(capsys):
    say_failure(7, "labels-0 ended\nits log ends")
    said = capsys.readouterr().out.splitlines()
    assert [False, False] == [is_about_another_attempt(line, 7) for line in said]
    assert [True, True] == [is_about_another_attempt(line, 8) for line in said]
