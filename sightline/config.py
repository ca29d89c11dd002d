"""Every setting, from the environment (`SIGHTLINE_…`) or a `.env` file. Secrets never print."""

from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from sightline import config_rules as rules
from sightline.config_accuracy import AccuracySettings
from sightline.errors import InvalidUri
from sightline.ratelimit.gcra import LEAST_RATE
from sightline.rekognition.features import all_features, feature_named
from sightline.rekognition.quotas import default_quota
from sightline.services.capture import DEFAULT_KEY_PATTERN
from sightline.services.collaborators import Plan
from sightline.services.rollups.plan import AccuracyPlan
from sightline.storage.buckets.prefixes import Place


def _words(value: Any) -> Any:
    """Read `labels,faces text` as three words."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


_Secret = Annotated[SecretStr | None, BeforeValidator(rules.empty_is_unset)]
_Endpoint = Annotated[Annotated[str, AfterValidator(rules.endpoint)] | None, BeforeValidator(rules.empty_is_unset)]
_TimeZone = Annotated[str, AfterValidator(rules.time_zone)]
_Operation = Annotated[str, AfterValidator(rules.operation)]
_Rate = Annotated[float, Field(ge=LEAST_RATE, allow_inf_nan=False)]


class Settings(AccuracySettings):
    """What can be set. Each field's description is its line in README and in `sightline check`."""

    model_config = SettingsConfigDict(
        env_prefix="SIGHTLINE_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    redis_url: Annotated[SecretStr, AfterValidator(rules.redis_url)] = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"), description="Redis: broker and limiter"
    )
    key_prefix: str = Field(
        default="sightline:", description="what every key in Redis begins with; foreign producers need it"
    )
    region: Annotated[str, AfterValidator(rules.region)] = Field(
        default="us-east-1", description="the AWS region of bucket, tables and Rekognition"
    )
    account: str = Field(
        default="default", description="a name for the AWS account, so that two accounts have limits apart"
    )
    aws_access_key_id: _Secret = Field(default=None, description="unset: the usual AWS chain (role, profile)")
    aws_secret_access_key: _Secret = Field(default=None, description="goes with the access key")
    s3_endpoint: _Endpoint = Field(default=None, description="unset: AWS")
    dynamodb_endpoint: _Endpoint = Field(default=None, description="unset: AWS")
    rekognition_endpoint: _Endpoint = Field(default=None, description="unset: AWS")
    table_prefix: str = Field(default="sightline-", description="what every table's name begins with")
    checkpoint_bucket: str = Field(description="where sightline keeps objects of its own, under sightline/")
    neo4j_uri: Annotated[str, AfterValidator(rules.neo4j_uri)] = Field(
        default="bolt://127.0.0.1:7687", description="Neo4j, over Bolt"
    )
    neo4j_user: str = Field(default="neo4j", description="its user")
    neo4j_password: SecretStr = Field(min_length=1, description="its password")
    neo4j_database: str = Field(default="neo4j", description="its database")
    features: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        default_factory=lambda: tuple(name for name, each in all_features().items() if each.on_by_default),
        description="what every image is asked, by name: see `sightline features`",
    )
    feature_parameters: Annotated[dict[str, dict[str, Any]], AfterValidator(rules.feature_parameters)] = Field(
        default={}, description='JSON, feature → parameters over its own: {"labels": {"MinConfidence": 40}}'
    )
    generation: str = Field(default="1", description="a new word pays again for every image that comes by, on purpose")
    quotas: dict[_Operation, _Rate] = Field(
        default={}, description='JSON, operation → calls a second: {"DetectLabels": 20}'
    )
    key_pattern: str = Field(
        default=DEFAULT_KEY_PATTERN, description="regular expression that finds camera and time in a key"
    )
    time_zone: _TimeZone = Field(default="UTC", description="time zone of cameras that have none of their own")
    camera_time_zones: dict[str, _TimeZone] = Field(
        default={}, description='JSON, camera → time zone: {"yard": "Europe/Berlin"}'
    )
    sweep: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = Field(
        default=(), description="s3://bucket/prefix of what is swept for images that no message told of"
    )
    sweep_day_folder: str = Field(
        default="%Y-%m-%d/", description="a day's folder below its camera's, as strftime writes it: swept each minute"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_json: bool = Field(default=False, description="log lines as JSON, for collectors")
    metrics_address: Annotated[str, AfterValidator(rules.listening_address)] = Field(
        default="127.0.0.1", description="where a worker serves its metrics to Prometheus"
    )
    metrics_port: int | None = Field(default=None, ge=1, le=65535, description="unset: a worker serves none")
    state_folder: str | None = Field(default=None, description="where a worker writes its heartbeat, for health checks")

    @field_validator("features")
    @classmethod
    def _features_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            message = "name at least one feature"
            raise ValueError(message)
        return tuple(feature_named(name).name for name in names)

    @field_validator("sweep")
    @classmethod
    def _places_exist(cls, uris: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(Place.parse(uri)) for uri in uris)
        except InvalidUri as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> Self:
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            message = "set both SIGHTLINE_AWS_ACCESS_KEY_ID and SIGHTLINE_AWS_SECRET_ACCESS_KEY, or neither"
            raise ValueError(message)
        return self

    @cached_property
    def plan(self) -> Plan:
        """Give what each image is asked."""
        chosen = {name: dict(feature_named(name).parameters) for name in self.features}
        usual = {name: own | self.feature_parameters.get(name, {}) for name, own in chosen.items()}
        deeper = {name: usual[name] | dict(feature_named(name).deeper) for name in usual if feature_named(name).deeper}
        return Plan(usual, self.generation, deeper)

    @cached_property
    def accuracy_plan(self) -> AccuracyPlan:
        """Give what is watched."""
        names = sorted({self.time_zone, *self.camera_time_zones.values()})
        return AccuracyPlan(
            self.strata_rules, self.sampling_salt, self.review_target_points, tuple(map(ZoneInfo, names))
        )

    @cached_property
    def all_quotas(self) -> dict[str, float]:
        """Give calls a second for the operation of every declared feature: the region's default, or what is set."""
        operations = {feature.operation for feature in all_features().values()}
        return {name: self.quotas.get(name, default_quota(name, self.region)) for name in sorted(operations)}
