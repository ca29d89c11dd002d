"""The commands over real servers: tables, keys and camera are the module's own, and go with it."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from click.testing import CliRunner, Result
from pydantic import SecretStr

from sightline.bootstrap import connect
from sightline.cli import sightline
from sightline.cli.factory import Factory
from sightline.config import Settings
from sightline.services.collaborators import Services
from tests.servers import Neo4jAddress, ServersOfTheRun

NOWHERE = "127.0.0.1:1"
"""Nobody listens on port 1."""


@pytest.fixture(scope="module")
def tag() -> str:
    return uuid4().hex[:10]


@pytest.fixture(scope="module")
def settings(
    tag: str,
    redis_url: str,
    dynamodb_endpoint: str,
    s3_endpoint: str,
    neo4j_address: Neo4jAddress,
    servers: ServersOfTheRun,
) -> Settings:
    return Settings(
        _env_file=None,
        redis_url=SecretStr(redis_url),
        key_prefix=f"test-{tag}:",
        table_prefix=f"test-{tag}-",
        checkpoint_bucket=f"own-{tag}",
        aws_access_key_id=SecretStr("tests"),
        aws_secret_access_key=SecretStr("tests"),
        dynamodb_endpoint=dynamodb_endpoint,
        s3_endpoint=s3_endpoint,
        rekognition_endpoint=servers.setting("rekognition", "SIGHTLINE_REKOGNITION_ENDPOINT"),
        neo4j_uri=neo4j_address.uri,
        neo4j_user=neo4j_address.user,
        neo4j_password=SecretStr(neo4j_address.password),
        neo4j_database=neo4j_address.database,
    )


@pytest.fixture(scope="module", autouse=True)
def _clean(settings: Settings, dynamodb_client) -> Iterator[None]:
    yield
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        for key in client.scan_iter(f"{settings.key_prefix}*"):
            client.delete(key)
    names = dynamodb_client.list_tables(ExclusiveStartTableName=settings.table_prefix, Limit=10)["TableNames"]
    for name in names:
        if name.startswith(settings.table_prefix):
            dynamodb_client.delete_table(TableName=name)


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[Services]:
    made = connect(settings)
    yield made
    made.graph.close()


@pytest.fixture
def run(settings: Settings, services: Services) -> Callable[..., Result]:
    """Run a command as a shell would; with other settings, it makes connections of its own."""

    def run(*arguments: str, given: str | None = None, **changed: object) -> Result:
        factory = Factory(settings.model_copy(update=changed)) if changed else Factory(settings, services)
        result = CliRunner().invoke(sightline, list(arguments), input=given, obj=factory)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return run


@pytest.fixture
def told(run) -> Callable[..., dict[str, Any]]:
    """Run a command for its JSON."""
    return lambda *arguments, **changed: json.loads(run(*arguments, "--json", **changed).stdout)
