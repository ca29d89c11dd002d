"""`sightline query`: the named questions to the graph."""

import csv
import sys
from typing import Any

import click

from console.factory import Factory
from console.output import json_option, print_json, print_table
from stores.graph.queries import all_queries, query_named


@click.command()
@click.argument("name", type=click.Choice([name for name, each in all_queries().items() if not each.needs]))
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@json_option
@click.pass_obj
def query(factory: Factory, name: str, *, as_csv: bool, as_json: bool) -> None:
    """Ask the graph a named question."""
    rows = [_flat(row) for row in factory.services.graph.query(name)]
    columns = list(rows[0]) if rows else []
    if as_json:
        print_json(rows)
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, columns)
        writer.writeheader()
        writer.writerows(rows)
    else:
        print_table(
            f"{name}: {query_named(name).explains}", columns or ["nothing found"], [list(row.values()) for row in rows]
        )


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Give a node's properties as columns of their own."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat |= {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
    return flat
