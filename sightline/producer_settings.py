"""What those processes need that only add images: a producer, and `sightline listen`. `Settings` has all of it."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import structlog
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from redis.connection import parse_url

from sightline import addresses
from sightline.public_hosts import is_public
from sightline.services.other_files import DEFAULT_SKIPPED_SUFFIXES, OWN_FOLDER, as_suffixes
from sightline.setting_types import (
    OptionalCaFile,
    OptionalEndpoint,
    OptionalSecret,
    QueueUrl,
    words,
)
from sightline.storage.buckets.protocol import Prefix

log = structlog.get_logger()


class ProducerSettings(BaseSettings):
    """What adding images needs: Redis and the tables. A producer needs no other address or password."""

    model_config = SettingsConfigDict(
        env_prefix="SIGHTLINE_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    redis_url: Annotated[SecretStr, AfterValidator(addresses.redis_url)] = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        description="Redis: broker and limiter; `rediss://` for TLS",
    )
    redis_ca_file: OptionalCaFile = Field(
        default=None, description="certificates (PEM) to trust for `rediss://`; unset: the system's"
    )
    plaintext_passwords: bool = Field(
        default=False, description="allow a password to go unencrypted to a public host (Redis, Neo4j)"
    )
    key_prefix: str = Field(default="sightline:", description="prefix of every key in Redis; foreign producers need it")
    region: Annotated[str, AfterValidator(addresses.region)] = Field(
        default="us-east-1", description="the AWS region of bucket, tables and Rekognition"
    )
    aws_access_key_id: OptionalSecret = Field(default=None, description="unset: the usual AWS chain (role, profile)")
    aws_secret_access_key: OptionalSecret = Field(default=None, description="goes with the access key")
    dynamodb_endpoint: OptionalEndpoint = Field(default=None, description="unset: AWS")
    table_prefix: str = Field(default="sightline-", description="prefix of every table's name")

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> Self:
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            message = "set both SIGHTLINE_AWS_ACCESS_KEY_ID and SIGHTLINE_AWS_SECRET_ACCESS_KEY, or neither"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _passwords_are_encrypted(self) -> Self:
        """Require TLS for a password that leaves the private network. Hosts are named, addresses never."""
        refused = [] if self.plaintext_passwords else list(self._plaintext_to_public())
        if refused:
            where = "; ".join(f"SIGHTLINE_{name}: use {scheme} for {host}" for name, host, scheme in refused)
            message = (
                f"a password must not go to a public host unencrypted ({where}); if the network between is private, "
                "set SIGHTLINE_PLAINTEXT_PASSWORDS=true"
            )
            raise ValueError(message)
        return self

    def _plaintext_to_public(self) -> Iterator[tuple[str, str, str]]:
        """Yield setting, public host and encrypted scheme for each password that would travel unencrypted."""
        redis: dict[str, Any] = parse_url(self.redis_url.get_secret_value())  # type: ignore[no-untyped-call]
        is_plain = urlsplit(self.redis_url.get_secret_value()).scheme == "redis"
        if is_plain and redis.get("password") and is_public(redis["host"]):
            yield "REDIS_URL", redis["host"], "rediss://"


class ListenerSettings(ProducerSettings):
    """What `sightline listen` needs besides: the queues, and what is not an image. It needs neither S3 nor Neo4j."""

    event_queues: Annotated[tuple[QueueUrl, ...], NoDecode, BeforeValidator(words)] = Field(
        default=(), description="URLs of the SQS queues of S3's events that `sightline listen` reads"
    )
    sqs_endpoint: OptionalEndpoint = Field(default=None, description="unset: AWS")
    checkpoint_bucket: str = Field(description="where sightline keeps objects of its own, under sightline/")
    skipped_suffixes: Annotated[tuple[str, ...], NoDecode, BeforeValidator(words), AfterValidator(as_suffixes)] = Field(
        default=DEFAULT_SKIPPED_SUFFIXES,
        description="suffixes of keys that are not images: sweep, backfill and events skip them; empty: none",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_json: bool = Field(default=False, description="log lines as JSON, for collectors")

    @property
    def own_objects(self) -> Prefix:
        """Return where sightline keeps objects of its own."""
        return Prefix(self.checkpoint_bucket, OWN_FOLDER)
