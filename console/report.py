"""What `status` says, gathered from the stores. A server that is away is named, and the rest is still said."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

import redis

from stores.images.protocol import ImageStore
from stores.operations.protocol import OperationStore
from stores.rows import ImageRow, State
from tasks.services import Services
from vision.errors import SightlineError
from vision.features import all_features
from vision.prices import price_list
from workers.queues import QUEUE_NAMES
from workers.waiting import read_queues

LETTERS_SHOWN = 20
WAITING_READ = 2_000
"""Of how many unfinished images `parts` says what they wait for: it reads their rows."""

Section = dict[str, Any]


def status_report(services: Services, client: redis.Redis, key_prefix: str, *, exact: bool = False) -> Section:
    """Gather everything; a section whose server is away holds `error` instead."""
    s = services
    sections: dict[str, Callable[[], Section]] = {
        "images": lambda: exact_images(s.images) if exact else images_section(s.images),
        "parts": lambda: parts_section(s.images.scan() if exact else _unfinished_rows(s.images)),
        "queues": lambda: queues_section(client, key_prefix),
        "calls": lambda: calls_section(s.operations, s.clock()),
        "cost": lambda: cost_section(s.operations, s.clock()),
        "rates": lambda: {name: asdict(rate) for name, rate in s.limiter.rates().items()},
        "graph": lambda: graph_section(s),
        "dead_letters": lambda: letters_section(s.operations),
        "last_runs": lambda: {name: asdict(run) for name, run in s.operations.last_runs().items()},
    }
    return {name: _or_error(gather) for name, gather in sections.items()}


def _or_error(gather: Callable[[], Section]) -> Section:
    try:
        return gather()
    except SightlineError as error:
        return {"error": str(error)}


def images_section(images: ImageStore) -> Section:
    """Count images by state without a scan: the indexes of unfinished and ended ones, and the table's own count.

    DynamoDB renews that count every six hours or so, so `complete` is as old as `total_age_seconds` says.
    """
    total, age = images.count()
    counts = images.count_by_state()
    known = {state: counts.get(state, 0) for state in State if state is not State.COMPLETE}
    complete = max(0, total - sum(known.values()))
    return {
        **{str(state): number for state, number in known.items()},
        "complete": complete,
        "total": total,
        "total_age_seconds": age.total_seconds(),
    }


def exact_images(images: ImageStore) -> Section:
    """Count images by state by reading every row."""
    counts = {str(state): 0 for state in State}
    for row in images.scan():
        counts[row.state] += 1
    return {**counts, "total": sum(counts.values()), "total_age_seconds": 0.0}


def _unfinished_rows(images: ImageStore) -> Iterator[ImageRow]:
    ids = [each.image_id for each in islice(images.unfinished(), WAITING_READ)]
    yield from images.get_many(ids).values()


def parts_section(rows: Iterator[ImageRow]) -> Section:
    """Count by feature how many analyses wait, are answered, or are rejected, of the rows given."""
    parts = {name: {"waiting": 0, "answered": 0, "rejected": 0} for name in all_features()}
    for row in rows:
        waiting = row.unsettled()
        for feature in row.wanted:
            parts[feature]["waiting" if feature in waiting else str(row.parts[feature].status)] += 1
    return {name: counts for name, counts in parts.items() if any(counts.values())}


def queues_section(client: redis.Redis, key_prefix: str) -> Section:
    """Give each queue that holds messages, with the age of the oldest, and what is taken and not finished."""
    queues = read_queues(client, key_prefix, QUEUE_NAMES)
    waiting = {name: asdict(each) for name, each in queues.waiting.items() if each.messages}
    return {"waiting": waiting, "unacknowledged": queues.unacknowledged}


def calls_section(operations: OperationStore, now: datetime) -> Section:
    """Give this month's calls by operation of Rekognition and how they ended."""
    calls: Section = {}
    for (feature, outcome), number in operations.calls(_month(now), _day(now)).items():
        if outcome != "cost_micro_usd":
            by_outcome = calls.setdefault(all_features()[feature].operation, {})
            by_outcome[outcome] = by_outcome.get(outcome, 0) + number
    return calls


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
    return {feature: number / 1e6 for (feature, kind), number in sorted(calls.items()) if kind == "cost_micro_usd"}


def _day(now: datetime) -> str:
    return now.date().isoformat()


def _month(now: datetime) -> str:
    return now.date().replace(day=1).isoformat()


def graph_section(services: Services) -> Section:
    """Give how much the graph holds, and how many images it is behind the rows."""
    counts = services.graph.counts()
    behind = services.images.count_by_state().get(State.ANALYSED, 0)
    nodes, relationships = dict(counts.nodes), dict(counts.relationships)
    return {
        "images": nodes.get("Image", 0),
        "relationships": sum(relationships.values()),
        "behind": behind,
        "nodes": nodes,
        "relationships_by_type": relationships,
    }


def letters_section(operations: OperationStore) -> Section:
    """Count the open letters by error, and give the first of them whole."""
    by_error: dict[str, int] = {}
    shown: list[Section] = []
    for letter in operations.letters():
        by_error[letter.error] = by_error.get(letter.error, 0) + 1
        if len(shown) < LETTERS_SHOWN:
            shown.append(asdict(letter))
    return {"open": sum(by_error.values()), "by_error": by_error, "first": shown}
