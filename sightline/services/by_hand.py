"""Run a beat task's work from the command line: under the same lease, recorded as its last run, with no time limit."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from sightline.errors import Unavailable
from sightline.models.answers import Json
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun, run_under_lease

AS_LONG_AS_IT_TAKES = timedelta(days=30)


class TakenElsewhere(Unavailable):
    """Another process is doing this work."""

    rule = "one process at a time may do it, and another one is doing it now"
    remedy = "Try again in a minute or two; `sightline status` shows the last runs"


def by_hand(name: str, services: Services, work: Callable[[LeasedRun], Mapping[str, Json]]) -> Mapping[str, Json]:
    """Do the work of a beat task and return its outcome; raise TakenElsewhere if another process is doing it."""
    outcomes: list[Mapping[str, Json]] = []

    def work_and_keep(run: LeasedRun) -> Mapping[str, Json]:
        outcomes.append(work(run))
        return outcomes[0]

    if not run_under_lease(name, services, work_and_keep, AS_LONG_AS_IT_TAKES):
        raise TakenElsewhere(name)
    return outcomes[0]
