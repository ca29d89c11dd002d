"""`sightline query`: the named queries on the graph."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from sightline.cli.factory import Factory
from sightline.cli.images import label_hint, require_camera
from sightline.cli.output import json_option, print_json, print_table, require_one_form
from sightline.cli.param_types import PERCENT
from sightline.errors import ConfigurationError, ImageMissing
from sightline.graph.protocol import GraphStore
from sightline.graph.queries import NamedQuery, all_queries, query_named
from sightline.models.answers import Json
from sightline.names import printable
from sightline.spreadsheets import write_rows

Row = dict[str, Json]

NODE_SAYS = {"camera_name": "", "image_id": "", "isodate": "taken at"}
"""Property of a node → its column's heading, empty for the node's name. People see only these; JSON and CSV all."""

HEADINGS = {
    "camera.camera_name": "camera",
    "image.object_key": "image",
    "count(round(label_edge.confidence))": "times",
    "round(label_edge.confidence)": "confidence",
}
"""Headings for people where a query names its columns badly; scripts see the query's own names."""

AT_LEAST_ONE: click.ParamType[int] = click.IntRange(1)

EPOCH_COLUMNS = {"first", "last", "timestamp"}
"""Columns that hold seconds since the epoch."""


def _catalogue() -> str:
    return "\n\n".join(f"{each.name}{_asked_with(each)}: {each.explains}" for each in all_queries().values())


def _asked_with(asked: NamedQuery) -> str:
    needs, may_take = (" ".join(names) for names in (asked.needs, asked.may_take))
    return "".join(f" ({words} {names})" for words, names in (("needs", needs), ("may take", may_take)) if names)


@click.command(help=f"Run a named query on the graph.\n\n{_catalogue()}")
@click.argument("name", metavar="QUERY", type=click.Choice([*all_queries()]))
@click.option(
    "--with", "given", multiple=True, metavar="NAME=VALUE", help="A parameter that the query needs or may take."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@json_option
@click.pass_obj
def query(factory: Factory, name: str, given: tuple[str, ...], *, as_csv: bool, as_json: bool) -> None:
    """Run a named query on the graph."""
    require_one_form(as_json=as_json, as_csv=as_csv)
    asked, graph = _parameters(name, given), factory.services.graph
    rows = graph.query(name, asked)
    if not rows and (corrected := _corrected(asked, graph)) != asked:
        rows = graph.query(name, corrected)
    if as_json:
        print_json(rows)
    elif as_csv:
        print_csv([flat(row) for row in rows])
    else:
        shown = [short(row) for row in rows]
        title = f"{name}: {query_named(name).explains.rstrip('.')} ({len(rows):,})"
        print_table(title, [*next(iter(shown), {})], [[*row.values()] for row in shown])


def _parameters(name: str, given: tuple[str, ...]) -> Row:
    """Read `name=value` pairs; raise UsageError for a wrong one."""
    pairs = [each.partition("=") for each in given]
    if wrong := [each for each, (_, is_, _) in zip(given, pairs, strict=True) if not is_]:
        raise click.UsageError(f"{wrong[0]}: it must be NAME=VALUE.")
    words = {word: value for word, _, value in pairs}
    _check_words(query_named(name), [word for word, _, _ in pairs], words)
    try:
        return query_named(name).read(words)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error


def _corrected(asked: Row, graph: GraphStore) -> Row:
    """Return the parameters with the camera that is meant; raise an error if the graph has no such image or camera.

    Of a label it only hints: empty would look like good news.
    """
    if (image := asked.get("image")) and not graph.versions([image]):
        rule, remedy = "the image must be in the graph", "See its state with `sightline show`"
        raise ImageMissing(image, rule=rule, remedy=remedy)
    if (label := asked.get("label")) and (hint := label_hint(label, graph)):
        click.echo(printable(hint), err=True)
    camera = asked.get("camera")
    return {**asked, "camera": require_camera(camera, graph)} if camera else asked


def _check_words(asked: NamedQuery, written: list[str], words: Mapping[str, str]) -> None:
    """Raise UsageError for parameters that the graph would accept but read as a different query."""
    if twice := [word for word in words if written.count(word) > 1]:
        raise click.UsageError(f"{twice[0]}: it must be given once.")
    if empty := [word for word, value in words.items() if not value]:
        raise click.UsageError(f"{empty[0]}: it must have a value. Leave it out to ask without it.")
    if "at_least" in words:
        if "label" in asked.may_take and "label" not in words:
            raise click.UsageError("at_least: it applies to a label. Add --with label=Person.")
        PERCENT.convert(words["at_least"], click.Option(["--with"]), None)
    if words.get("minutes", "").startswith("-"):
        raise click.UsageError(f"minutes: {words['minutes']} is below 0; the query looks both before and after.")
    if "limit" in words:
        AT_LEAST_ONE.convert(words["limit"], click.Option(["--with"]), None)


def print_csv(rows: list[Row]) -> None:
    """Print a header and the rows; nothing if there are no rows, which the header comes from."""
    if rows:
        write_rows([[*rows[0]], *([row.get(name) for name in rows[0]] for row in rows)], sys.stdout, "\r\n")


def flat(row: Row) -> Row:
    """Return a row with each property of a node as its own column: `image.object_key`."""
    columns: Row = {}
    for name, value in row.items():
        columns |= {f"{name}.{key}": value[key] for key in sorted(value)} if isinstance(value, dict) else {name: value}
    return columns


def _shown(name: str, value: Json) -> Json | datetime:
    if name == "isodate":
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(value, UTC) if name in EPOCH_COLUMNS else value


def short(row: Row) -> Row:
    """Return a row as people read it: a node by its name, a time as a time."""
    columns: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            columns |= {says or name: _shown(key, value[key]) for key, says in NODE_SAYS.items() if key in value}
        else:
            columns[HEADINGS.get(name, name)] = _shown(name, value)
    return columns
