"""`sightline query`: the named questions to the graph."""

import csv
import sys
from datetime import UTC, datetime

import click

from console.factory import Factory
from console.output import json_option, print_json, print_table
from stores.graph.queries import all_queries, query_named
from vision.models import Json

Row = dict[str, Json]

NODE_SAYS = {"camera_name": "", "image_id": "", "isodate": "taken at"}
"""What people see of a node, and how the column is called beside the node's name. The rest is for JSON and CSV."""

HEADINGS = {
    "camera.camera_name": "camera",
    "image.object_key": "image",
    "count(round(label_edge.confidence))": "times",
    "round(label_edge.confidence)": "confidence",
}
"""What people read over the columns of a query that names none; scripts see the query's own."""

EPOCH_COLUMNS = {"first", "last", "timestamp"}
"""Columns that hold seconds since the epoch."""


def _catalogue() -> str:
    asked = (each for each in all_queries().values() if not each.needs)
    return "\n\n".join(f"{each.name}: {each.explains}" for each in asked)


@click.command(help=f"Ask the graph a named question.\n\n{_catalogue()}")
@click.argument("name", type=click.Choice([name for name, each in all_queries().items() if not each.needs]))
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@json_option
@click.pass_obj
def query(factory: Factory, name: str, *, as_csv: bool, as_json: bool) -> None:
    """Ask the graph a named question."""
    rows = factory.services.graph.query(name)
    if as_json:
        print_json(rows)
    elif as_csv:
        print_csv([flat(row) for row in rows])
    else:
        shown = [short(row) for row in rows]
        title = f"{name}: {query_named(name).explains.rstrip('.')} ({len(rows):,})"
        print_table(title, [*next(iter(shown), {})], [[*row.values()] for row in shown])


def print_csv(rows: list[Row]) -> None:
    """Print rows with a line of names; nothing where there are no rows, and so no names."""
    if rows:
        writer = csv.DictWriter(sys.stdout, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


def flat(row: Row) -> Row:
    """Give a node's properties as columns of their own: `image.object_key`."""
    columns: Row = {}
    for name, value in row.items():
        columns |= {f"{name}.{key}": value[key] for key in sorted(value)} if isinstance(value, dict) else {name: value}
    return columns


def _shown(name: str, value: Json) -> Json | datetime:
    if name == "isodate":
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(value, UTC) if name in EPOCH_COLUMNS else value


def short(row: Row) -> Row:
    """Give a row as people read it: a node by its name, a time as a time."""
    columns: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            columns |= {says or name: _shown(key, value[key]) for key, says in NODE_SAYS.items() if key in value}
        else:
            columns[HEADINGS.get(name, name)] = _shown(name, value)
    return columns
