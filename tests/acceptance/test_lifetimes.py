"""A test run, the demonstration and a soak are killed at a random moment: nothing that they started is left."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from dev.stack import watcher
from dev.stack.folders import CHECKOUT
from dev.stack.processes import cpu_of, inherited
from dev.stack.waiting import wait_until
from sightline.testing.fake import picture
from tests.commands import unmeasured

pytestmark = pytest.mark.acceptance

SOON_SECONDS = 10.0
PICTURES = 40


@dataclass(frozen=True)
class Kind:
    """One kind of parent. processes: how many run in the end; which of them run when it is killed is random."""

    arguments: tuple[str, ...]
    processes: int
    number: signal.Signals = signal.SIGKILL


TEST_RUN = ("pytest", str(CHECKOUT / "tests/acceptance/held.py"), "-n", "2", "-p", "no:cacheprovider")
KINDS = {
    "a test run": Kind(TEST_RUN, 10),
    "a test run that is interrupted": Kind(TEST_RUN, 10, signal.SIGINT),
    "the demonstration": Kind(("dev.demo", "--images", "pictures"), 15),
    "a soak": Kind(("bench.soak", "--images", "40", "--minutes", "1"), 20),
}


class Family:
    """A parent and all processes with its mark, and their watchers, which have none."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.mark = uuid4().hex
        self._watchers: dict[int, int] = {}
        own = {"FAMILY": self.mark, "PYTHONPATH": str(CHECKOUT), "TMPDIR": str(folder)}
        with (folder / "said.txt").open("wb") as said:
            self.parent = subprocess.Popen(
                # What runs in the background of a shell ignores SIGINT, and so would its children.
                ["env", "--default-signal=INT", sys.executable, "-m", *kind.arguments],
                cwd=folder,
                env=unmeasured(inherited()) | own,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def living(self) -> list[watcher.Seen]:
        everything = watcher.all_seen()
        marked = {each.pid for each in everything if watcher.carries(each.pid, self.mark)}
        self._watchers |= {each.pid: each.started for each in everything if _watches(each.pid) in marked}
        watchers = self._watchers
        return [each for each in everything if each.pid in marked or watchers.get(each.pid) == each.started]

    def is_at_work(self, processes: int) -> bool:
        assert self.parent.poll() is None
        return len(self.living()) >= processes

    def moves(self) -> tuple[int, int]:
        living = self.living()
        return len(living), cpu_of({each.session for each in living})


def _watches(pid: int) -> int:
    """Return the parent of a watcher; 0 for all other processes."""
    with suppress(OSError):
        if watcher.__file__.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def family(alone: None, kind: Kind, tmp_path: Path) -> Iterator[Family]:
    assert alone is None
    (tmp_path / "pictures").mkdir()
    for shade in range(PICTURES):
        (tmp_path / "pictures" / f"{shade}.jpg").write_bytes(picture(shade))
    made = Family(kind, tmp_path)
    yield made
    for each in made.living():
        with suppress(ProcessLookupError):
            os.kill(each.pid, signal.SIGKILL)
    made.parent.wait()


def test_nothing_outlives_a_parent_that_dies_at_any_moment(family, kind, tmp_path):
    chance = random.SystemRandom()
    dies_with, later = chance.randint(2, kind.processes), chance.uniform(0, 3)
    assert wait_until(lambda: family.is_at_work(dies_with), family.moves)
    Event().wait(later)
    family.living()  # the last look at which process watches which
    family.parent.send_signal(kind.number)
    family.parent.wait()
    is_over = wait_until(lambda: not family.living(), lambda: len(family.living()), standstill=SOON_SECONDS)
    assert is_over, (dies_with, family.living(), (tmp_path / "said.txt").read_text())
    if kind.number is signal.SIGKILL:  # a parent that can exit by itself keeps its folder, so that its logs can be read
        assert [] == [folder for folder in tmp_path.rglob("stack") if ".cache" not in folder.parts]
