"""Which of its queues a worker takes from: all but stopped lanes and those that wait for money.

It takes from none while its configuration is refused.

A queue that is not taken from keeps its messages; what is in hand is finished or goes back. Anybody who reaches Redis
can tell Celery to cancel a consumer, so what is really taken from is compared with what should be, and mended.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from celery.worker.consumer import Consumer

from sightline.errors import SightlineError
from sightline.services.collaborators import Services
from sightline.services.treasury import waits_for_money
from sightline.services.worker_breaker import WorkerBreaker
from sightline.storage.operations import Operations
from sightline.storage.pauses import Cause, Stop

log = structlog.get_logger()

LOOK_SECONDS = 1.0
STOPS_READ_EVERY = timedelta(seconds=5)
SAID_FOR = timedelta(minutes=2)
"""How long `status` shows that a worker is refused if that worker is not heard from again."""

TOLD_FOR = timedelta(minutes=10)
"""How long `status` shows that queues were cancelled from outside, and are taken from again."""

LOOKS_BEFORE_MENDING = 3
"""So many looks in a row must differ: a change that is asked of the consumer takes effect a moment later."""

INGEST = "ingest"


class QueueSubscriptions:
    """The queues that Celery's consumer takes messages from.

    A change is made in the consumer's own thread and all at once, because its event loop keeps no order.
    """

    def __init__(self, consumer: Any) -> None:  # a Consumer, of which Celery's stubs know too little
        self._consumer = consumer

    def taken(self) -> list[str]:
        """Return the queues that are really taken from, in order; without a connection, those of the next one."""
        selected, consumer = list(self._consumer.app.amqp.queues.consume_from), self._consumer.task_consumer
        return [queue for queue in selected if consumer is None or consumer.consuming_from(queue)]

    def change(self, leave: Sequence[str], take: Sequence[str]) -> None:
        """Take no more from some queues, then begin to take from others, in this order."""
        self._consumer.call_soon(self._change, list(leave), list(take))

    def _change(self, leave: list[str], take: list[str]) -> None:
        """First say what a new connection is to take from: this one may be lost at any line, or be lost already."""
        queues = self._consumer.app.amqp.queues
        queues.deselect(leave)
        for queue in take:
            queues.select_add(queues[queue])
        if self._consumer.task_consumer is None:
            return
        for queue in leave:
            self._consumer.task_consumer.cancel_by_queue(queue)
        for queue in take:
            self._consumer.add_task_queue(queue)


class ConsumptionControl:
    """Checks every second which queues may be taken from, and changes the subscriptions to match."""

    def __init__(
        self,
        queues: Sequence[str],
        subscriptions: QueueSubscriptions,
        worker_breaker: WorkerBreaker,
        operations: Operations,
        clock: Callable[[], datetime],
        waits_for_money: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._waits_for_money = waits_for_money
        self._queues = list(queues)
        self._taken = list(queues)
        self._subscriptions = subscriptions
        self._worker_breaker = worker_breaker
        self._operations = operations
        self._clock = clock
        self._stopped: set[str] = set()
        self._read_at: datetime | None = None
        self._said_at: datetime | None = None
        self._looks_that_differ = 0

    @property
    def leaves_some(self) -> bool:
        """Return whether the worker leaves a queue of its own on purpose."""
        return self._taken != self._queues

    def missing(self) -> list[str]:
        """Return the queues that should be taken from and are not: somebody outside cancelled them."""
        really = self._subscriptions.taken()
        return [queue for queue in self._taken if queue not in really]

    def look(self) -> None:
        """Compare the queues taken from with those allowed.

        While the store is unavailable, the stops read last stay in force.
        """
        try:
            self._read_stops()
            self._say_refused()
        except SightlineError as error:
            log.warning("Stopped lanes cannot be read or told", error=str(error))
        may_take_work = self._worker_breaker.may_take_work()
        leaves = self._stopped | {queue for queue in self._queues if self._waits_for_money(queue)}
        may = [queue for queue in self._queues if may_take_work and queue not in leaves]
        if may != self._taken:
            log.warning("This worker changes what it takes from", queues=may, before=self._taken)
            self._change(self._taken, may)
        else:
            self._mend()

    def _change(self, before: list[str], may: list[str]) -> None:
        """Leave all queues and take them again if one is added: live goes before backfill by the order of taking."""
        if set(may) < set(before):
            self._subscriptions.change([queue for queue in before if queue not in may], [])
        else:
            self._subscriptions.change(before, may)
        self._taken = may
        self._looks_that_differ = 0

    def _mend(self) -> None:
        """Take again what was cancelled from outside, leave what was added, and tell."""
        really = self._subscriptions.taken()
        self._looks_that_differ = self._looks_that_differ + 1 if really != self._taken else 0
        if self._looks_that_differ < LOOKS_BEFORE_MENDING:
            return
        missing = self.missing()
        log.error(
            "What this worker takes from was changed from outside; it is put right", takes=really, should=self._taken
        )
        self._change(really, self._taken)
        self._tell_cancelled(missing)

    def _tell_cancelled(self, queues: Sequence[str]) -> None:
        now = self._clock()
        reason = "a worker's consumer was cancelled from outside; it takes from this queue again. See who reaches Redis"
        try:
            for queue in queues:
                self._operations.pauses.stop(Stop(queue, Cause.CANCELLED, reason, now, now + TOLD_FOR))
        except SightlineError as error:
            log.warning("Cancelled queues cannot be told", error=str(error))

    def _read_stops(self) -> None:
        """Only ingest has lanes to stop; it reads them every five seconds."""
        now = self._clock()
        if self._queues[0] == INGEST and (self._read_at is None or now - self._read_at >= STOPS_READ_EVERY):
            self._stopped = {each.queue for each in self._operations.pauses.stops() if each.cause is Cause.BRAKE}
            self._read_at = now

    def _say_refused(self) -> None:
        now, reason = self._clock(), self._worker_breaker.reason
        if reason and (self._said_at is None or now - self._said_at >= SAID_FOR / 2):
            for queue in self._queues:
                self._operations.pauses.stop(Stop(queue, Cause.REFUSED, reason, now, now + SAID_FOR))
            self._said_at = now
        elif self._said_at and not reason:
            for queue in self._queues:
                self._operations.pauses.resume(queue, Cause.REFUSED)
            self._said_at = None


def start_consumption_control(consumer: Consumer, services: Services) -> ConsumptionControl:
    """Look once before the first message is taken, then from a thread until the worker stops."""
    queues = list(consumer.app.amqp.queues.consume_from)
    keeper = ConsumptionControl(
        queues,
        QueueSubscriptions(consumer),
        services.worker_breaker,
        services.operations,
        services.clock,
        partial(waits_for_money, services.treasury),
    )
    threading.Thread(target=_keep, args=(keeper, services.stopping), name="circuit-breakers", daemon=True).start()
    return keeper


def _keep(keeper: ConsumptionControl, stopping: threading.Event) -> None:
    while True:
        keeper.look()
        if stopping.wait(LOOK_SECONDS):
            return
