"""The demonstration ends by saying where to look; with OPEN=1 it holds the console open until Ctrl-C."""

import signal
from types import SimpleNamespace

import pytest

from dev.demo.__main__ import DemoFailed, main
from dev.demo.ending import hold_open
from dev.stack.layout import Layout, write_privately
from tests.commands import run
from tests.documents import CHECKOUT

LOGIN = {"SIGHTLINE_WEB_FIRST_USER": "sightline", "SIGHTLINE_WEB_FIRST_PASSWORD": "drawn at random"}
STOPPED = "Everything that was started is stopped."


def recipe(*arguments):
    """Return what `make demo` would run."""
    return run(["make", "--no-print-directory", "-n", "demo", *arguments], folder=CHECKOUT).stdout


def ended_by(error):
    def demonstrate(*_: object, **__: object) -> None:
        raise error

    return demonstrate


def test_it_holds_the_console_open_and_says_where_until_ctrl_c(tmp_path, capsys):
    started: list[str] = []
    write_privately(tmp_path / "remembered.json", '{"ports": {"web": "20080"}, "passwords": {}}')
    stack = SimpleNamespace(layout=Layout(tmp_path), env=LOGIN, start_workers=started.extend)
    said: list[str] = []

    def press_ctrl_c() -> None:
        assert "web" in started
        said.append(capsys.readouterr().out)
        raise KeyboardInterrupt

    hold_open(stack, press_ctrl_c)  # type: ignore[arg-type]
    (words,) = said
    assert "The console: http://127.0.0.1:20080  user sightline, password drawn at random\n" in words
    assert "\nTo review blind, begin at http://127.0.0.1:20080/review: the page New shows" in words
    assert "until you press Ctrl-C" in words


def test_ctrl_c_is_heard_even_if_a_shell_started_it_in_the_background(tmp_path):
    write_privately(tmp_path / "remembered.json", '{"ports": {"web": "20080"}, "passwords": {}}')
    stack = SimpleNamespace(layout=Layout(tmp_path), env=LOGIN, start_workers=lambda _: None)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def press_ctrl_c() -> None:
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it was not interrupted")

    try:
        hold_open(stack, press_ctrl_c)  # type: ignore[arg-type]
    finally:
        signal.signal(signal.SIGINT, before)


def test_its_last_words_say_how_to_look_at_it(capsys):
    asked = []
    assert 0 == main([], lambda images, *, is_open: asked.append((images, is_open)))
    *_, stopped, where, blind, events, sets, faces, people, video = capsys.readouterr().out.splitlines()
    assert stopped.endswith(STOPPED)
    assert "`make demo OPEN=1`" in where
    assert "open /review first: the page New shows what the detector found" in blind
    assert "docs/events.md" in events
    assert "docs/training-sets.md" in sets
    assert "docs/comparing-faces.md" in faces
    assert "docs/known-people.md" in people
    assert "docs/video.md" in video
    assert [(None, False)] == asked


def test_who_has_looked_is_not_told_again(capsys):
    asked = []
    assert 0 == main(["--open"], lambda _, *, is_open: asked.append(is_open))
    assert capsys.readouterr().out.splitlines()[-1].endswith(STOPPED)
    assert [True] == asked


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [(KeyboardInterrupt(), 130, STOPPED), (DemoFailed("the frames"), 1, "The demonstration failed. the frames")],
    ids=["interrupted", "failed"],
)
def test_it_says_nothing_of_a_browser_if_it_did_not_come_to_its_end(capsys, error, code, words):
    assert code == main([], ended_by(error))
    said = capsys.readouterr()
    assert ("", True) == (said.out, words in said.err)


@pytest.mark.parametrize(("arguments", "is_open"), [((), False), (("OPEN=1",), True)])
def test_make_passes_open_on(arguments, is_open):
    assert is_open == ("--open" in recipe(*arguments))
