"""Beginnings, stops and outcomes in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from sightline.storage.operations.protocol import BEGINNINGS_LAST
from sightline.storage.operations.stops import OUTCOMES_KEPT, Cause, Stop


class InMemoryFlow:
    """What the twin knows of how work flows, with the rules of the real store."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._now = clock
        self._begun: dict[str, dict[str, datetime]] = {}
        self._stops: dict[str, Stop] = {}
        self._outcomes: dict[str, tuple[str, ...]] = {}
        self._flow_lock = Lock()

    def begin_step(self, step_id: str, attempt_id: str) -> None:
        """Note that a step begins."""
        with self._flow_lock:
            self._begun.setdefault(step_id, {})[attempt_id] = self._now()

    def beginnings(self, step_id: str) -> dict[str, datetime]:
        """Give the beginnings that were noted since the step last ended."""
        with self._flow_lock:
            noted = dict(self._begun.get(step_id, {}))
        return {attempt: at for attempt, at in noted.items() if at + BEGINNINGS_LAST > self._now()}

    def end_step(self, step_id: str) -> None:
        """Forget the beginnings."""
        with self._flow_lock:
            self._begun.pop(step_id, None)

    def stop(self, stop: Stop) -> None:
        """Keep a stop; one that stands keeps its time."""
        with self._flow_lock:
            before = self._stops.get(stop.stop_id, stop)
            self._stops[stop.stop_id] = replace(stop, at=before.at)

    def resume(self, queue: str, cause: Cause) -> bool:
        """Forget a stop; say whether there was one."""
        with self._flow_lock:
            return self._stops.pop(f"{cause}#{queue}", None) is not None

    def stops(self) -> Iterator[Stop]:
        """Give the stops that stand."""
        with self._flow_lock:
            stops = sorted(self._stops.values(), key=lambda stop: stop.stop_id)
        yield from (stop for stop in stops if stop.until is None or stop.until > self._now())

    def note_outcomes(self, lane: str, outcomes: Sequence[str]) -> tuple[str, ...]:
        """Add a lane's outcomes to its last ones; give those."""
        with self._flow_lock:
            self._outcomes[lane] = (*self._outcomes.get(lane, ()), *outcomes)[-OUTCOMES_KEPT:]
            return self._outcomes[lane]

    def forget_outcomes(self, lane: str) -> None:
        """Begin anew with a lane's outcomes."""
        with self._flow_lock:
            self._outcomes[lane] = ()
