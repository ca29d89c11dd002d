"""What `status` says, gathered from all stores at once. A server that is away is named, and the rest is still said."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime

from sightline.errors import SightlineError
from sightline.graph.protocol import GraphStore
from sightline.models.images import State
from sightline.progress import counted
from sightline.queues.names import QUEUE_NAMES
from sightline.queues.protocol import Standing
from sightline.rekognition.features import all_features
from sightline.rekognition.prices import price_list
from sightline.services.collaborators import Services
from sightline.services.status_images import Section, exact_sections, images_section, parts_section
from sightline.services.status_ledger import ledger_section
from sightline.services.status_models import models_section
from sightline.services.status_runs import runs_section
from sightline.services.usage import COST
from sightline.storage.ledger.protocol import Ledger
from sightline.storage.operations import Operations

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
        "stopped": lambda: {each.stop_id: asdict(each) for each in s.operations.pauses.stops()},
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


def calls_section(operations: Operations, now: datetime, features: Iterable[str]) -> Section:
    """Give this month's calls by operation of Rekognition and how they ended: of `features`, and of all others called.

    A feature whose file is gone has no operation any more: its calls stand under its name.
    """
    endings: Section = {}
    counts = operations.usage.calls(_month(now), _day(now))
    for name in (*features, *(name for name, _ in counts)):
        endings.setdefault(_operation(name), dict.fromkeys(ENDINGS.values(), 0))
    for (name, outcome), number in counts.items():
        if outcome != COST:
            told, ending = endings[_operation(name)], ENDINGS.get(outcome, outcome)
            told[ending] = told.get(ending, 0) + number
    return endings


def _operation(feature: str) -> str:
    return all_features()[feature].operation if feature in all_features() else feature


def cost_section(operations: Operations, now: datetime) -> Section:
    """Give today's and this month's cost by feature, in US dollars, and the price table that it comes from."""
    prices = price_list()
    return {
        "today_usd": _cost(operations, _day(now), _day(now)),
        "month_usd": _cost(operations, _month(now), _day(now)),
        "prices_as_of": prices.as_of.isoformat(),
        "prices_region": prices.region,
    }


def _cost(operations: Operations, first: str, last: str) -> dict[str, float]:
    calls = operations.usage.calls(first, last)
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


def dead_letters_section(operations: Operations) -> Section:
    """Count the open letters by error, and give the first of them whole."""
    by_error: dict[str, int] = {}
    shown: list[Section] = []
    for dead_letter in operations.dead_letters.read():
        by_error[dead_letter.error] = by_error.get(dead_letter.error, 0) + 1
        if len(shown) < LETTERS_SHOWN:
            shown.append(asdict(dead_letter))
    return {"open": sum(by_error.values()), "by_error": by_error, "first": shown}
