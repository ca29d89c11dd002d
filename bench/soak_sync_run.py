"""One run of the sync in its own process, which may be killed at any moment."""

import multiprocessing
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from multiprocessing.connection import Connection

from dev.stack.settings import settings_of
from dev.stack.waiting import Moves, wait_until
from dev.stack.watcher import seen
from sightline.bootstrap import connect, utc_now
from sightline.errors import SightlineError
from sightline.logs import configure_logs
from sightline.services.sync import Wish, sync_with

BEGUN, DONE = "begun", "done"


class SyncRun:
    """A process that syncs once. It is forked from a server that has imported the modules, so it starts fast.

    shift: how far its clock is ahead, so that rows count as old enough for the position to pass them
    """

    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload([__name__])

    def __init__(self, env: Mapping[str, str], fence: int, shift: timedelta, *, full: bool = False) -> None:
        self._ours, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_run, args=(dict(env), fence, shift, full, theirs), daemon=True)
        self._process.start()
        theirs.close()
        if not wait_until(self._ours.poll, self._moves):
            raise TimeoutError("the sync stands still before it has begun")
        self._ours.recv()

    def kill(self, after_seconds: float) -> bool:
        """Send kill -9 after so long; return whether it was still at work."""
        self._process.join(after_seconds)
        was_at_work = self._process.is_alive()
        self._process.kill()
        self._process.join()
        return was_at_work

    def end(self) -> str:
        """Wait for its end; return `done`, the error that it met, or that it stood still."""
        try:
            said = str(self._ours.recv()) if wait_until(self._ours.poll, self._moves) else "it stood still"
        except EOFError:
            said = "it ended without a word"
        if said == DONE:
            wait_until(lambda: not self._process.is_alive(), self._moves)
        self.kill(0)
        return said

    def _moves(self) -> Moves:
        return seen(self._process.pid or 0)


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
