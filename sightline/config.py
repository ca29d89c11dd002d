"""Every setting, from the environment (`SIGHTLINE_…`) or a `.env` file. Secrets never print.

`Settings` declares them, `sightline/setting_types.py` says how the text of one is read and what it must be, and
`read_settings` turns whatever is wrong into one error that names each setting. No message shows an address: it may hold
a password.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsError
from typing_extensions import override

from sightline import addresses
from sightline.errors import ConfigurationError, InvalidUri
from sightline.models.budgets import Budget
from sightline.models.people_policy import KnownPeople
from sightline.producer_settings import ListenerSettings, ProducerSettings
from sightline.public_hosts import is_public
from sightline.rekognition.features import all_features, feature_named
from sightline.rekognition.paid_calls import BESIDE_FEATURES
from sightline.rekognition.prices import Prices, read_prices
from sightline.rekognition.quotas import default_quota
from sightline.rekognition.video_client import Channel
from sightline.services.caps import parse_caps
from sightline.services.capture import DEFAULT_KEY_PATTERN
from sightline.services.need import LABELS, Need
from sightline.services.plan import Plan
from sightline.services.rollups.plan import AccuracyPlan
from sightline.services.video_job_plan import AT_ONCE, JobPlan
from sightline.services.video_plan import VideoPlan
from sightline.setting_types import (
    PAID_FOR,
    CallsPerSecond,
    HostName,
    OperationName,
    OptionalEndpoint,
    OptionalPage,
    OptionalRole,
    OptionalSecret,
    OptionalTopic,
    PeoplePolicySetting,
    TimeZoneName,
    VideoJobNames,
    WebOrigin,
    WebSecret,
    empty_is_unset,
    known_parameters,
    phrases,
    places,
    possible_caps,
    words,
)
from sightline.stats.strata import StrataRule
from sightline.storage.buckets.protocol import MIB, Prefix
from sightline.video.choosing import FrameChoice, Taking

log = structlog.get_logger()

DEFAULT_THRESHOLD_PERCENT = 50.0

FACES = "faces"

RELATED_TO_PERSON = (
    "Adult",
    "Baby",
    "Boy",
    "Child",
    "Face",
    "Girl",
    "Head",
    "Human",
    "Man",
    "Pedestrian",
    "People",
    "Woman",
)
"""Labels of Rekognition that each imply a person."""

_Kind = TypeVar("_Kind", bound=BaseSettings)


class Settings(ListenerSettings):
    """What can be set. Each field's description is its line in docs/settings.md and in `sightline check`."""

    account: str = Field(
        default="default", description="name of the AWS account: each account has rate limits of its own"
    )
    s3_endpoint: OptionalEndpoint = Field(default=None, description="unset: AWS")
    rekognition_endpoint: OptionalEndpoint = Field(default=None, description="unset: AWS")
    neo4j_uri: Annotated[str, AfterValidator(addresses.neo4j_uri)] = Field(
        default="bolt://127.0.0.1:7687", description="Neo4j, over Bolt"
    )
    neo4j_user: str = Field(default="neo4j", description="its user")
    neo4j_password: SecretStr = Field(min_length=1, description="its password")
    neo4j_database: str = Field(default="neo4j", description="its database")
    features: Annotated[tuple[str, ...], NoDecode, BeforeValidator(words)] = Field(
        default_factory=lambda: tuple(name for name, each in all_features().items() if each.on_by_default),
        description="features that every image is analysed for: see `sightline features`",
    )
    feature_parameters: Annotated[dict[str, dict[str, Any]], AfterValidator(known_parameters)] = Field(
        default={}, description='JSON, feature → parameters that replace its own: {"labels": {"MinConfidence": 40}}'
    )
    need: Annotated[Need | None, BeforeValidator(empty_is_unset)] = Field(
        default=None,
        description="JSON, what asks for a feature, and which images are near-identical; unset: each image has all",
    )
    generation: str = Field(default="1", description="change this value to analyse, and pay for, every image again")
    quotas: dict[OperationName, CallsPerSecond] = Field(
        default={}, description='JSON, operation → calls a second: {"DetectLabels": 20}'
    )
    prices: str | None = Field(
        default=None,
        description="a file of prices (TOML) that replaces or adds to sightline's: other regions, a contract",
    )
    free_tier: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default={}, description='JSON, meter → units of each month that AWS gives for nothing: {"group_2": 1000}'
    )
    budget: Annotated[tuple[str, ...], NoDecode, BeforeValidator(phrases), AfterValidator(possible_caps)] = Field(
        default=(),
        description="the most that may be spent by UTC day and month, in all, by feature and by lane: "
        "`10 USD/day, 200 USD/month, backfill 4 USD/day`; unset: no limit",
    )
    budget_live_percent: float = Field(
        default=20.0, ge=0, lt=100, description="share of each cap that backfill leaves for live images, in percent"
    )
    key_pattern: str = Field(
        default=DEFAULT_KEY_PATTERN,
        description="regular expression for camera and time in a key (in `bucket/key` if a group is called `bucket`)",
    )
    video_frames: Taking = Field(
        default=Taking.EVERY,
        description="frames that are taken of a video: `first`, `every` (SIGHTLINE_VIDEO_SECONDS), `scenes` or `none`",
    )
    video_seconds: float = Field(
        default=2.0, ge=0.1, le=3600, description="seconds between two frames of a video; of `scenes`, at least"
    )
    video_scene_percent: float = Field(
        default=2.0, gt=0, le=100, description="`scenes`: so much of the picture must have changed"
    )
    video_most_frames: int = Field(default=300, ge=1, le=2000, description="frames that may be taken of one video")
    video_most_minutes: float = Field(default=15.0, gt=0, le=180, description="length of a video, at the most")
    video_most_mib: int = Field(
        default=512, ge=1, description="size of a video, at the most: disk space for each thread of the queue `frames`"
    )
    video_jobs: VideoJobNames = Field(
        default=(),
        description="jobs of Rekognition's on each video, besides its frames: `labels`, `faces`, `text`, `moderation`, "
        "`celebrities`, `segments`; they take H.264 in MP4 and MOV alone",
    )
    video_jobs_at_once: int = Field(
        default=AT_ONCE, ge=1, le=1000, description="jobs that may run at once; AWS's limit of an account is 20"
    )
    video_jobs_topic: OptionalTopic = Field(
        default=None, description="ARN of an SNS topic that is told when a job ends; unset: jobs are looked at"
    )
    video_jobs_role: OptionalRole = Field(
        default=None, description="ARN of the role that lets Rekognition publish to that topic"
    )
    time_zone: TimeZoneName = Field(default="UTC", description="time zone of cameras that have none of their own")
    camera_time_zones: dict[str, TimeZoneName] = Field(
        default={}, description='JSON, camera → time zone: {"yard": "Europe/Berlin"}'
    )
    sweep: Annotated[tuple[str, ...], NoDecode, BeforeValidator(places)] = Field(
        default=(), description="s3://bucket/prefix, any number: swept for images that no message announced"
    )
    sweep_day_folder: str = Field(
        default="%Y-%m-%d/",
        description="folder of a day inside its camera's, as a strftime format: swept every minute",
    )
    people_policy: PeoplePolicySetting = Field(
        default=None,
        description="JSON: purpose, legal_ground, retention_days, cameras; without it no faces are compared: see"
        " comparing-faces.md",
    )
    known_people: bool = Field(
        default=False,
        description="search the policy's cameras for people who are enrolled (`sightline people`); needs"
        " SIGHTLINE_PEOPLE_POLICY and the feature faces: see known-people.md",
    )
    people_least_percent: float = Field(
        default=99.0, ge=50, le=100, description="from this similarity on a face is a candidate for a known person"
    )
    task_events: bool = Field(
        default=False, description="send an event for each step of a task, so that Flower shows tasks; costs CPU"
    )
    metrics_address: Annotated[str, AfterValidator(addresses.listening_address)] = Field(
        default="127.0.0.1", description="where a worker serves its metrics to Prometheus"
    )
    metrics_port: int | None = Field(default=None, ge=1, le=65535, description="unset: a worker serves none")
    state_folder: str | None = Field(default=None, description="where a worker writes its heartbeat, for health checks")

    watched_labels: Annotated[tuple[str, ...], NoDecode, BeforeValidator(phrases)] = Field(
        default=("Person@50",), description="labels whose accuracy is measured, each with its threshold in percent"
    )
    low_percent: float = Field(
        default=20.0,
        ge=0,
        le=100,
        description="from here up to the threshold an image is a near miss: stratum B; no answer holds less than"
        " labels' `MinConfidence`",
    )
    related_labels: dict[str, tuple[str, ...]] = Field(
        default={"Person": RELATED_TO_PERSON},
        description="JSON, label → synonyms and parents; one of them puts an image without the label into stratum B",
    )
    label_kin: dict[str, tuple[str, ...]] | None = Field(
        default=None, description="the old name of SIGHTLINE_RELATED_LABELS: still read, with a warning"
    )
    sampling_salt: str = Field(
        default="sightline", min_length=1, description="orders the sample; another value draws other images"
    )
    review_target_points: float = Field(
        default=5.0, gt=0, le=50, description="the review's target: recall within ± this many points"
    )

    web_address: Annotated[str, AfterValidator(addresses.listening_address)] = Field(
        default="127.0.0.1", description="where `sightline serve` listens"
    )
    web_port: int = Field(default=8080, ge=1, le=65535, description="the port it listens on")
    web_secret: WebSecret = Field(
        default=None, description="signs the addresses of pictures; `sightline serve` needs it: at least 32 bytes"
    )
    web_hosts: Annotated[tuple[HostName, ...], NoDecode, BeforeValidator(words)] = Field(
        default=("localhost", "127.0.0.1"), description="names by which browsers reach the console; others are refused"
    )
    web_https: bool = Field(
        default=False, description="browsers reach the console over HTTPS, which a proxy in front of it ends"
    )
    web_plain_http: bool = Field(
        default=False, description="allow passwords to reach the console unencrypted from other machines"
    )
    web_origins: Annotated[tuple[WebOrigin, ...], NoDecode, BeforeValidator(words)] = Field(
        default=(), description="origins whose pages may read the API with a token, such as https://shop.example"
    )
    web_flower_url: OptionalPage = Field(
        default=None, description="where browsers find Flower; the page of status then links to it"
    )
    web_grafana_url: OptionalPage = Field(default=None, description="the same for Grafana")
    web_session_hours: float = Field(default=12.0, gt=0, le=720, description="how many hours a session lasts")
    web_visit_gap_seconds: float = Field(
        default=60.0, ge=0, le=86_400, description="pictures of one camera at most this far apart are one visit"
    )
    web_thumbs_mib: int = Field(
        default=2048, ge=1, description="disk space for small pictures, in `SIGHTLINE_STATE_FOLDER`, in MiB"
    )
    web_first_user: str = Field(
        default="sightline", description="the user that `sightline serve` adds if there is none and a password is set"
    )
    web_first_password: OptionalSecret = Field(default=None, description="that user's first password")

    @field_validator("watched_labels")
    @classmethod
    def _labels_can_be_watched(cls, watched: tuple[str, ...]) -> tuple[str, ...]:
        labels = [_parsed(phrase)[0] for phrase in watched]
        if not labels or len(set(labels)) < len(labels):
            message = "name at least one label, and none twice"
            raise ValueError(message)
        return watched

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
            return tuple(str(Prefix.parse(uri)) for uri in uris)
        except InvalidUri as error:
            raise ValueError(str(error)) from error

    @override
    def _plaintext_to_public(self) -> Iterator[tuple[str, str, str]]:
        yield from super()._plaintext_to_public()
        graph = urlsplit(self.neo4j_uri)
        if graph.scheme in addresses.PLAIN_BOLT and is_public(graph.hostname or ""):
            yield "NEO4J_URI", str(graph.hostname), "neo4j+s://"

    @model_validator(mode="after")
    def _warn_of_old_names(self) -> Self:
        if self.label_kin is not None:
            log.warning("SIGHTLINE_LABEL_KIN is now called SIGHTLINE_RELATED_LABELS; the old name will go")
        return self

    @model_validator(mode="after")
    def _what_is_asked_for_is_analysed(self) -> Self:
        asked = self.need.asks if self.need else {}
        if unknown := sorted(set(asked) - set(self.features)):
            message = f"SIGHTLINE_NEED, asks: {', '.join(unknown)} must be in SIGHTLINE_FEATURES"
            raise ValueError(message)
        if any(ask.labels for ask in asked.values()) and LABELS not in self.features:
            raise ValueError("SIGHTLINE_NEED, asks: labels ask for something, so SIGHTLINE_FEATURES must have labels")
        return self

    @model_validator(mode="after")
    def _people_are_known_by_a_policy(self) -> Self:
        if self.known_people and self.people_policy is None:
            raise ValueError("SIGHTLINE_KNOWN_PEOPLE needs SIGHTLINE_PEOPLE_POLICY: see known-people.md")
        if self.known_people and FACES not in self.features:
            raise ValueError(
                "SIGHTLINE_KNOWN_PEOPLE: only faces are searched for, so SIGHTLINE_FEATURES must have faces"
            )
        return self

    @model_validator(mode="after")
    def _topic_and_role_go_together(self) -> Self:
        if (self.video_jobs_topic is None) != (self.video_jobs_role is None):
            raise ValueError("set both SIGHTLINE_VIDEO_JOBS_TOPIC and SIGHTLINE_VIDEO_JOBS_ROLE, or neither")
        return self

    @property
    def known_people_plan(self) -> KnownPeople | None:
        """Return how known people are searched for; None if that is off."""
        if not self.known_people or self.people_policy is None:
            return None
        return KnownPeople(self.people_policy, self.people_least_percent)

    @property
    def strata_rules(self) -> tuple[StrataRule, ...]:
        """Return the rule of each watched label; a threshold below `low_percent` leaves no near misses."""
        related = self.related_labels if self.label_kin is None else self.label_kin
        return tuple(
            StrataRule(label, threshold, min(self.low_percent, threshold), frozenset(related.get(label, ())))
            for label, threshold in map(_parsed, self.watched_labels)
        )

    @cached_property
    def plan(self) -> Plan:
        """Return what each image is asked."""
        chosen = {name: dict(feature_named(name).parameters) for name in self.features}
        usual = {name: own | self.feature_parameters.get(name, {}) for name, own in chosen.items()}
        deeper = {name: usual[name] | dict(feature_named(name).deeper) for name in usual if feature_named(name).deeper}
        return Plan(usual, self.generation, deeper, self.skipped_suffixes, self.need, self.own_objects)

    @cached_property
    def price_list(self) -> Prices:
        """Return the region's prices; raise ConfigurationError if their file or the free tier is wrong."""
        return read_prices(self.region, self.prices, self.free_tier)

    @cached_property
    def video_plan(self) -> VideoPlan:
        """Return what is taken of videos."""
        choice = FrameChoice(self.video_frames, round(self.video_seconds * 1000), self.video_scene_percent)
        most_bytes = self.video_most_mib * MIB
        return VideoPlan(choice, self.video_most_frames, self.video_most_minutes * 60, most_bytes)

    @property
    def job_plan(self) -> JobPlan:
        """Return which jobs videos get."""
        return JobPlan(self.video_jobs, self.video_jobs_at_once)

    @property
    def job_channel(self) -> Channel | None:
        """Return whom AWS tells of a job's end; None if jobs are only looked at."""
        topic, role = self.video_jobs_topic, self.video_jobs_role
        return Channel(topic, role) if topic and role else None

    @cached_property
    def money(self) -> Budget | None:
        """Return what may be spent; None if there is no limit."""
        caps = parse_caps(self.budget, PAID_FOR)
        return Budget(caps, self.budget_live_percent) if caps else None

    @cached_property
    def accuracy_plan(self) -> AccuracyPlan:
        """Return what is watched."""
        names = sorted({self.time_zone, *self.camera_time_zones.values()})
        return AccuracyPlan(
            self.strata_rules, self.sampling_salt, self.review_target_points, tuple(map(ZoneInfo, names))
        )

    @cached_property
    def all_quotas(self) -> dict[str, float]:
        """Return calls a second for each operation: the region's default, or what is set.

        Operations are those of all declared features, and those on faces besides if there is a policy on people.
        """
        operations = {feature.operation for feature in all_features().values()}
        operations |= {*BESIDE_FEATURES.values()} if self.people_policy else set()
        return {name: self.quotas.get(name, default_quota(name, self.region)) for name in sorted(operations)}


def _parsed(phrase: str) -> tuple[str, float]:
    """Read `Person@50` as label and threshold; raise ValueError if it says neither."""
    label, at, threshold = phrase.partition("@")
    percent = float(threshold) if at else DEFAULT_THRESHOLD_PERCENT
    if not label.strip() or "#" in label or not 0 < percent <= 100:  # noqa: PLR2004 - percent
        message = f"{phrase!r} must be a label without #, or label@percent with a percent above 0 and up to 100"
        raise ValueError(message)
    return label.strip(), percent


class InvalidSettings(ConfigurationError):
    """The environment holds a setting that cannot be used."""

    rule = "every setting must be of its kind"
    remedy = "Compare the table in docs/settings.md"


def read_settings() -> Settings:
    """Read the settings from the environment; raise InvalidSettings naming each that is missing or wrong."""
    return _read(Settings)


def read_producer_settings() -> ProducerSettings:
    """Read what a producer needs; raise InvalidSettings naming each setting that is missing or wrong."""
    return _read(ProducerSettings)


def read_listener_settings() -> ListenerSettings:
    """Read what `sightline listen` needs; raise InvalidSettings naming each setting that is missing or wrong."""
    return _read(ListenerSettings)


def _read(kind: type[_Kind]) -> _Kind:
    try:
        return kind()
    except ValidationError as error:
        wrong = "; ".join(map(_named, error.errors(include_input=False)))
        raise InvalidSettings("the environment", rule=wrong) from None
    except SettingsError as error:  # a setting that holds JSON and does not parse
        raise InvalidSettings("the environment", rule=f"{error}, which must be JSON") from None


def _named(error: ErrorDetails) -> str:
    """Say `SIGHTLINE_QUOTAS, DetectLabels: rule`; a rule of several settings names them itself."""
    name, *inside = map(str, error["loc"] or ("",))
    where = ", ".join([f"SIGHTLINE_{name.upper()}", *inside]) + ": " if name else ""
    return where + error["msg"].removeprefix("Value error, ")
