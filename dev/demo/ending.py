"""How the demonstration ends: it says where to look, and keeps the console open for those who asked for that."""

import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from dev.stack.report import console, console_login
from dev.stack.stack import Stack

SERVING = {"operations": 1, "beat": 1, "web": 1}
"""What the console needs, and what keeps its figures and its list of new pictures up to date."""

SHOWS_ANSWERS = "the page New shows what the detector found"
"""Why whoever begins with New is no longer blind; an owner's first page is New."""


def wait_for_ctrl_c() -> None:
    """Wait without end: Ctrl-C raises KeyboardInterrupt here."""
    Event().wait()


def hold_open(stack: Stack, wait: Callable[[], None] = wait_for_ctrl_c) -> None:
    """Serve the console and say where, until Ctrl-C: that is how it is meant to end, so it is no error."""
    stack.start_workers(SERVING)
    where = f"{console(stack.layout.folder)}  {console_login(stack.env)}"
    blind = f"To review blind, begin at {console(stack.layout.folder)}/review: {SHOWS_ANSWERS}."
    print(f"\nThe console: {where}\n{blind}\nIt is open until you press Ctrl-C.", flush=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have it ignored by what they start with `&`
    with suppress(KeyboardInterrupt):
        wait()


def last_words(seconds: float, *, was_open: bool) -> str:
    """Return what the demonstration says when all is stopped: how to look at it, unless the reader just did."""
    ended = f"It took {seconds:.0f} s. Everything that was started is stopped."
    if was_open:
        return ended
    return (
        f"{ended}\n"
        "To look at it in a browser, run `make demo OPEN=1`: it says where, and with which user and password.\n"
        f"To review blind there, open /review first: {SHOWS_ANSWERS}.\n"
        "To have S3's events add images: `make up`, `. .cache/stack/env`, `python -m dev.demo.put --events FOLDER`"
        " (docs/events.md).\n"
        "To check a training set: `make up DETECTOR=objects`, `sightline verify-set` (docs/training-sets.md).\n"
        "To compare faces: `dev/install.sh faces`, `sightline compare SOURCE TARGET` (docs/comparing-faces.md).\n"
        "To know people who agreed to it: `dev/install.sh faces`, `sightline people enrol` (docs/known-people.md).\n"
        "To have frames of a video analysed, and be told their price first: `sightline add s3://images/yard/x.mp4`"
        " (docs/video.md)."
    )
