"""What `status` reports, read from all stores at once. A section whose server is unavailable holds an error instead."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sightline.errors import SightlineError, UnknownFeature
from sightline.graph.protocol import GraphStore
from sightline.models.answers import Json
from sightline.models.images import ImageRow, ResultStatus, State
from sightline.models.people import Word
from sightline.models.people_policy import KnownPeople
from sightline.models.stored import StoredEnum
from sightline.models.video_jobs import JobState
from sightline.progress import counted
from sightline.queues.names import QUEUE_NAMES
from sightline.queues.redis import Standing
from sightline.rekognition.paid_calls import operation_of
from sightline.rekognition.prices import Prices
from sightline.services.budget_status import budget_section
from sightline.services.collaborators import Services
from sightline.services.costs import by_feature, list_price, price_lines, read_spent, sums
from sightline.services.rollups.report import models_seen
from sightline.services.schedule import SCHEDULE, spell_schedule
from sightline.services.usage import COST, UNKNOWN, skipped_on
from sightline.services.video_job_plan import JobPlan
from sightline.storage.capture_counts import Counted, counted_of
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Entry, Ledger, Status
from sightline.storage.operations import Operations
from sightline.storage.runs import LastRun
from sightline.storage.video_jobs.protocol import VideoJobStore

Section = dict[str, Any]

WAITING_READ = 2_000
"""The most unfinished images whose rows are read for the section `parts`."""

PART_COUNTS = ("waiting", *ResultStatus)
"""And `unknown`, if a newer version wrote another status: here, and in the sections `images` and `ledger`."""

LEDGER_COUNTS = ("answered", "rejected", "open", "attempts", "ended_unknown")

LEDGER_COSTS = ("usd", "usd_at_most")

PERIODS_LATE = 3
"""A task whose last run is older than this many of its periods is overdue."""

DEAD_LETTERS_SHOWN = 20
ENDINGS = {
    "answered": "answered",
    "rejected": "rejected",
    "throttled": "throttled",
    "failed": "failed",
    UNKNOWN: "ended_unknown",
    "outdated": "outdated",
}
"""Endings of a call, as stored → as reported. outdated: answered, but the image's bytes had changed meanwhile."""

Gather = Callable[[], Section]


def status_report(services: Services, *, exact: bool = False, waiting_read: int = WAITING_READ) -> dict[str, Section]:
    """Return all sections; one whose server is unavailable holds only `error`.

    waiting_read: the most unfinished images whose rows are read for `parts`

    exact: compute `images`, `parts`, `capture_times` and an extra section `ledger` from every row, with a progress bar
    """
    read = _exact(services) if exact else {}
    sections = status_sections(services, waiting_read)
    report: dict[str, Section] = {name: {} for name in sections} | read
    report |= _gather({name: do for name, do in sections.items() if name not in read})
    report["graph"]["behind"] = report["images"].get(State.ANALYSED)
    return report


def status_sections(
    services: Services, waiting_read: int = WAITING_READ, *, since: datetime | None = None
) -> dict[str, Gather]:
    """Return what reads each section. since: as in `runs_section`."""
    now, features = services.clock(), services.plan.features
    return {
        "images": lambda: images_section(services.images),
        "parts": lambda: parts_section(services.images, features, waiting_read),
        "queues": lambda: queues_section(services.queues.read(QUEUE_NAMES), now),
        "redis": lambda: asdict(services.queues.memory()),
        "calls": lambda: calls_section(services.operations, now, features),
        "cost": lambda: cost_section(services.operations, services.prices, now),
        "budget": lambda: budget_section(services.treasury, services.operations, services.paid_for),
        "rates": lambda: {name: asdict(rate) for name, rate in services.limiter.rates().items()},
        "graph": lambda: graph_section(services.graph),
        "video_jobs": lambda: video_jobs_section(services.video_jobs, services.job_plan),
        "candidates": lambda: candidates_section(services.operations, services.known_people),
        "dead_letters": lambda: dead_letters_section(services.operations),
        "stopped": lambda: {each.stop_id: asdict(each) for each in services.operations.pauses.stops()},
        "refusing": lambda: refusing_section(services.operations),
        "models": lambda: models_section(services),
        "capture_times": lambda: capture_times_section(services.operations, now),
        "skipped": lambda: skipped_section(services.operations, now),
        "last_runs": lambda: runs_section(services.operations, now, since=since),
    }


def _gather(sections: Mapping[str, Gather]) -> dict[str, Section]:
    """Read all sections at once: it takes as long as the slowest."""
    with ThreadPoolExecutor(len(sections), thread_name_prefix="status") as pool:
        return dict(zip(sections, pool.map(read_section, sections.values()), strict=True))


def read_section(gather: Gather) -> Section:
    """Return a section, or its error."""
    try:
        return gather()
    except SightlineError as error:
        return {"error": str(error)}


def _exact(services: Services) -> dict[str, Section]:
    """Return the sections that need every row; one table is read after the other."""
    try:
        rows = counted(services.images.scan(), "reading images", services.images.count()[0])
        by_need = services.plan.need.spared(services.plan.features) if services.plan.need else ()
        images, parts, times = exact_sections(rows, services.plan.features, by_need)
    except SightlineError as error:
        images = parts = times = {"error": str(error)}
    ledger = read_section(lambda: _read_ledger(services.ledger, services.prices))
    return {"images": images, "parts": parts, "capture_times": times, "ledger": ledger}


def _read_ledger(ledger: Ledger, prices: Prices) -> Section:
    return ledger_section(counted(ledger.scan(), "reading the ledger", ledger.count()[0]), prices)


def images_section(images: ImageStore) -> Section:
    """Count images by state without a scan, from the indexes of unfinished and ended images and the table's item count.

    DynamoDB updates the item count about every six hours, so `complete` is as old as `total_age_seconds` says.
    `plus_minus` is there if states are estimated: how far each may be off, null if nobody knows.
    """
    total, age = images.count()
    counts = images.count_by_state()
    others = sum(number for state, number in counts.by_state.items() if state is not State.COMPLETE)
    section = _images({**counts.by_state, State.COMPLETE: max(0, total - others)}, total, age.total_seconds())
    off = {str(state): number for state, number in counts.plus_minus.items()}
    return {**section, **({"plus_minus": off} if off else {})}


def parts_section(images: ImageStore, features: Iterable[str], limit: int = WAITING_READ) -> Section:
    """Count by feature how many analyses of unfinished images are waiting, answered or rejected, of `limit` images."""
    ids = [each.image_id for each in islice(images.unfinished(), limit)]
    return _results(images.get_many(ids).values(), features)


def exact_sections(
    rows: Iterable[ImageRow], features: Iterable[str], by_need: Collection[str] = ()
) -> tuple[Section, Section, Section]:
    """Return the sections `images`, `parts` and `capture_times`, reading every row once.

    by_need: the features that are paid for by need; of these the images are counted that were not asked for them
    """
    states: Counter[State] = Counter()
    times: dict[str, Counter[Counted]] = {}

    def note_states() -> Iterator[ImageRow]:
        for row in rows:
            states[row.state] += 1
            if row.capture:
                times.setdefault(row.capture.camera, Counter()).update(counted_of(row.capture))
            yield row

    parts = _results(note_states(), features, by_need)
    return _images(states, sum(states.values()), 0.0), parts, _capture_times(times)


def _images(counts: Mapping[State, int], total: int, age_seconds: float) -> Section:
    by_state = {str(state): counts.get(state, 0) for state in State}
    unknown = sum(number for state, number in counts.items() if not state.is_known)
    return {**by_state, **({"unknown": unknown} if unknown else {}), "total": total, "total_age_seconds": age_seconds}


def _results(rows: Iterable[ImageRow], features: Iterable[str], by_need: Collection[str] = ()) -> Section:
    """Count feature results: of the features that are on, and of any other that rows still hold."""
    parts = {name: dict.fromkeys(PART_COUNTS, 0) for name in features}
    for name in by_need:
        parts[name]["not_asked_for"] = 0
    for row in rows:
        waiting = row.unsettled()
        for feature in row.wanted:
            counts = parts.setdefault(feature, dict.fromkeys(PART_COUNTS, 0))
            status = "waiting" if feature in waiting else _name_of(row.parts[feature].status)
            counts[status] = counts.get(status, 0) + 1
        for feature in by_need:
            parts[feature]["not_asked_for"] += row.is_analysed and feature not in row.wanted
    return parts


def _name_of(status: StoredEnum) -> str:
    return str(status) if status.is_known else "unknown"


def ledger_section(entries: Iterable[Entry], prices: Prices) -> dict[str, Any]:
    """Count by feature, of all time. open: claimed or released, not settled.

    usd: cost of the answers, dropped ones included; usd_at_most: also of the attempts that ended unknown and of those
    that are claimed, under way or left by a process that died

    An imported answer counts once its image has been read: then it is in a second entry, keyed by the image's bytes.
    """
    features: dict[str, Any] = {}
    for entry in (each for each in entries if not each.analysis.is_unread):
        counts = features.setdefault(
            entry.analysis.feature, {**dict.fromkeys(LEDGER_COUNTS, 0), **dict.fromkeys(LEDGER_COSTS, 0.0)}
        )
        status = "open" if entry.status.is_known and not entry.is_settled else _name_of(entry.status)
        counts[status] = counts.get(status, 0) + 1
        counts["attempts"] += entry.attempts
        counts["ended_unknown"] += entry.unknown_attempts
        paid = entry.cost_micro_usd + entry.dropped_micro_usd
        perhaps = entry.unknown_attempts + (entry.status is Status.CLAIMED)
        at_most = paid + perhaps * list_price(entry.analysis.feature, prices, entry.analysis.parameters)
        for name, micro_usd in zip(LEDGER_COSTS, (paid, at_most), strict=True):
            counts[name] = round(counts[name] + micro_usd / 1e6, 6)
    return dict(sorted(features.items()))


def models_section(services: Services) -> dict[str, Json]:
    """Return the detector versions of the last 28 days for each watched label with figures, and the latest change."""
    plan = services.accuracy
    last_day = plan.last_ended_day(services.clock())
    seen = {rule.label: models_seen(services.rollups, rule.label, last_day) for rule in plan.rules}
    return {label: _of_label(versions) for label, versions in seen.items() if versions}


def _of_label(versions: dict[str, tuple[str, str]]) -> dict[str, Json]:
    newest = max(versions, key=lambda model: versions[model])
    days = {model: {"first_day": first, "last_day": last} for model, (first, last) in versions.items()}
    changed = f"to {newest} on {versions[newest][0]}" if len(versions) > 1 else None
    return {"versions": days, "changed": changed}


def capture_times_section(operations: Operations, now: datetime) -> Section:
    """Count by camera this month's images without a time of their own, with something ignored, or a doubtful time."""
    return _capture_times(operations.capture_counts.of_month(now))


def _capture_times(cameras: Mapping[str, Mapping[Counted, int]]) -> Section:
    """Return the cameras with anything to count, the most doubtful first."""
    counts = {camera: {str(what): found.get(what, 0) for what in Counted} for camera, found in cameras.items()}
    noted = [(camera, each) for camera, each in counts.items() if any(each.values())]
    return dict(sorted(noted, key=lambda entry: (-entry[1]["doubtful"], -entry[1]["ignored"], entry[0])))


def runs_section(
    operations: Operations,
    now: datetime,
    schedule: Mapping[str, Mapping[str, Any]] = SCHEDULE,
    *,
    since: datetime | None = None,
) -> dict[str, Any]:
    """Return the last run of each beat task that ran or should have, and whether it is overdue.

    A task that never ran is overdue only if no task ever ran: then there is no beat, or no worker for its queue. If
    others ran, its first time has not come yet. since: from when the reader has watched. Where no task ever ran, the
    system may be as young as that, so it is measured from there; None if the reader cannot tell.
    """
    periods = {entry["task"]: _period(entry["schedule"]) for entry in schedule.values()}
    times = {entry["task"]: spell_schedule(entry["schedule"]) for entry in schedule.values()}
    runs = operations.runs.last()
    never: dict[str, Any] = {"started_at": None, "took": None, "outcome": {}}
    return {
        name: {
            **(asdict(runs[name]) if name in runs else {"name": name, **never}),
            "runs": times.get(name),
            "is_overdue": name in periods and _is_overdue(name, runs, since, now - PERIODS_LATE * periods[name]),
        }
        for name in sorted({*periods, *runs})
    }


def _is_overdue(name: str, runs: Mapping[str, LastRun], since: datetime | None, latest: datetime) -> bool:
    if name in runs:
        return runs[name].started_at < latest
    return not runs and (since is None or since < latest)


def _period(schedule: Any) -> timedelta:
    """Return the period of an entry; a day if it follows the clock."""
    if isinstance(schedule, timedelta):
        return schedule
    return timedelta(seconds=schedule) if isinstance(schedule, int | float) else timedelta(days=1)


def queues_section(queues: Standing, now: datetime) -> Section:
    """Return the queues that hold messages, with the age of the oldest, and the number of unacknowledged messages."""
    waiting = {
        name: {"messages": each.messages, "oldest_seconds": _age(each.sent_at, now)}
        for name, each in queues.waiting.items()
        if each.messages
    }
    return {"waiting": waiting, "unacknowledged": queues.unacknowledged}


def _age(sent_at: datetime | None, now: datetime) -> float | None:
    # The sender's clock may be ahead of this one: an age is never below zero.
    return None if sent_at is None else max(0.0, (now - sent_at).total_seconds())


def calls_section(operations: Operations, now: datetime, features: Iterable[str]) -> Section:
    """Count this month's calls by Rekognition operation and ending, for `features` and any other that was called.

    A feature that is no longer declared has no operation: its calls are counted under its own name.
    """
    endings: Section = {}
    counts = operations.usage.calls(_month(now), _day(now))
    for name in (*features, *(name for name, _ in counts)):
        endings.setdefault(_operation(name), dict.fromkeys(ENDINGS.values(), 0))
    for (name, outcome), number in counts.items():
        if outcome != COST:
            counted, ending = endings[_operation(name)], ENDINGS.get(outcome, outcome)
            counted[ending] = counted.get(ending, 0) + number
    return endings


def _operation(name: str) -> str:
    try:
        return operation_of(name)
    except UnknownFeature:
        return name


def skipped_section(operations: Operations, now: datetime) -> Section:
    """Count this month's messages for objects that are no images, by suffix."""
    today = now.date()
    counts = operations.usage.calls(skipped_on(today.replace(day=1)), skipped_on(today))
    return {suffix: number for (suffix, _), number in sorted(counts.items())}


def cost_section(operations: Operations, prices: Prices, now: datetime) -> Section:
    """Return today's and this month's cost by feature, in US dollars, and the date and region of the prices.

    …_at_most: with the calls that ended unknown or not at all, each of which may have been billed
    """
    day = now.date()
    priced = price_lines(read_spent(operations, day.replace(day=1), day), prices)
    month = sums(priced, by_feature)
    today = sums({line: each for line, each in priced.items() if line.day == day.isoformat()}, by_feature)
    return {
        "today_usd": {name: round(each.usd, 6) for name, each in today.items() if each.usd},
        "month_usd": {name: round(each.usd, 6) for name, each in month.items() if each.usd},
        "today_usd_at_most": {name: round(each.usd_at_most, 6) for name, each in today.items()},
        "month_usd_at_most": {name: round(each.usd_at_most, 6) for name, each in month.items()},
        "prices_as_of": prices.as_of and prices.as_of.isoformat(),
        "prices_region": prices.region,
    }


def _day(now: datetime) -> str:
    return now.date().isoformat()


def _month(now: datetime) -> str:
    return now.date().replace(day=1).isoformat()


def graph_section(graph: GraphStore) -> Section:
    """Count what the graph holds."""
    counts = graph.counts()
    return {
        "images": counts.nodes.get("Image", 0),
        "relationships": sum(counts.relationships.values()),
        "nodes": dict(counts.nodes),
        "relationships_by_type": dict(counts.relationships),
    }


def video_jobs_section(jobs: VideoJobStore, plan: JobPlan) -> Section:
    """Count the jobs on stored videos that wait, run, and failed; `at_once`: how many may run."""
    counts = jobs.count_by_state()
    by_name = {"waiting": JobState.WAITING, "started": JobState.STARTED, "failed": JobState.REJECTED}
    return {name: counts.get(state, 0) for name, state in by_name.items()} | {"at_once": plan.at_once}


def candidates_section(operations: Operations, known_people: KnownPeople | None) -> Section:
    """Count the candidates for known people by what a reviewer said; nothing while nobody is searched for."""
    if known_people is None:
        return {}
    words = Counter("waiting" if each.word is None else _name_of(each.word) for each in operations.people.matches())
    return {name: words.get(name, 0) for name in dict.fromkeys(("waiting", *Word, *words))}


def dead_letters_section(operations: Operations) -> Section:
    """Count the open dead letters by error, and return the first of them in full."""
    by_error = operations.dead_letters.count_by_error()
    shown = [asdict(each) for each in operations.dead_letters.read(limit=DEAD_LETTERS_SHOWN)]
    return {"open": sum(by_error.values()), "by_error": by_error, "first": shown}


def refusing_section(operations: Operations) -> Section:
    """Return who refuses which buckets and prefixes, each with the error of its dead letter, null while it has none."""
    refusing: dict[str, dict[str, str | None]] = {}
    for each in operations.bucket_refusals.read():
        places = dict.fromkeys(sorted({*each.held(), *each.letters}))
        if places:
            letters = {place: each.letters.get(place) for place in places}
            refusing.setdefault(str(each.reader), {}).update(letters)
    return refusing
