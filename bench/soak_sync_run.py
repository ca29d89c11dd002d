"""One run of the sync in a process of its own, which may be killed at any moment."""

import multiprocessing
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from multiprocessing.connection import Connection

from bench.soak_environment import settings_of
from dev.stack.waiting import wait_until
from dev.stack.watcher import seen
from sightline.bootstrap import connect, utc_now
from sightline.errors import SightlineError
from sightline.logs import configure_logs
from sightline.services.sync import Wish, sync_with

BEGUN, DONE = "begun", "done"
BEGIN_SECONDS = 60


class SyncRun:
    """A process that syncs once. Forked from a server that has read the modules, so that it begins soon.

    shift: how far its clock is ahead: rows count as old enough for the position to pass them
    """

    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload([__name__])

    def __init__(self, env: Mapping[str, str], fence: int, shift: timedelta, *, full: bool = False) -> None:
        self._ours, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_run, args=(dict(env), fence, shift, full, theirs), daemon=True)
        self._process.start()
        theirs.close()
        if not wait_until(self._ours.poll, lambda: seen(self._process.pid or 0)):
            raise TimeoutError("the sync did not begin, and stands still")
        self._ours.recv()

    def kill(self, after_seconds: float) -> bool:
        """Kill -9 it after so long; return whether it was still at work."""
        self._process.join(after_seconds)
        was_at_work = self._process.is_alive()
        self._process.kill()
        self._process.join()
        return was_at_work

    def end(self, seconds: float) -> str:
        """Wait for its end; give `done`, or the error that it met, or that it was too long."""
        try:
            said = str(self._ours.recv()) if self._ours.poll(seconds) else f"it did not end within {seconds:g} s"
        except EOFError:
            said = "it ended without a word"
        self.kill(0 if said != DONE else BEGIN_SECONDS)
        return said


def _run(env: dict[str, str], fence: int, shift: timedelta, full: bool, tell: Connection) -> None:  # noqa: FBT001 - a process takes its arguments by position
    configure_logs("WARNING", as_json=False)
    services = connect(settings_of(env))
    shifted = replace(services, clock=lambda: utc_now() + shift)
    tell.send(BEGUN)
    try:
        sync_with(shifted).run(fence, lambda: True, Wish(full=full))
        tell.send(DONE)
    except SightlineError as error:
        tell.send(str(error))
