"""Listening without end: one thread for each queue, and an orderly stop."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import monotonic

import structlog

from sightline.errors import RetryableError
from sightline.queues.sqs import EventQueue, Received
from sightline.services.listening import Handled

log = structlog.get_logger()

MOST_WAITING = 10_000
"""While more images wait to be ingested, nothing is taken: SQS keeps messages for days, Redis in memory."""

HELD_BACK_SECONDS = 5.0
PAUSES_SECONDS = (2.0, 4.0, 8.0, 16.0, 30.0)
"""After the first failures in a row; after each later one the last."""

LOGGED_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Listening:
    """What the threads share. handle: carries out messages; waiting: how many images wait to be ingested.

    in_hand: one for each queue, held while messages of it are carried out; errors: what has ended a thread
    """

    handle: Callable[[Sequence[Received]], Handled]
    waiting: Callable[[], int]
    stopping: Event
    in_hand: list[Lock] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)


def listen(queues: Sequence[EventQueue], listening: Listening) -> None:
    """Listen until `stopping` is set, or to the first error that no waiting mends, which is raised.

    Messages in hand are finished. A thread that waits for messages is left to itself: what SQS hands it after that is
    handed out again.
    """
    for queue in queues:
        lock = Lock()
        listening.in_hand.append(lock)
        Thread(target=_run, args=(queue, listening, lock), name=f"listen {queue.name}", daemon=True).start()
    listening.stopping.wait()
    for lock in listening.in_hand:
        lock.acquire()  # for good: nothing more is begun
    if listening.errors:
        raise listening.errors[0]


def _run(queue: EventQueue, listening: Listening, lock: Lock) -> None:
    """Listen to one queue. However this ends, the process ends: it must not live on without one of its queues."""
    try:
        _until_stopped(queue, listening, lock)
    except Exception as error:  # noqa: BLE001 - `listen` raises it, in the main thread
        listening.errors.append(error)
    finally:
        listening.stopping.set()


def _until_stopped(queue: EventQueue, listening: Listening, lock: Lock) -> None:
    """Take and carry out messages. Those that a store or Redis failed for are tried again, and no others are taken.

    Each message that is taken counts against the queue's `maxReceiveCount`, so that an outage would have all of them
    end up in its dead-letter queue.
    """
    told, failures = Told(queue.name), 0
    held: Sequence[Received] = ()
    while not listening.stopping.is_set():
        try:
            held = held or _receive(queue, listening, told)
            with lock:
                if held and not listening.stopping.is_set():
                    handled = listening.handle(held)
                    queue.delete(handled.done)
                    told.add(handled.counts)
            held, failures = (), 0
        except RetryableError as error:
            log.warning("Events wait in their queue", queue=queue.name, error=str(error))
            listening.stopping.wait(PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)])
            failures += 1


def _receive(queue: EventQueue, listening: Listening, told: "Told") -> Sequence[Received]:
    """Take messages, unless too many images wait already."""
    if listening.waiting() > MOST_WAITING:
        told.add(Counter({"held back": 1}))
        listening.stopping.wait(HELD_BACK_SECONDS)
        return ()
    return queue.receive()


class Told:
    """Counts for the log: a line a minute while anything happens."""

    def __init__(self, queue: str, clock: Callable[[], float] = monotonic) -> None:
        self._queue, self._clock = queue, clock
        self._counts: Counter[str] = Counter()
        self._last = -LOGGED_EVERY_SECONDS

    def add(self, counts: Counter[str]) -> None:
        """Count, and log if the last line is a minute old."""
        self._counts.update(counts)
        if self._counts.total() and self._clock() - self._last >= LOGGED_EVERY_SECONDS:
            log.info("Events were carried out", queue=self._queue, **+self._counts)
            self._counts.clear()
            self._last = self._clock()
