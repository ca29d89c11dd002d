"""How single settings are read: the text of the environment → a value, or a ValueError that says what it must be.

`sightline/config.py` declares the settings themselves.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from sightline import addresses
from sightline.addresses import require
from sightline.models.people_policy import EXAMPLE, MOST_RETENTION_DAYS, PeoplePolicy
from sightline.ratelimit.gcra import LEAST_RATE
from sightline.rekognition.feature import Feature
from sightline.rekognition.features import all_features
from sightline.rekognition.paid_calls import BESIDE_FEATURES, JOBS
from sightline.rekognition.video_jobs import CLOSED, all_job_kinds
from sightline.services.caps import parse_caps

PAID_FOR = (*BESIDE_FEATURES, *all_features(), *JOBS)
"""What a cap may be for."""

LEAST_SECRET_BYTES = 32
"""Of the console's secret."""


def words(value: Any) -> Any:
    """Read `labels,faces text` as three words."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def phrases(value: Any) -> Any:
    """Read `Person@50, Fire Hydrant@70` as two phrases."""
    return tuple(each.strip() for each in value.split(",") if each.strip()) if isinstance(value, str) else value


def places(value: Any) -> Any:
    """Read `s3://a/Front Door/, s3://b/` as two places: a prefix may hold blanks and commas."""
    if not isinstance(value, str):
        return value
    return tuple(each for each in re.split(r"[,\s]+(?=s3://)", value.strip(", \t\r\n")) if each)


def empty_is_unset(value: Any) -> Any:
    """Read `NAME=` as if the line were not there."""
    return None if value == "" else value


def _people_policy(value: Any) -> Any:
    """Read a policy from its JSON; an empty one is unset."""
    if not isinstance(value, str):
        return value
    try:
        policy = json.loads(value) if value else None
    except ValueError as error:
        message = f"it must be JSON, such as {EXAMPLE} ({error})"
        raise ValueError(message) from None
    if isinstance(policy, dict) and (unknown := sorted(policy.keys() - {each.name for each in fields(PeoplePolicy)})):
        message = f"a policy has no {', '.join(unknown)}; an example is {EXAMPLE}"
        raise ValueError(message)
    return policy


def _complete(policy: PeoplePolicy | None) -> PeoplePolicy | None:
    """Require what the law asks an operator to lay down."""
    if policy is not None:
        require(bool(policy.purpose.strip()), "purpose: say why people are compared")
        require(bool(policy.legal_ground.strip()), "legal_ground: say what allows it, such as consent")
        require(
            1 <= policy.retention_days <= MOST_RETENTION_DAYS,
            f"retention_days: from 1 to {MOST_RETENTION_DAYS} (three years), not {policy.retention_days}",
        )
        require(bool(policy.cameras) and all(policy.cameras), "cameras: name at least one, and none by an empty name")
    return policy


def _web_secret(secret: SecretStr | None) -> SecretStr | None:
    """Require a key that cannot be guessed."""
    if secret is not None:
        require(
            len(secret.get_secret_value().encode()) >= LEAST_SECRET_BYTES,
            f"the secret has at least {LEAST_SECRET_BYTES} bytes; `openssl rand -hex 32` draws one",
        )
    return secret


def _time_zone(name: str) -> str:
    """Require a time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: `Europe` is a folder of the database
        message = f"{name!r} is no time zone of the IANA database, such as Europe/Berlin"
        raise ValueError(message) from None
    return name


def _operation(name: str) -> str:
    """Require an operation that is called."""
    known = sorted({*BESIDE_FEATURES.values(), *(feature.operation for feature in all_features().values())})
    require(name in known, f"{name!r} is not an operation that is called; there are {', '.join(known)}")
    return name


def known_parameters(given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Require features that exist, and parameters that their operations take: botocore's model of Rekognition says."""
    features = all_features()
    for name, parameters in given.items():
        require(name in features, f"{name!r} is no feature; there are {', '.join(features)}")
        wrong = _wrong(features[name], parameters)
        require(not wrong, f"{name}: {'; '.join(wrong)}")
    return given


def _job_kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    """Require kinds of jobs that can be had; say since when AWS has closed the others."""
    kinds = sorted(all_job_kinds())
    for name in names:
        require(name not in CLOSED, f"{name}: {CLOSED.get(name)}; there are {', '.join(kinds)}")
        require(name in kinds, f"{name!r} is no job on videos; there are {', '.join(kinds)}")
    return tuple(dict.fromkeys(names))


def _arn(service: str, what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        form = f"arn:aws:{service}:… of {what}"
        require(re.fullmatch(rf"arn:aws[a-z-]*:{service}:[^:]*:\d{{12}}:.+", text) is not None, f"it must be {form}")
        return text

    return check


def possible_caps(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Require caps that can hold."""
    parse_caps(phrases, PAID_FOR)
    return phrases


OptionalSecret = Annotated[SecretStr | None, BeforeValidator(empty_is_unset)]
OptionalEndpoint = Annotated[Annotated[str, AfterValidator(addresses.endpoint)] | None, BeforeValidator(empty_is_unset)]
OptionalCaFile = Annotated[Annotated[str, AfterValidator(addresses.ca_file)] | None, BeforeValidator(empty_is_unset)]
VideoJobNames = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words), AfterValidator(_job_kinds)]
OptionalTopic = Annotated[
    Annotated[str, AfterValidator(_arn("sns", "a topic of SNS"))] | None, BeforeValidator(empty_is_unset)
]
OptionalRole = Annotated[Annotated[str, AfterValidator(_arn("iam", "a role"))] | None, BeforeValidator(empty_is_unset)]
TimeZoneName = Annotated[str, AfterValidator(_time_zone)]
WebSecret = Annotated[Annotated[SecretStr | None, AfterValidator(_web_secret)], BeforeValidator(empty_is_unset)]
OptionalPage = Annotated[Annotated[str, AfterValidator(addresses.page)] | None, BeforeValidator(empty_is_unset)]
WebOrigin = Annotated[str, AfterValidator(addresses.origin)]
HostName = Annotated[str, AfterValidator(addresses.host)]
QueueUrl = Annotated[str, AfterValidator(addresses.queue_url)]
OperationName = Annotated[str, AfterValidator(_operation)]
PeoplePolicySetting = Annotated[
    PeoplePolicy | None, NoDecode, BeforeValidator(_people_policy), AfterValidator(_complete)
]
CallsPerSecond = Annotated[float, Field(ge=LEAST_RATE, allow_inf_nan=False)]


def _wrong(feature: Feature, given: Mapping[str, Any]) -> list[str]:
    if "Image" in given:
        return ["Image is each image itself, and cannot be set"]
    shape: Any = _rekognition().operation_model(feature.operation).input_shape
    whole = {**feature.parameters, **given, "Image": {}}
    report: str = ParamValidator().validate(whole, shape).generate_report()
    return report.splitlines() or [
        f"{name} must be at most {most}, not {value}"
        for name, value in given.items()
        if isinstance(value, int | float) and value > (most := shape.members[name].metadata.get("max", value))
    ]


@cache
def _rekognition() -> ServiceModel:
    """Read the model that comes with botocore. A session would read the profiles of this machine too."""
    return ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")
