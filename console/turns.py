"""A beat task's work, done by hand: under the same lease, noted as its last run, and not cut in time."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from tasks.services import Services
from tasks.turns import Turn, take_turn
from vision.errors import Unavailable
from vision.models import Json

AS_LONG_AS_IT_TAKES = timedelta(days=30)


class TakenElsewhere(Unavailable):
    """Another process does this work now."""

    rule = "one at a time may do it, and another process does it now"
    remedy = "Try again in a minute or two; `sightline status` shows the last runs"


def by_hand(name: str, services: Services, work: Callable[[Turn], Mapping[str, Json]]) -> Mapping[str, Json]:
    """Do the work of a beat task and give its outcome; raise TakenElsewhere where another does it."""
    outcomes: list[Mapping[str, Json]] = []

    def work_and_keep(turn: Turn) -> Mapping[str, Json]:
        outcomes.append(work(turn))
        return outcomes[0]

    if not take_turn(name, services, work_and_keep, AS_LONG_AS_IT_TAKES):
        raise TakenElsewhere(name)
    return outcomes[0]
