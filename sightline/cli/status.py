"""`sightline status`: the state of the whole pipeline, as tables or JSON."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table, spell
from sightline.names import printable
from sightline.services.status import status_report

Section = Mapping[str, Any]

CAMERAS_SHOWN = 20


def print_status(report: Mapping[str, Section]) -> None:
    """Print every section; at the end the ones whose server is unavailable, each reason once."""
    printers = {**_PRINTERS, **(_OF_ALL if "ledger" in report else {})}
    missing: dict[str, list[str]] = {}
    for name, section in report.items():
        if "error" in section:
            missing.setdefault(section["error"], []).append(name.replace("_", " "))
        else:
            printers[name](section)
    for error, names in missing.items():
        click.echo(f"{', '.join(names)}: unavailable. {printable(error)}\n")


def print_images(section: Section) -> None:
    """Print images by state, with a note if they come from the table's own count, which is up to hours old."""
    off = section.get("plus_minus", {})
    counts = {name: section[name] for name in section if not name.startswith("total") and name != "plus_minus"}
    age = section["total_age_seconds"]
    note = f" (complete and total: up to {spell(age)} old; --exact counts)" if age else ""
    print_table(
        f"images: {section['total']:,}{note}", [*counts], [[_estimated(counts[each], off, each) for each in counts]]
    )


def _estimated(number: int, off: Mapping[str, int | None], name: str) -> int | str:
    """Return a count, and how far it may be off if it is an estimate."""
    if name not in off:
        return number
    return f"about {number:,}" if off[name] is None else f"{number:,} ± {off[name]:,}"


def print_by_name(title: str, what: str) -> Callable[[Section], None]:
    """Return a function that prints a section with the same counts under each name, such as a feature's."""

    def print_it(section: Section) -> None:
        columns = [*dict.fromkeys(column for counts in section.values() for column in counts)]
        rows = [(name, *(counts.get(column, 0) for column in columns)) for name, counts in section.items()]
        print_table(title, [what, *(column.replace("_", " ") for column in columns)], rows, empty="none")

    return print_it


def print_queues(section: Section) -> None:
    """Print the queues that hold messages."""
    rows = [(name, each["messages"], _age(each["oldest_seconds"])) for name, each in section["waiting"].items()]
    number = section["unacknowledged"]
    title = f"queues: {number:,} {'message' if number == 1 else 'messages'} in progress; waiting"
    print_table(title, ("queue", "messages", "oldest"), rows, empty="none")


def print_redis(section: Section) -> None:
    """Print how Redis is off for memory, if it has dropped anything or may; nothing otherwise."""
    if section["evicted"] or section["policy"].startswith("allkeys"):
        columns = ("policy", "used bytes", "max bytes", "evicted keys")
        row = (section["policy"], section["used_bytes"], section["max_bytes"], section["evicted"])
        print_table("Redis drops keys: messages may be lost (they are sent again), set noeviction", columns, [row])


def _age(seconds: float | None) -> str | None:
    return None if seconds is None else spell(seconds)


def print_cost(section: Section) -> None:
    """Print cost by feature, and the total; from … to … if calls ended unknown, each of which may have been billed."""
    periods = [(section[f"{name}_usd"], section[f"{name}_usd_at_most"]) for name in ("today", "month")]
    names = [*periods[1][1]]
    lines = [(name, *(_usd(low.get(name, 0.0), high.get(name, 0.0)) for low, high in periods)) for name in names]
    total = ("total", *(_usd(sum(low.values()), sum(high.values())) for low, high in periods))
    rows = [*lines, total] if lines else []
    title = f"cost in USD, list prices for {section['prices_region']} as of {section['prices_as_of']}"
    print_table(title, ("feature", "today", "this month"), rows, empty="none yet")


def _usd(low: float, high: float) -> str:
    return f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}"


def print_ledger(section: Section) -> None:
    """Print by feature what has actually been paid for."""
    rows = {}
    for name, counts in section.items():
        rows[name] = dict(counts)
        rows[name]["usd"] = _usd(counts["usd"], rows[name].pop("usd_at_most"))
    print_by_name("ledger, all time", "feature")(rows)


def print_rates(section: Section) -> None:
    """Print the current rate of each operation, and the reason for it."""
    columns = ("operation", "calls/s now", "quota", "reason", "since")
    rows = [(name, e["rate"], e["quota"], e["reason"], e["changed_at"]) for name, e in section.items()]
    print_table("rates", columns, rows)


def print_graph(section: Section) -> None:
    """Print what the graph holds, and how many images it lags behind."""
    behind = "unknown" if section["behind"] is None else f"{section['behind']:,}"
    title = f"graph: {section['images']:,} images, {section['relationships']:,} relationships, {behind} images behind"
    kinds = {**section["nodes"], **section["relationships_by_type"]}
    rows = [(name, number) for name, number in kinds.items() if number]
    print_table(title, ("nodes or relationships", "count"), rows, empty="empty")


def print_dead_letters(section: Section) -> None:
    """Print the open dead letters: what was refused, by which rule, and the remedy."""
    first = section["first"]
    rows = [(e["error"], e["attempts"], f"{e['subject']}: {e['rule']}. {e['remedy']}.") for e in first]
    more = f", the first {len(rows)}" if len(rows) < section["open"] else ""
    title = f"dead letters: {section['open']:,} open{more}"
    print_table(title, ("error", "attempts", "input, rule and remedy"), rows, empty="none")


def print_runs(section: Section) -> None:
    """Print the last run of each beat task."""
    rows = [(name, e["started_at"] or "never", _took(e), _late(e), e["outcome"] or None) for name, e in section.items()]
    print_table("last runs", ("task", "started at", "took", "status", "outcome"), rows, empty="none yet")


def _took(run: Section) -> str | None:
    return run["took"] and spell(run["took"].total_seconds())


def _late(run: Section) -> str:
    if run["is_overdue"]:
        return "overdue: are beat and a worker running?"
    return "on time" if run["started_at"] else "not due yet"


def print_stopped(section: Section) -> None:
    """Print the stopped queues and cameras, and the reason; nothing if none is stopped."""
    rows = [(e["queue"], e["cause"].shown, e["at"], e["reason"]) for e in section.values() if e["camera"] is None]
    if rows:
        print_table("stopped queues", ("queue", "stopped by", "since", "reason"), rows)
    cameras = [
        (e["camera"] or "none", e["queue"], e["at"], e["reason"]) for e in section.values() if e["camera"] is not None
    ]
    if cameras:
        title = "stopped cameras: their new images wait, all others go on"
        print_table(title, ("camera", "queue", "since", "reason"), cameras)


def print_models(section: Section) -> None:
    """Print the detector versions behind each watched label's figures, with their first and last day."""
    rows = [
        (label, model, days["first_day"], days["last_day"])
        for label, versions in section.items()
        for model, days in versions["versions"].items()
    ]
    changes = [f"{label}: {versions['changed']}" for label, versions in section.items() if versions["changed"]]
    title = f"detector versions (changed, {'; '.join(changes)})" if changes else "detector versions"
    print_table(title, ("label", "version", "first day", "last day"), rows, empty="no figures yet")


def print_capture_times(section: Section) -> None:
    """Print the cameras whose capture times are to be looked at; nothing if there is none."""
    if section:
        rows = [(camera, *counts.values()) for camera, counts in islice(section.items(), CAMERAS_SHOWN)]
        more = f", the first {CAMERAS_SHOWN} of {len(section)} cameras" if len(section) > CAMERAS_SHOWN else ""
        columns = ("camera", "only upload time", "something ignored", "doubtful clock")
        print_table(f"capture times{more}", columns, rows)


def print_skipped(section: Section) -> None:
    """Print how many messages were for objects that are no images; nothing if there was none."""
    if section:
        print_table("messages skipped this month, by suffix", ("suffix", "messages"), [*section.items()])


_PRINTERS: Mapping[str, Callable[[Section], None]] = {
    "images": print_images,
    "parts": print_by_name("analyses of unfinished images", "feature"),
    "queues": print_queues,
    "redis": print_redis,
    "calls": print_by_name("calls this month", "operation"),
    "cost": print_cost,
    "rates": print_rates,
    "graph": print_graph,
    "dead_letters": print_dead_letters,
    "stopped": print_stopped,
    "models": print_models,
    "capture_times": print_capture_times,
    "skipped": print_skipped,
    "last_runs": print_runs,
    "ledger": print_ledger,
}

_OF_ALL: Mapping[str, Callable[[Section], None]] = {"parts": print_by_name("analyses of all images", "feature")}
"""Printers for sections that `--exact` computed from every row."""


@click.command()
@click.option("--exact", is_flag=True, help="Count by reading every row: slow and expensive on a large table.")
@json_option
@click.pass_obj
def status(factory: Factory, *, exact: bool, as_json: bool) -> None:
    """Show images by state, queues, calls, cost, the graph and dead letters.

    Exit 1 if a server is unavailable.
    """
    report = status_report(factory.services if exact else factory.services_in_a_hurry, exact=exact)
    if as_json:
        print_json(report)
    else:
        print_status(report)
    if any("error" in section for section in report.values()):
        raise click.exceptions.Exit(1)
