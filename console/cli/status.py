"""`sightline status`: how things stand."""

from typing import Any

import click

from console.factory import Factory
from console.output import json_option, print_json, print_table
from console.report import Section, status_report
from workers.bootstrap import redis_client


@click.command()
@click.option("--exact", is_flag=True, help="Read every row: slow and dear on a large table.")
@json_option
@click.pass_obj
def status(factory: Factory, *, exact: bool, as_json: bool) -> None:
    """Show images by state, queues, calls, cost, the graph and dead letters."""
    settings = factory.settings
    report = status_report(factory.services, redis_client(settings), settings.key_prefix, exact=exact)
    if as_json:
        print_json(report)
    else:
        _print(report)
    if any("error" in section for section in report.values()):
        raise click.exceptions.Exit(1)


def _print(report: dict[str, Section]) -> None:
    for name, section in report.items():
        if "error" in section:
            print_table(name, ("can not be told",), [(section["error"],)])
        elif name == "dead_letters":
            print_letters(section)
        elif section:
            print_table(name.replace("_", " "), ("", ""), _lines(section))


def _lines(section: Section, prefix: str = "") -> list[tuple[str, Any]]:
    """Flatten a section to lines: `labels answered`, 60."""
    lines: list[tuple[str, Any]] = []
    for name, value in section.items():
        words = f"{prefix} {name}".strip().replace("_", " ")
        lines += _lines(value, words) if isinstance(value, dict) else [(words, value)]
    return lines


def print_letters(section: Section) -> None:
    """Print the open dead letters: what was refused, by which rule, and what to do."""
    rows = [
        (each["error"], each["subject"], each["rule"], each["remedy"], each["attempts"]) for each in section["first"]
    ]
    title = f"dead letters: {section['open']} open" + (
        f", the first {len(rows)}" if len(rows) < section["open"] else ""
    )
    print_table(title, ("error", "input", "rule", "remedy", "times"), rows)
