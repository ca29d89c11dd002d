"""What is wrong, from a status report: what a person should hear of, with what to do and where.

The conditions are those of `deploy/prometheus-alerts.yml` that one look can tell.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sightline.models.budgets import ALARMS_PERCENT
from sightline.models.images import Lane
from sightline.queues.names import QUEUE_NAMES
from sightline.spelling import spell
from sightline.storage.pauses import Cause
from sightline.web.rendering import link

Section = Mapping[str, Any]

OLD = timedelta(minutes=10)
"""A live queue whose next message has waited for longer is too slow."""

SLOWED = 0.7
"""Of the quota. One throttled call lowers the rate to 0.82 of it for a quarter of a minute: that alone is no alarm."""

BACKFILL = f".{Lane.BACKFILL}"
RESUMED = (Cause.BRAKE, Cause.CAMERA)
"""Stops that last until somebody ends them."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong. address: the page that helps, with its name in `page`."""

    what: str
    remedy: str
    address: str | None = None
    page: str = ""


def alarms(report: Mapping[str, Section]) -> list[Alarm]:
    """Return what is wrong; sections that hold an error, or were not read yet, are no evidence."""
    there = {name: section for name, section in report.items() if "error" not in section}
    return [alarm for name, look in _LOOKS.items() if name in there for alarm in look(there[name])]


def _stopped(section: Section) -> Iterator[Alarm]:
    for stop_id, stop in section.items():
        what = "images without a camera" if stop["camera"] == "" else stop["camera"] or stop["queue"]
        if stop["cause"] in RESUMED:
            address, page = link("/status/resume", stop=stop_id), "Let it go on"
        else:
            address, page = None, ""
        yield Alarm(f"{what} is stopped: {stop['reason']}", _REMEDIES.get(stop["cause"], ""), address, page)


_REMEDIES = {
    Cause.BRAKE: "Mend the cause, then let it go on",
    Cause.CAMERA: "Mend the cause, then let it go on",
    Cause.REFUSED: "It goes on by itself once the refusal has ended",
    Cause.CANCELLED: "It is taken from again by itself; see who reaches Redis",
}


def _queues(section: Section) -> Iterator[Alarm]:
    for name, queue in section["waiting"].items():
        seconds = queue["oldest_seconds"]
        is_live = name in QUEUE_NAMES and not name.endswith(BACKFILL)
        if is_live and seconds is not None and seconds > OLD.total_seconds():
            what = f"The next message of {name} has waited for {spell(seconds)}"
            yield Alarm(what, "See whether its workers run, and whether it needs more of them")


def _redis(section: Section) -> Iterator[Alarm]:
    if section["evicted"] or section["policy"].startswith("allkeys"):
        yield Alarm("Redis drops keys, so messages may be lost", "Set its maxmemory-policy to noeviction")


def _rates(section: Section) -> Iterator[Alarm]:
    for name, rate in section.items():
        if rate["rate"] < SLOWED * rate["quota"]:
            remedy = "It rises by itself; if it does not, the account's quota is lower than configured"
            yield Alarm(
                f"Rekognition throttles {name}: {rate['rate']:.1f} calls a second now", remedy, "/rates", "Rates"
            )


def _refusing(section: Section) -> Iterator[Alarm]:
    for reader, places in section.items():
        for place, error in places.items():
            address = link("/dead", error=error) if error else None
            yield Alarm(
                f"{place} refuses its images ({reader})", "One image is tried each minute", address, error or ""
            )


def _dead_letters(section: Section) -> Iterator[Alarm]:
    if section["open"]:
        number = section["open"]
        what = f"{number:,} input was refused" if number == 1 else f"{number:,} inputs were refused"
        yield Alarm(what, "Each says why, and what to do", "/dead", "Dead letters")


def _budget(section: Section) -> Iterator[Alarm]:
    for cap, each in section.get("caps", {}).items():
        if percent := each["alarm_percent"]:
            what = f"{percent} % of the cap {cap} is reached: {each['taken_usd']:.2f} USD are taken"
            yield Alarm(what, _OF_A_CAP[percent == ALARMS_PERCENT[-1]], "/cost", "Cost")


_OF_A_CAP = {
    False: "See what was billed, and when it will be reached",
    True: "Calls wait for the next UTC day or month, or for a higher SIGHTLINE_BUDGET",
}


def _runs(section: Section) -> Iterator[Alarm]:
    late = [name for name, run in section.items() if run["is_overdue"]]
    if late:
        yield Alarm(f"Overdue: {', '.join(late)}", "See whether beat and a worker of the queue operations run")


_LOOKS = {
    "stopped": _stopped,
    "refusing": _refusing,
    "queues": _queues,
    "redis": _redis,
    "rates": _rates,
    "last_runs": _runs,
    "budget": _budget,
    "dead_letters": _dead_letters,
}
