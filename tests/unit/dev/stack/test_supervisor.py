"""One attempt of `make up` never reports the failure of another."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from dev.stack import Stack
from dev.stack.control import up
from dev.stack.errors import NotReady
from dev.stack.layout import Layout
from dev.stack.supervisor import (
    Reached,
    Supervisor,
    Wanted,
    is_about_another_attempt,
    options,
    read_reached,
    read_wanted,
    say_failure,
    take,
    write_reached,
    write_wanted,
)
from dev.stack.waiting import wait_until


class FailsOnce(Stack):
    """A stack whose first start of workers fails, while somebody asks for something else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        names = (
            "NEO4J_PASSWORD",
            "FLOWER_PASSWORD",
            "REDIS_URL",
            "REDIS_FLOWER_URL",
            "REDIS_PRODUCER_URL",
            "WEB_SECRET",
            "WEB_FIRST_PASSWORD",
        )
        self.env = {f"SIGHTLINE_{name}": "-" for name in names}
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


@contextmanager
def another_supervisor(folder: Path, error: str) -> Iterator[None]:
    """Pretend that a supervisor runs: an earlier attempt has failed, and it ends the next one with this error."""
    log = Layout(folder).log("supervisor")
    log.parent.mkdir()
    log.touch()

    def answer() -> None:
        wait_until(lambda: read_wanted(folder).number == 2, lambda: None)
        log.write_text("12:00:00 attempt 1 failed: the error of the first attempt\n12:00:00 running labels=1\n")
        write_reached(folder, Reached(os.getpid(), 2, error))

    write_wanted(folder, Wanted(1))
    with (folder / "lock").open("w") as lock:
        assert take(lock)
        thread = Thread(target=answer)
        thread.start()
        yield
        thread.join()


def test_up_prints_what_happens_and_no_error_of_an_earlier_attempt(tmp_path, capsys):
    with another_supervisor(tmp_path, error=""):
        up(tmp_path, {"labels": 1})
    said = capsys.readouterr().out
    assert "running labels=1" in said
    assert "first attempt" not in said


def test_up_raises_the_error_of_its_own_attempt(tmp_path):
    with another_supervisor(tmp_path, error="labels-0: no such model"), pytest.raises(NotReady, match="no such model"):
        up(tmp_path, {"labels": 1})


@pytest.mark.parametrize(("outer", "events"), [({}, "true"), ({"SIGHTLINE_TASK_EVENTS": "false"}, "false")])
def test_flower_shows_the_tasks_of_a_stack_that_is_up_unless_its_owner_says_otherwise(outer, events):
    assert events == options(outer).defaults["SIGHTLINE_TASK_EVENTS"]
