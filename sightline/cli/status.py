"""`sightline status`: the state of the whole pipeline, as tables or JSON."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table, printable, spell
from sightline.services.status import status_report

Section = Mapping[str, Any]


def print_status(report: Mapping[str, Section]) -> None:
    """Print every section; at the end those whose server is away, each reason once."""
    printers = {**_PRINTERS, **(_OF_ALL if "ledger" in report else {})}
    missing: dict[str, list[str]] = {}
    for name, section in report.items():
        if "error" in section:
            missing.setdefault(section["error"], []).append(name.replace("_", " "))
        else:
            printers[name](section)
    for error, names in missing.items():
        click.echo(f"{', '.join(names)}: can not be told. {printable(error)}\n")


def print_images(section: Section) -> None:
    """Print images by state. The table's own count is old: say so."""
    counts = {name: number for name, number in section.items() if not name.startswith("total")}
    age = section["total_age_seconds"]
    note = f" (complete and total: up to {spell(age)} old; --exact counts)" if age else ""
    print_table(f"images: {section['total']:,}{note}", [*counts], [[*counts.values()]])


def print_by_name(title: str, what: str) -> Callable[[Section], None]:
    """Make a printer of sections that hold the same counts under each name, such as a feature's."""

    def print_it(section: Section) -> None:
        columns = [*next(iter(section.values()), {})]
        rows = [(name, *counts.values()) for name, counts in section.items()]
        print_table(title, [what, *(column.replace("_", " ") for column in columns)], rows, empty="none")

    return print_it


def print_queues(section: Section) -> None:
    """Print the queues that hold messages."""
    rows = [(name, each["messages"], _age(each["oldest_seconds"])) for name, each in section["waiting"].items()]
    title = f"queues: {section['unacknowledged']:,} messages are taken and not finished; waiting"
    print_table(title, ("queue", "messages", "oldest"), rows, empty="nothing")


def _age(seconds: float | None) -> str | None:
    return None if seconds is None else spell(seconds)


def print_cost(section: Section) -> None:
    """Print cost by feature and their sum."""
    today, month = section["today_usd"], section["month_usd"]
    lines = [(name, today.get(name, 0.0), usd) for name, usd in month.items()]
    total = ("together", sum(today.values()), sum(month.values()))
    rows = [(name, f"{day:.3f}", f"{whole:.3f}") for name, day, whole in (*lines, total)] if lines else []
    title = f"cost in USD by AWS's list for {section['prices_region']} of {section['prices_as_of']}"
    print_table(title, ("feature", "today", "this month"), rows, empty="nothing yet")


def print_ledger(section: Section) -> None:
    """Print what was really paid, by feature."""
    rows = {name: {**counts, "usd": f"{counts['usd']:.3f}"} for name, counts in section.items()}
    print_by_name("ledger, of all time", "feature")(rows)


def print_rates(section: Section) -> None:
    """Print how fast each operation may go now, and why."""
    columns = ("operation", "calls/s now", "quota", "because", "since")
    rows = [(name, e["rate"], e["quota"], e["reason"], e["changed_at"]) for name, e in section.items()]
    print_table("rates", columns, rows)


def print_graph(section: Section) -> None:
    """Print what there is in the graph."""
    behind = "unknown" if section["behind"] is None else f"{section['behind']:,}"
    title = f"graph: {section['images']:,} images, {section['relationships']:,} relationships, {behind} images behind"
    kinds = {**section["nodes"], **section["relationships_by_type"]}
    rows = [(name, number) for name, number in kinds.items() if number]
    print_table(title, ("nodes or relationships", "count"), rows, empty="empty")


def print_dead_letters(section: Section) -> None:
    """Print the open dead letters: what was refused, by which rule, and what to do."""
    first = section["first"]
    rows = [(e["error"], e["attempts"], f"{e['subject']}: {e['rule']}. {e['remedy']}.") for e in first]
    more = f", the first {len(rows)}" if len(rows) < section["open"] else ""
    title = f"dead letters: {section['open']:,} open{more}"
    print_table(title, ("error", "times", "what, why, and what to do"), rows, empty="all is well")


def print_runs(section: Section) -> None:
    """Print when each task of beat ran last."""
    rows = [(name, e["started_at"] or "never", _took(e), _late(e), e["outcome"] or None) for name, e in section.items()]
    print_table("last runs", ("task", "started at", "took", "", "outcome"), rows, empty="none yet")


def _took(run: Section) -> str | None:
    return run["took"] and spell(run["took"].total_seconds())


def _late(run: Section) -> str:
    if run["is_overdue"]:
        return "overdue: are beat and its workers up?"
    return "in time" if run["started_at"] else "not due yet"


def print_stopped(section: Section) -> None:
    """Print the queues that are not taken from, and why; nothing where all are."""
    if section:
        rows = [(each["queue"], each["cause"], each["at"], each["reason"]) for each in section.values()]
        print_table("stopped queues", ("queue", "by", "since", "why"), rows)


def print_models(section: Section) -> None:
    """Print each watched label's versions of the detector, with the days that they saw."""
    rows = [
        (label, model, days["first_day"], days["last_day"])
        for label, versions in section.items()
        for model, days in versions["versions"].items()
    ]
    changes = [f"{label}: {versions['changed']}" for label, versions in section.items() if versions["changed"]]
    title = f"versions of the detector (changed, {'; '.join(changes)})" if changes else "versions of the detector"
    print_table(title, ("label", "version", "first day", "last day"), rows, empty="no figures yet")


_PRINTERS: Mapping[str, Callable[[Section], None]] = {
    "images": print_images,
    "parts": print_by_name("parts of unfinished images", "feature"),
    "queues": print_queues,
    "calls": print_by_name("calls this month", "operation"),
    "cost": print_cost,
    "rates": print_rates,
    "graph": print_graph,
    "dead_letters": print_dead_letters,
    "stopped": print_stopped,
    "models": print_models,
    "last_runs": print_runs,
    "ledger": print_ledger,
}

_OF_ALL: Mapping[str, Callable[[Section], None]] = {"parts": print_by_name("parts of all images", "feature")}
"""How sections are printed that came from reading every row."""


@click.command()
@click.option("--exact", is_flag=True, help="Read every row: slow and dear on a large table.")
@json_option
@click.pass_obj
def status(factory: Factory, *, exact: bool, as_json: bool) -> None:
    """Show images by state, queues, calls, cost, the graph and dead letters. Exit 1 where a server is away."""
    report = status_report(factory.services if exact else factory.services_in_a_hurry, exact=exact)
    if as_json:
        print_json(report)
    else:
        print_status(report)
    if any("error" in section for section in report.values()):
        raise click.exceptions.Exit(1)
