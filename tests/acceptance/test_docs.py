"""The commands of the documentation run, in the order of its pages, against the stack that they start."""

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from dev.stack.folders import PROGRAMS
from dev.stack.layout import Layout
from dev.stack.pidfiles import PidFiles
from dev.stack.processes import cpu_of, inherited
from dev.stack.waiting import Moves, wait_until
from sightline.testing.fake import picture
from tests.commands import run, unmeasured
from tests.documents import CHECKOUT, PYTHON, SHELL, Block, blocks

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1800)]

PICTURES, MORE = 6, 2
COMPLETE = '"complete": {}'
ASKS_AGAIN = """
sightline() {
    until command sightline "$@"; do
        [ "$1" = status ] || return 1
        sleep 1
    done
}
"""
"""If a server is too busy to answer in time, `sightline status` exits 1, and the page says to repeat it."""

NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "tests")


class Reader:
    """A reader who follows the pages in their own checkout, in which everything is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(CHECKOUT, folder, ignore=NOT_COPIED)
        (folder / ".venv").symlink_to(CHECKOUT / ".venv")
        self._cache = folder / ".cache"
        self._cache.mkdir()
        (self._cache / "servers").symlink_to(PROGRAMS)
        self._put_pictures(self._cache / "frames" / "yard", range(PICTURES))
        self._put_pictures(self._cache / "more" / "porch", range(PICTURES, PICTURES + MORE))

    def _put_pictures(self, folder: Path, numbers: Iterable[int]) -> None:
        folder.mkdir(parents=True)
        for number in numbers:
            data = picture(number, form="PNG")
            (folder / f"MDAlarm_20261102-07581{number}.png").write_bytes(data)

    def follow(self, page: str) -> str:
        """Run what a page says, up to the first command that fails; return what was printed."""
        script = "\n".join(_as_shell(block) for block in blocks(CHECKOUT / "docs" / page) if _is_run(block))
        done = self.run("bash", "-euxo", "pipefail", "-c", ASKS_AGAIN + script)
        assert 0 == done.returncode, f"{done.stdout}\n{done.stderr}"
        return str(done.stdout)

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command; make finds everything installed."""
        environment = unmeasured(inherited()) | {"MAKEFLAGS": "INSTALL=:", "PYTHONPATH": str(self.folder)}
        return run(command, environment, self.folder, self._moves)

    def waits_for(self, words: str, command: str) -> bool:
        """Repeat a command until it prints these words."""
        script = f". .cache/stack/env; {command}"
        return wait_until(lambda: words in self.run("bash", "-c", script).stdout, self._moves)

    def supervisor_says(self, words: str) -> bool:
        """Wait until the log of the stack's supervisor says so."""
        log = Layout(self._cache / "stack").log("supervisor")
        return wait_until(lambda: words in log.read_text(), self._moves)

    def _moves(self) -> Moves:
        stack = self._cache / "stack"
        return Layout(stack).logged_bytes(), cpu_of({entry.pid for entry in PidFiles(stack).running()})


def _is_run(block: Block) -> bool:
    return block.why_not_run is None and block.language in {SHELL, PYTHON}


def _as_shell(block: Block) -> str:
    return block.body if block.language == SHELL else f"python - <<'END'\n{block.body}END"


@pytest.fixture(scope="module")
def reader(alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:  # noqa: ARG001 - no other stack runs
    """Return a reader; the stack that the pages start is stopped at the end, even if a page fails."""
    made = Reader(tmp_path_factory.mktemp("reader") / "sightline")
    yield made
    made.run("make", "down")


def test_getting_started_brings_pictures_to_a_running_stack(reader):
    said = reader.follow("getting-started.md")
    assert f"{PICTURES} new, 0 known already, 0 refused" in said


def test_producing_adds_images_by_each_way_and_reads_them_back(reader):
    said = reader.follow("producing.md")
    assert f"0 new, {PICTURES} known already, 0 refused" in said
    assert f"\n0 {PICTURES} " in said, "what Python prints"
    assert "s3://images/yard/MDAlarm_20261102-075810.png" in said


def test_reviewing_asks_for_images_and_takes_a_verdict(reader):
    assert reader.waits_for(COMPLETE.format(PICTURES), "sightline status --json")
    said = reader.follow("reviewing.md")
    assert "kept, volunteered" in said or "kept, sampled" in said
    assert PICTURES == len((reader.folder / "sheet.csv").read_text().splitlines()) - 1


def test_events_bring_pictures_that_nobody_added(reader):
    said = reader.follow("events.md")
    assert "s3://images/porch/MDAlarm_20261102-075816.png" in said
    assert reader.waits_for(COMPLETE.format(PICTURES + MORE), "sightline status --json")


def test_operating_scales_kills_and_stops_the_stack(reader):
    said = reader.follow("operating.md")
    assert 'sightline_queue_messages{queue="labels"}' in said
    assert reader.supervisor_says("labels-0 died (-9), it is started again")
    assert 0 != reader.run("make", "status").returncode, "make down has stopped it"
