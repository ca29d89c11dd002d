"""`sightline check`: every setting and every server, one line each, with the remedy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from console.factory import Factory
from console.output import json_option, print_json, print_table
from vision.errors import SightlineError
from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. problem: None where it is well."""

    name: str
    value: str
    problem: str | None = None


@click.command()
@json_option
@click.pass_obj
def check(factory: Factory, *, as_json: bool) -> None:
    """Look at every setting and server. Exit 1 where something is wrong."""
    lines = [*setting_lines(factory.settings), *server_lines(factory)]
    if as_json:
        print_json({each.name: {"value": each.value, "problem": each.problem} for each in lines})
    else:
        print_table(
            "check",
            ("", "value", "what is wrong, and the remedy"),
            [(e.name, e.value, e.problem or "ok") for e in lines],
        )
    if any(each.problem for each in lines):
        raise click.exceptions.Exit(1)


def setting_lines(settings: Settings) -> Iterator[Line]:
    """Give each setting by the name of its environment variable; secrets as stars."""
    for name in type(settings).model_fields:
        value: Any = getattr(settings, name)
        yield Line(f"SIGHTLINE_{name.upper()}", "unset" if value is None else str(value))


def server_lines(factory: Factory) -> Iterator[Line]:
    """Try each server."""
    s, settings = factory.services, factory.settings
    yield _try("Redis", settings.key_prefix, s.limiter.check)
    yield _try("DynamoDB, images", settings.table_prefix, s.images.check)
    yield _try("DynamoDB, analyses", settings.table_prefix, s.ledger.check)
    yield _try("DynamoDB, operations", settings.table_prefix, s.operations.check)
    yield _try("Neo4j", settings.neo4j_uri, s.graph.check)
    yield _try("S3", settings.checkpoint_bucket, lambda: s.buckets.check(settings.checkpoint_bucket))
    yield _try("Rekognition", settings.rekognition_endpoint or "AWS", s.detector.check)


def _try(name: str, value: str, do: Callable[[], None]) -> Line:
    try:
        do()
    except SightlineError as error:
        return Line(name, value, str(error))
    return Line(name, value)
