"""Threads that run one at a time on a clock that jumps to whoever wakes next: hours of waiting in a moment."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event, Thread

from sightline.testing.clocks import MovingClock


class _Turn:
    """One thread, and when it is to go on."""

    def __init__(self, wakes_at: datetime) -> None:
        self.wakes_at = wakes_at
        self.may_go = Event()
        self.is_over = False


class ClockOfThreads(MovingClock):
    """To move it, as every fake does instead of sleeping, lets the other threads run until then.

    frozen: from when, and until when, nothing runs: whoever would wake meanwhile wakes at its end, one after the other
    """

    def __init__(self) -> None:
        super().__init__()
        self.frozen: tuple[datetime, datetime] | None = None
        self._turns: list[_Turn] = []
        self._current: _Turn | None = None
        self._yielded = Event()

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Run each of them in a thread, until all have ended; raise what the first of them raised."""
        errors: list[BaseException] = []
        for work in works:
            self._start(work, errors)
        while self._turns:
            turn = min(self._turns, key=lambda each: each.wakes_at)
            self.now = max(self.now, self._thawed(turn.wakes_at))
            self._current = turn
            self._yielded.clear()
            turn.may_go.set()
            assert self._yielded.wait(60), "a thread neither waited nor ended"
            if turn.is_over:
                self._turns.remove(turn)
        if errors:
            raise errors[0]

    def move(self, by: timedelta) -> None:
        if self._current is None:
            super().move(by)
            return
        turn = self._current
        turn.wakes_at = self.now + by
        turn.may_go.clear()
        self._yielded.set()
        turn.may_go.wait(60)

    def _start(self, work: Callable[[], None], errors: list[BaseException]) -> None:
        turn = _Turn(self.now)
        self._turns.append(turn)

        def body() -> None:
            turn.may_go.wait(60)
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the test must hear of it, whatever it is
                errors.append(error)
            turn.is_over = True
            self._yielded.set()

        Thread(target=body, daemon=True).start()

    def _thawed(self, at: datetime) -> datetime:
        return self.frozen[1] if self.frozen and self.frozen[0] <= at < self.frozen[1] else at
