"""The sections of a status report as tables: what `sightline status` prints, and what the console shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sightline.models.answers import Json
from sightline.spelling import spell

Section = Mapping[str, Any]

CAMERAS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Table:
    """A table of raw values. empty: what is said if there are no rows; None: then nothing is said at all.

    note: what the title has in brackets; option: of the command line, which other readers have not
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    empty: str | None = None
    note: str = ""
    option: str = ""

    @property
    def of_command_line(self) -> str:
        """Return the whole title for who can give the option."""
        notes = "; ".join(each for each in (self.note, self.option) if each)
        return f"{self.title} ({notes})" if notes else self.title

    @property
    def is_told(self) -> bool:
        """Return whether there is anything to say."""
        return bool(self.rows) or self.empty is not None


def tables_of(name: str, section: Section, *, is_exact: bool = False) -> list[Table]:
    """Return the tables of a section that is not an error. is_exact: computed from every row."""
    makers = {**_MAKERS, **(_OF_ALL if is_exact else {})}
    return [table for table in makers[name](section) if table.is_told]


def _images(section: Section) -> list[Table]:
    """Return images by state, with a note if they come from the table's own count, which is up to hours old."""
    off = section.get("plus_minus", {})
    counts = {name: section[name] for name in section if not name.startswith("total") and name != "plus_minus"}
    age = section["total_age_seconds"]
    row = [_estimated(counts[each], off, each) for each in counts]
    told = (f"complete and total: up to {spell(age)} old", "--exact counts") if age else ("", "")
    return [Table(f"images: {section['total']:,}", [*counts], [row], None, *told)]


def _estimated(number: int, off: Mapping[str, int | None], name: str) -> int | str:
    """Return a count, and how far it may be off if it is an estimate."""
    if name not in off:
        return number
    return f"about {number:,}" if off[name] is None else f"{number:,} ± {off[name]:,}"


def _by_name(title: str, what: str) -> Callable[[Section], list[Table]]:
    """Return what makes a table of a section with the same counts under each name, such as a feature's."""

    def make(section: Section) -> list[Table]:
        columns = [*dict.fromkeys(column for counts in section.values() for column in counts)]
        rows = [(name, *(counts.get(column, 0) for column in columns)) for name, counts in section.items()]
        return [Table(title, [what, *(column.replace("_", " ") for column in columns)], rows, "none")]

    return make


def _queues(section: Section) -> list[Table]:
    rows = [(name, each["messages"], _age(each["oldest_seconds"])) for name, each in section["waiting"].items()]
    number = section["unacknowledged"]
    title = f"queues: {number:,} {'message' if number == 1 else 'messages'} in progress; waiting"
    return [Table(title, ("queue", "messages", "oldest"), rows, "none")]


def _age(seconds: float | None) -> str | None:
    return None if seconds is None else spell(seconds)


def _redis(section: Section) -> list[Table]:
    """Return how Redis is off for memory, if it has dropped anything or may."""
    columns = ("policy", "used bytes", "max bytes", "evicted keys")
    row = (section["policy"], section["used_bytes"], section["max_bytes"], section["evicted"])
    drops = section["evicted"] or section["policy"].startswith("allkeys")
    title = "Redis drops keys: messages may be lost (they are sent again), set noeviction"
    return [Table(title, columns, [row] if drops else [])]


def _cost(section: Section) -> list[Table]:
    """Return cost by feature, and the total; from … to … if calls ended unknown, each of which may have been billed."""
    periods = [(section[f"{name}_usd"], section[f"{name}_usd_at_most"]) for name in ("today", "month")]
    names = [*periods[1][1]]
    lines = [(name, *(usd(low.get(name, 0.0), high.get(name, 0.0)) for low, high in periods)) for name in names]
    total = ("total", *(usd(sum(low.values()), sum(high.values())) for low, high in periods))
    title = f"cost in USD, list prices for {section['prices_region']} as of {section['prices_as_of']}"
    return [Table(title, ("feature", "today", "this month"), [*lines, total] if lines else [], "none yet")]


def usd(low: float, high: float) -> str:
    """Return an amount, or the range in which it is."""
    return f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}"


def _budget(section: Section) -> list[Table]:
    """Return what is spent of each cap, and what waits for money; nothing where no cap is set."""
    if not section.get("caps"):
        return []
    columns = ("cap", "taken", "answered", "ended unknown", "in blocks, at most", "left", "left for backfill", "alarm")
    shown = ("taken", "spent", "unknown", "in_blocks", "left", "left_for_backfill")
    caps = [
        (cap, *(_amount(each[f"{name}_usd"]) for name in shown), _alarm(each["alarm_percent"]))
        for cap, each in section["caps"].items()
    ]
    waiting = [*section.get("waiting", {}).items()]
    return [
        Table("budget in USD", columns, caps),
        Table("calls that wait for money", ("feature, lane", "why"), waiting),
    ]


def _alarm(percent: int) -> str:
    return f"{percent} %" if percent else ""


def _amount(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _ledger(section: Section) -> list[Table]:
    """Return by feature what has actually been paid for."""
    rows: dict[str, dict[str, Json]] = {}
    for name, counts in section.items():
        rows[name] = dict(counts)
        rows[name]["usd"] = usd(counts["usd"], counts["usd_at_most"])
        del rows[name]["usd_at_most"]
    return _by_name("ledger, all time", "feature")(rows)


def _rates(section: Section) -> list[Table]:
    """Return the current rate of each operation, and the reason for it."""
    columns = ("operation", "calls/s now", "quota", "reason", "since")
    rows = [(name, e["rate"], e["quota"], e["reason"], e["changed_at"]) for name, e in section.items()]
    return [Table("rates", columns, rows, "nothing found")]


def _graph(section: Section) -> list[Table]:
    """Return what the graph holds, and how many images it lags behind."""
    behind = "unknown" if section.get("behind") is None else f"{section['behind']:,}"
    title = f"graph: {section['images']:,} images, {section['relationships']:,} relationships, {behind} images behind"
    kinds = {**section["nodes"], **section["relationships_by_type"]}
    rows = [(name, number) for name, number in kinds.items() if number]
    return [Table(title, ("nodes or relationships", "count"), rows, "empty")]


def _video_jobs(section: Section) -> list[Table]:
    """Return how the jobs on stored videos stand, if there is one that is not complete."""
    counts = {name: section[name] for name in ("waiting", "started", "failed")}
    title = f"jobs on stored videos: at most {section['at_once']} run at once"
    return [Table(title, [*counts], [[*counts.values()]] if any(counts.values()) else [])]


def _candidates(section: Section) -> list[Table]:
    """Return how many candidates for known people wait for a reviewer, and what was said of the others."""
    columns = [name.replace("waiting", "wait for a reviewer") for name in section]
    return [Table("candidates for known people", columns, [[*section.values()]] if any(section.values()) else [])]


def _dead_letters(section: Section) -> list[Table]:
    """Return the open dead letters: what was refused, by which rule, and the remedy."""
    first = section["first"]
    rows = [(e["error"], e["attempts"], f"{e['subject']}: {e['rule']}. {e['remedy']}.") for e in first]
    more = f", the first {len(rows)}" if len(rows) < section["open"] else ""
    title = f"dead letters: {section['open']:,} open{more}"
    return [Table(title, ("error", "attempts", "input, rule and remedy"), rows, "none")]


def _runs(section: Section) -> list[Table]:
    """Return the last run of each scheduled task."""
    rows = [
        (name, e["started_at"] or "not run yet", _took(e), _late(e), e["outcome"] or None)
        for name, e in section.items()
    ]
    return [Table("last runs", ("task", "started at", "took", "status", "outcome"), rows, "none yet")]


def _took(run: Section) -> str | None:
    return run["took"] and spell(run["took"].total_seconds())


def _late(run: Section) -> str:
    if run["is_overdue"]:
        return "overdue: are beat and a worker running?"
    if run["started_at"]:
        return "on time"
    return f"runs {run['runs']}" if run["runs"] else "not due yet"


def _stopped(section: Section) -> list[Table]:
    """Return the stopped queues and cameras, and the reason."""
    rows = [(e["queue"], e["cause"].shown, e["at"], e["reason"]) for e in section.values() if e["camera"] is None]
    cameras = [
        (e["camera"] or "none", e["queue"], e["at"], e["reason"]) for e in section.values() if e["camera"] is not None
    ]
    title = "stopped cameras: their new images wait, all others go on"
    return [
        Table("stopped queues", ("queue", "stopped by", "since", "reason"), rows),
        Table(title, ("camera", "queue", "since", "reason"), cameras),
    ]


def _models(section: Section) -> list[Table]:
    """Return the detector versions behind each watched label's figures, with their first and last day."""
    rows = [
        (label, model, days["first_day"], days["last_day"])
        for label, versions in section.items()
        for model, days in versions["versions"].items()
    ]
    changes = [f"{label}: {versions['changed']}" for label, versions in section.items() if versions["changed"]]
    title = f"detector versions (changed, {'; '.join(changes)})" if changes else "detector versions"
    return [Table(title, ("label", "version", "first day", "last day"), rows, "no figures yet")]


def _capture_times(section: Section) -> list[Table]:
    """Return the cameras whose capture times are to be looked at."""
    rows = [(camera, *counts.values()) for camera, counts in islice(section.items(), CAMERAS_SHOWN)]
    more = f", the first {CAMERAS_SHOWN} of {len(section)} cameras" if len(section) > CAMERAS_SHOWN else ""
    columns = ("camera", "only upload time", "something ignored", "doubtful clock")
    return [Table(f"capture times{more}", columns, rows)]


def _skipped(section: Section) -> list[Table]:
    """Return how many messages were for objects that are no images."""
    return [Table("messages skipped this month, by suffix", ("suffix", "messages"), [*section.items()])]


def _refusing(section: Section) -> list[Table]:
    """Return the buckets and prefixes whose images wait, because they were refused."""
    rows = [(place, reader, error) for reader, places in section.items() for place, error in places.items()]
    return [Table("buckets and prefixes that refuse", ("place", "refuses", "dead letter"), rows)]


_MAKERS: Mapping[str, Callable[[Section], list[Table]]] = {
    "images": _images,
    "parts": _by_name("analyses of unfinished images", "feature"),
    "queues": _queues,
    "redis": _redis,
    "calls": _by_name("calls this month", "operation"),
    "cost": _cost,
    "budget": _budget,
    "rates": _rates,
    "graph": _graph,
    "video_jobs": _video_jobs,
    "candidates": _candidates,
    "dead_letters": _dead_letters,
    "stopped": _stopped,
    "refusing": _refusing,
    "models": _models,
    "capture_times": _capture_times,
    "skipped": _skipped,
    "last_runs": _runs,
    "ledger": _ledger,
}

_OF_ALL: Mapping[str, Callable[[Section], list[Table]]] = {"parts": _by_name("analyses of all images", "feature")}
"""Of sections that `--exact` computed from every row."""
