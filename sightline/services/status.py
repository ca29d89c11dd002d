"""What `status` reports, read from all stores at once. A section whose server is unavailable holds an error instead."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from beat_schedule import BEAT_SCHEDULE
from sightline.errors import SightlineError
from sightline.graph.protocol import GraphStore
from sightline.models.answers import Json
from sightline.models.images import ImageRow, ResultStatus, State
from sightline.progress import counted
from sightline.queues.names import QUEUE_NAMES
from sightline.queues.protocol import Standing
from sightline.rekognition.features import all_features
from sightline.rekognition.prices import price_list
from sightline.services.collaborators import Services
from sightline.services.rollups.report import models_seen
from sightline.services.usage import COST
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Entry, Ledger
from sightline.storage.operations.protocol import OperationStore

Section = dict[str, Any]

WAITING_READ = 2_000
"""Of how many unfinished images `parts` says what they wait for: it reads their rows."""

PART_COUNTS = ("waiting", *ResultStatus)


def images_section(images: ImageStore) -> Section:
    """Count images by state without a scan: the indexes of unfinished and ended ones, and the table's own count.

    DynamoDB renews that count every six hours or so, so `complete` is as old as `total_age_seconds` says.
    """
    total, age = images.count()
    counts = images.count_by_state()
    others = sum(number for state, number in counts.items() if state is not State.COMPLETE)
    return _images(counts | {State.COMPLETE: max(0, total - others)}, total, age.total_seconds())


def parts_section(images: ImageStore, features: Iterable[str]) -> Section:
    """Count by feature how many analyses of unfinished images wait, are answered, or are rejected."""
    ids = [each.image_id for each in islice(images.unfinished(), WAITING_READ)]
    return _results(images.get_many(ids).values(), features)


def exact_sections(rows: Iterable[ImageRow], features: Iterable[str]) -> tuple[Section, Section]:
    """Give both sections from every row, read once."""
    states: Counter[State] = Counter()

    def counted() -> Iterator[ImageRow]:
        for row in rows:
            states[row.state] += 1
            yield row

    parts = _results(counted(), features)
    return _images(states, sum(states.values()), 0.0), parts


def _images(counts: Mapping[State, int], total: int, age_seconds: float) -> Section:
    by_state = {str(state): counts.get(state, 0) for state in State}
    return {**by_state, "total": total, "total_age_seconds": age_seconds}


def _results(rows: Iterable[ImageRow], features: Iterable[str]) -> Section:
    """Count the parts of the features that are asked for now, and of those that rows still hold."""
    parts = {name: dict.fromkeys(PART_COUNTS, 0) for name in features}
    for row in rows:
        waiting = row.unsettled()
        for feature in row.wanted:
            status = "waiting" if feature in waiting else str(row.parts[feature].status)
            parts.setdefault(feature, dict.fromkeys(PART_COUNTS, 0))[status] += 1
    return parts


COUNTS = ("answered", "rejected", "open", "attempts", "ended_unknown")


def ledger_section(entries: Iterable[Entry]) -> dict[str, Any]:
    """Count by feature, of all time. open: claimed or given back, not settled; usd: cost of what was answered.

    An imported answer counts once its image was read: then it stands in a second entry, by its bytes.
    """
    features: dict[str, Any] = {}
    for entry in (each for each in entries if not each.analysis.is_unread):
        counts = features.setdefault(entry.analysis.feature, {**dict.fromkeys(COUNTS, 0), "usd": 0.0})
        counts[str(entry.status) if entry.is_settled else "open"] += 1
        counts["attempts"] += entry.attempts
        counts["ended_unknown"] += entry.unknown_attempts
        counts["usd"] = round(counts["usd"] + entry.cost_micro_usd / 1e6, 6)
    return dict(sorted(features.items()))


def models_section(services: Services) -> dict[str, Json]:
    """Give, for each watched label that has figures, its versions over the last 28 days, and the one that is new."""
    plan = services.accuracy
    last_day = plan.last_ended_day(services.clock())
    seen = {rule.label: models_seen(services.rollups, rule.label, last_day) for rule in plan.rules}
    return {label: _of_label(versions) for label, versions in seen.items() if versions}


def _of_label(versions: dict[str, tuple[str, str]]) -> dict[str, Json]:
    newest = max(versions, key=lambda model: versions[model])
    days = {model: {"first_day": first, "last_day": last} for model, (first, last) in versions.items()}
    changed = f"to {newest} on {versions[newest][0]}" if len(versions) > 1 else None
    return {"versions": days, "changed": changed}


PERIODS_LATE = 3
"""A run that is older than so many of its periods has been missed."""


def runs_section(
    operations: OperationStore, now: datetime, schedule: Mapping[str, Mapping[str, Any]] = BEAT_SCHEDULE
) -> dict[str, Any]:
    """Give the last run of each beat task that ran or should have, and whether it is overdue.

    A task that never ran is overdue where none ever did: there is no beat, or no worker for it. Where others ran, its
    first time has not come.
    """
    periods = {entry["task"]: _period(entry["schedule"]) for entry in schedule.values()}
    runs = operations.last_runs()
    never: dict[str, Any] = {"started_at": None, "took": None, "outcome": {}}
    return {
        name: {
            **(asdict(runs[name]) if name in runs else {"name": name, **never}),
            "is_overdue": name in periods
            and (runs[name].started_at < now - PERIODS_LATE * periods[name] if name in runs else not runs),
        }
        for name in sorted({*periods, *runs})
    }


def _period(schedule: Any) -> timedelta:
    """Give how often an entry is due: every so many seconds, or, where it goes by the clock, once a day."""
    if isinstance(schedule, timedelta):
        return schedule
    return timedelta(seconds=schedule) if isinstance(schedule, int | float) else timedelta(days=1)


LETTERS_SHOWN = 20
ENDINGS = {
    "answered": "answered",
    "rejected": "rejected",
    "throttled": "throttled",
    "failed": "failed",
    "unknown": "ended_unknown",
    "outdated": "outdated",
}
"""How a call may end, as it is counted and as it is told. outdated: answered, for bytes that had changed meanwhile."""

Gather = Callable[[], Section]


def status_report(services: Services, *, exact: bool = False) -> dict[str, Section]:
    """Gather everything; a section whose server is away holds `error` instead.

    exact: images, parts and a section `ledger` come from reading every row, with a bar.
    """
    s, now = services, services.clock()
    read = _exact(s) if exact else {}
    sections: dict[str, Gather] = {
        "images": lambda: images_section(s.images),
        "parts": lambda: parts_section(s.images, s.plan.features),
        "queues": lambda: queues_section(s.queues.read(QUEUE_NAMES), now),
        "calls": lambda: calls_section(s.operations, now, s.plan.features),
        "cost": lambda: cost_section(s.operations, now),
        "rates": lambda: {name: asdict(rate) for name, rate in s.limiter.rates().items()},
        "graph": lambda: graph_section(s.graph),
        "dead_letters": lambda: dead_letters_section(s.operations),
        "stopped": lambda: {each.stop_id: asdict(each) for each in s.operations.stops()},
        "models": lambda: models_section(s),
        "last_runs": lambda: runs_section(s.operations, now),
    }
    report: dict[str, Section] = {name: {} for name in sections} | read
    report |= _gather({name: do for name, do in sections.items() if name not in read})
    report["graph"]["behind"] = report["images"].get(State.ANALYSED)
    return report


def _gather(sections: Mapping[str, Gather]) -> dict[str, Section]:
    """Ask everybody at once: it takes as long as the slowest."""
    with ThreadPoolExecutor(len(sections), thread_name_prefix="status") as pool:
        return dict(zip(sections, pool.map(_or_error, sections.values()), strict=True))


def _or_error(gather: Gather) -> Section:
    try:
        return gather()
    except SightlineError as error:
        return {"error": str(error)}


def _exact(services: Services) -> dict[str, Section]:
    """Read every row, one table after the other."""
    s = services
    try:
        rows = counted(s.images.scan(), "reading images", s.images.count()[0])
        images, parts = exact_sections(rows, s.plan.features)
    except SightlineError as error:
        images = parts = {"error": str(error)}
    return {"images": images, "parts": parts, "ledger": _or_error(lambda: _read_ledger(s.ledger))}


def _read_ledger(ledger: Ledger) -> Section:
    return ledger_section(counted(ledger.scan(), "reading the ledger", ledger.count()[0]))


def queues_section(queues: Standing, now: datetime) -> Section:
    """Give each queue that holds messages, with the age of the oldest, and what is taken and not finished."""
    waiting = {
        name: {"messages": each.messages, "oldest_seconds": _age(each.sent_at, now)}
        for name, each in queues.waiting.items()
        if each.messages
    }
    return {"waiting": waiting, "unacknowledged": queues.unacknowledged}


def _age(sent_at: datetime | None, now: datetime) -> float | None:
    """Give an age in seconds. The sender's clock may be ahead of ours: that is no age below zero."""
    return None if sent_at is None else max(0.0, (now - sent_at).total_seconds())


def calls_section(operations: OperationStore, now: datetime, features: Iterable[str]) -> Section:
    """Give this month's calls by operation of Rekognition and how they ended: of `features`, and of all others called.

    A feature whose file is gone has no operation any more: its calls stand under its name.
    """
    endings: Section = {}
    counts = operations.calls(_month(now), _day(now))
    for name in (*features, *(name for name, _ in counts)):
        endings.setdefault(_operation(name), dict.fromkeys(ENDINGS.values(), 0))
    for (name, outcome), number in counts.items():
        if outcome != COST:
            told, ending = endings[_operation(name)], ENDINGS.get(outcome, outcome)
            told[ending] = told.get(ending, 0) + number
    return endings


def _operation(feature: str) -> str:
    return all_features()[feature].operation if feature in all_features() else feature


def cost_section(operations: OperationStore, now: datetime) -> Section:
    """Give today's and this month's cost by feature, in US dollars, and the price table that it comes from."""
    prices = price_list()
    return {
        "today_usd": _cost(operations, _day(now), _day(now)),
        "month_usd": _cost(operations, _month(now), _day(now)),
        "prices_as_of": prices.as_of.isoformat(),
        "prices_region": prices.region,
    }


def _cost(operations: OperationStore, first: str, last: str) -> dict[str, float]:
    calls = operations.calls(first, last)
    return {feature: number / 1e6 for (feature, kind), number in sorted(calls.items()) if kind == COST}


def _day(now: datetime) -> str:
    return now.date().isoformat()


def _month(now: datetime) -> str:
    return now.date().replace(day=1).isoformat()


def graph_section(graph: GraphStore) -> Section:
    """Give how much the graph holds."""
    counts = graph.counts()
    return {
        "images": counts.nodes.get("Image", 0),
        "relationships": sum(counts.relationships.values()),
        "nodes": dict(counts.nodes),
        "relationships_by_type": dict(counts.relationships),
    }


def dead_letters_section(operations: OperationStore) -> Section:
    """Count the open letters by error, and give the first of them whole."""
    by_error: dict[str, int] = {}
    shown: list[Section] = []
    for dead_letter in operations.dead_letters():
        by_error[dead_letter.error] = by_error.get(dead_letter.error, 0) + 1
        if len(shown) < LETTERS_SHOWN:
            shown.append(asdict(dead_letter))
    return {"open": sum(by_error.values()), "by_error": by_error, "first": shown}
