"""A beat task's turn: one at a time, cut in time, and with a note of what came of it for `sightline status`.

Two beats, or a turn that lasts longer than its period, are harmless: a second turn finds the lease taken and does
nothing. A process that dies leaves its lease behind for a minute.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Event

import structlog

from sightline.errors import SightlineError
from sightline.models.answers import Json
from sightline.services.collaborators import Services
from sightline.storage.leases import Lease
from sightline.storage.operations import Operations
from sightline.storage.runs import LastRun
from sightline.timing import RUN_LEASE, RUN_LIMIT

log = structlog.get_logger()


class LeasedRun:
    """The right to work, for a while. Ask `goes_on` before each piece of work."""

    def __init__(
        self,
        lease: Lease,
        operations: Operations,
        clock: Callable[[], datetime],
        stopping: Event,
        lasts: timedelta = RUN_LIMIT,
    ) -> None:
        self.lease = lease
        self._operations = operations
        self._clock = clock
        self._stopping = stopping
        self._until = clock() + lasts

    def goes_on(self) -> bool:
        """Return whether there is time for another piece of work, and the lease is still ours. Renews the lease."""
        if self._stopping.is_set() or self._clock() >= self._until:
            return False
        renewed = self._operations.leases.acquire(self.lease.name, self.lease.holder, RUN_LEASE)
        return renewed is not None and renewed.fence == self.lease.fence


def run_under_lease(
    name: str, services: Services, work: Callable[[LeasedRun], Mapping[str, Json]], lasts: timedelta = RUN_LIMIT
) -> bool:
    """Do the work and note its outcome under `name`; return whether it was this process's turn.

    An error is noted as well, and raised.
    """
    started = services.clock()
    lease = services.operations.leases.acquire(name, uuid.uuid4().hex, RUN_LEASE)
    if lease is None:
        log.info("Another process has this turn", task=name)
        return False
    outcome: Mapping[str, Json] = {}
    try:
        outcome = work(LeasedRun(lease, services.operations, services.clock, services.stopping, lasts))
    except SightlineError as error:
        outcome = {"error": str(error)}
        raise
    finally:
        services.operations.runs.note(LastRun(name, started, services.clock() - started, outcome))
        services.operations.leases.release(lease)
    return True
