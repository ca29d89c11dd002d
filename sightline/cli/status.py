"""`sightline status`: the state of the whole pipeline, as tables or JSON."""

from collections.abc import Mapping

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.names import printable
from sightline.services.status import status_report
from sightline.services.status_tables import Section, tables_of


def print_status(report: Mapping[str, Section]) -> None:
    """Print every section; at the end the ones whose server is unavailable, each reason once."""
    missing: dict[str, list[str]] = {}
    for name, section in report.items():
        if "error" in section:
            missing.setdefault(section["error"], []).append(name.replace("_", " "))
        else:
            print_section(name, section, is_exact="ledger" in report)
    for error, names in missing.items():
        click.echo(f"{', '.join(names)}: unavailable. {printable(error)}\n")


def print_section(name: str, section: Section, *, is_exact: bool = False) -> None:
    """Print the tables of a section."""
    for table in tables_of(name, section, is_exact=is_exact):
        print_table(table.of_command_line, table.columns, table.rows, empty=table.empty or "none")


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
