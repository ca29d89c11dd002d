"""`sightline check`: every setting and every server, one line each, with a remedy for what is wrong."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import click
import urllib3
from pydantic import SecretStr

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.config import Settings
from sightline.errors import SightlineError
from sightline.services.collaborators import Services

HEALTH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """One setting or server. problem: None if there is none."""

    name: str
    value: str
    problem: str | None = None


@click.command()
@json_option
@click.pass_obj
def check(factory: Factory, *, as_json: bool) -> None:
    """Check every setting and server. Exit 1 if anything is wrong."""
    settings = [*setting_lines(factory.settings)]
    servers = server_lines(factory.services_in_a_hurry, factory.settings)
    if as_json:
        print_json({each.name: {"value": each.value, "problem": each.problem} for each in settings + servers})
    else:
        print_table("settings", ("setting", "value"), [(each.name, each.value) for each in settings])
        rows = [(each.name, each.value, each.problem or "ok") for each in servers]
        print_table("servers", ("server", "address", "problem and remedy"), rows)
    if any(each.problem for each in servers):
        raise click.exceptions.Exit(1)


def setting_lines(settings: Settings) -> Iterator[Line]:
    """Yield each setting under the name of its environment variable; secrets are masked."""
    for name in type(settings).model_fields:
        yield Line(f"SIGHTLINE_{name.upper()}", _words(getattr(settings, name)))


def _words(value: Any) -> str:
    if value is None or value == {}:
        return "unset"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def server_lines(services: Services, settings: Settings) -> list[Line]:
    """Try all servers at once: it takes as long as the slowest, not the sum."""
    bucket, tables = settings.checkpoint_bucket, settings.table_prefix
    dynamodb = settings.dynamodb_endpoint or f"AWS, {settings.region}"
    tries: list[tuple[str, str, Callable[[], None]]] = [
        ("Redis", _address(settings.redis_url), services.limiter.check),
        ("DynamoDB, images", f"{dynamodb} {tables}images", services.images.check),
        ("DynamoDB, analyses", f"{dynamodb} {tables}analyses", services.ledger.check),
        ("DynamoDB, verdicts", f"{dynamodb} {tables}verdicts", services.verdicts.check),
        ("DynamoDB, rollups", f"{dynamodb} {tables}rollups", services.rollups.check),
        ("DynamoDB, operations", f"{dynamodb} {tables}operations", services.operations.check),
        ("Neo4j", f"{settings.neo4j_uri} {settings.neo4j_database}", services.graph.check),
        ("S3", f"{settings.s3_endpoint or 'AWS'} {bucket}", lambda: services.buckets.check(bucket)),
        ("Rekognition", _rekognition(settings), services.detector.check),
    ]
    with ThreadPoolExecutor(len(tries), thread_name_prefix="check") as pool:
        return list(pool.map(lambda each: _try(*each), tries))


def _rekognition(settings: Settings) -> str:
    """Return where Rekognition is; of the local one, also what it sees with, and why it has nothing better."""
    endpoint = settings.rekognition_endpoint
    if endpoint is None:
        return f"AWS, {settings.region}"
    health = _health(endpoint)
    words = [endpoint, health.get("detector", ""), f"({health['because']})" if "because" in health else ""]
    return " ".join(word for word in words if word)


def _health(endpoint: str) -> dict[str, str]:
    """Return what a local Rekognition says at /healthz; nothing if this endpoint is something else, or away."""
    try:
        answer = urllib3.request("GET", f"{endpoint.rstrip('/')}/healthz", timeout=HEALTH_SECONDS, retries=False)
        health = answer.json() if answer.status == HTTPStatus.OK else {}
    except (urllib3.exceptions.HTTPError, ValueError):
        return {}
    return health if isinstance(health, dict) else {}


def _address(url: SecretStr) -> str:
    """Return a URL without its user and password."""
    parts = urlsplit(url.get_secret_value())
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _try(name: str, value: str, do: Callable[[], None]) -> Line:
    try:
        do()
    except SightlineError as error:
        return Line(name, value, str(error))
    return Line(name, value)
