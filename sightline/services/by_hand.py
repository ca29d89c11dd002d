"""A beat task's work, done by hand: under the same lease, noted as its last run, and not cut in time."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from sightline.errors import Unavailable
from sightline.models.answers import Json
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun, run_under_lease

AS_LONG_AS_IT_TAKES = timedelta(days=30)


class TakenElsewhere(Unavailable):
    """Another process does this work now."""

    rule = "one at a time may do it, and another process does it now"
    remedy = "Try again in a minute or two; `sightline status` shows the last runs"


def by_hand(name: str, services: Services, work: Callable[[LeasedRun], Mapping[str, Json]]) -> Mapping[str, Json]:
    """Do the work of a beat task and give its outcome; raise TakenElsewhere where another does it."""
    outcomes: list[Mapping[str, Json]] = []

    def work_and_keep(run: LeasedRun) -> Mapping[str, Json]:
        outcomes.append(work(run))
        return outcomes[0]

    if not run_under_lease(name, services, work_and_keep, AS_LONG_AS_IT_TAKES):
        raise TakenElsewhere(name)
    return outcomes[0]
