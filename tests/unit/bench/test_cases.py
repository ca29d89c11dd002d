"""The reported cases: those without servers come out right, and a line says so only if that is what was seen."""

import hashlib
from collections import Counter
from threading import Event
from typing import cast

import pytest

from bench import cases_memory
from bench.cases import GROUPS, report
from bench.cases_outcome import Case, Outcome, Seen, try_all
from bench.cases_stack import Files, StackCases
from bench.reported import Snapshot, Uploader, empty_then_whole, uploads, with_clips
from bench.soak_environment import Environment

DAY = "2026-11-28"
CASES = [case for group in GROUPS if group is not cases_memory for case in group.cases()]
"""All without servers but those of memory, which take minutes on a busy machine."""


def case(seen: Seen) -> Case:
    return Case("a name", "something is done", "nothing happens", lambda: seen)


def dies() -> Seen:
    message = "no such bucket"
    raise LookupError(message)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_without_servers_comes_out_right(case):
    (outcome,) = try_all([case])
    assert outcome.seen.is_right, outcome


def test_a_line_says_what_was_done_expected_and_seen():
    line = "a name: something is done; expected nothing happens; seen this"
    assert f"ok      {line}" == str(Outcome(case(Seen("this", is_right=True)), Seen("this", is_right=True)))
    assert f"BROKEN  {line}" == str(Outcome(case(Seen("this", is_right=False)), Seen("this", is_right=False)))


def test_a_case_that_dies_is_broken_and_the_next_one_is_tried(capsys):
    assert 1 == report([Case("a name", "this", "that", dies), case(Seen("that", is_right=True))])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("BROKEN")
    assert "LookupError('no such bucket')" in first
    assert second.startswith("ok")


def test_no_two_cases_have_one_name():
    on_stack = StackCases(cast("Environment", None), Files(DAY)).cases()
    names = Counter(each.name for each in [*CASES, *cases_memory.cases(), *on_stack])
    assert {} == {name: number for name, number in names.items() if number > 1}


def test_every_picture_of_the_stack_has_bytes_of_its_own():
    files = Files(DAY)
    pictures = [*files.pictures()]
    assert len(pictures) == len({hashlib.sha256(each).digest() for each in pictures})
    uris = [each.uri for each in (*files.ftp, *files.gate, *files.porch, *files.foreign)]
    assert len(uris) == len(set(uris))


class NotingUploader(Uploader):
    """Notes what is uploaded, and whether it is announced."""

    def __init__(self) -> None:
        super().__init__(cast("Environment", None))
        self.done: list[tuple[str, int, bool]] = []

    def put(self, uri: str, data: bytes) -> None:
        self.done.append((uri, len(data), False))

    def upload(self, uri: str, data: bytes) -> None:
        self.done.append((uri, len(data), True))


def test_files_are_empty_three_at_a_time_before_they_are_whole():
    uploader, files = NotingUploader(), uploads("images", "ftp", 4, DAY)
    empty_then_whole(uploader, files, 0.0)
    names = {each.uri: number for number, each in enumerate(files)}
    told = [(names[uri], size > 0) for uri, size, is_announced in uploader.done if is_announced]
    whole, empty = True, False
    assert [
        *((0, empty), (1, empty), (2, empty), (0, whole), (1, whole), (2, whole)),
        *((3, empty), (3, whole)),
    ] == told


def test_each_snapshot_has_its_clip_and_its_index():
    uploader = NotingUploader()
    with_clips(uploader, uploads("images", "mix", 2, DAY), 0.0)
    assert [".jpg", ".mp4", ".idx"] * 2 == [uri[-4:] for uri, _, _ in uploader.done]
    assert all(is_announced for _, _, is_announced in uploader.done)


def test_a_snapshot_is_overwritten_until_it_is_told_to_stop():
    uploader, until = NotingUploader(), Event()
    snapshot = Snapshot("s3://images/door/latest.jpg", ["a", "b", "c"])
    snapshot.overwrite(uploader, 0.0, until)
    assert [True] * 3 == [is_announced for _, _, is_announced in uploader.done]
    until.set()
    snapshot.overwrite(uploader, 0.0, until)
    assert ["a", "b", "c", "a"] == snapshot.written
