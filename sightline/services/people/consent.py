"""The file that says what a person agreed to. It is read and checked; only what it says and its SHA-256 are kept."""

import hashlib
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from sightline.errors import ConfigurationError
from sightline.models.people import Consent
from sightline.models.people_policy import PeoplePolicy
from sightline.storage.people import name_key

EXAMPLE = 'person = "Ann Lee"\ngiven_on = 2026-11-02\nuntil = 2027-11-01\npurpose = "find who left the gate open"'

MOST_BYTES = 100_000


class NoConsent(ConfigurationError):
    """The consent file is missing, or allows nothing."""

    rule = "nobody is enrolled without a consent that holds"
    remedy = "Give --consent a file as docs/known-people.md shows it"


def _plain_date(value: object) -> object:
    """Require a date as TOML writes it, without a time: a day has no time zone."""
    if not isinstance(value, date) or isinstance(value, datetime):
        message = "write a date as 2026-11-02, without quotes and without a time"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports it with the member's name
    return value


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_Date = Annotated[date, BeforeValidator(_plain_date)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    person: _Text
    given_on: _Date
    until: _Date
    purpose: _Text


def read_consent(path: Path) -> Consent:
    """Read a consent file. Raise NoConsent, naming the file and what is wrong with it."""
    try:
        data = path.read_bytes()
        told = _File.model_validate(tomllib.loads(data[:MOST_BYTES].decode()))
    except OSError as error:
        raise NoConsent(str(path), rule=f"{NoConsent.rule}, and this file cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NoConsent(str(path), rule=f"a consent is TOML, such as {EXAMPLE!r} ({error})") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise NoConsent(str(path), rule=f"a consent has person, given_on, until and purpose ({wrong})") from error
    return Consent(told.person, told.given_on, told.until, told.purpose, hashlib.sha256(data).hexdigest())


def require_consent(consent: Consent, name: str, policy: PeoplePolicy, today: date, source: str) -> None:
    """Raise NoConsent unless the consent is this person's, holds today, and is for what the policy says."""
    if name_key(consent.person) != name_key(name):
        raise NoConsent(source, rule=f"a consent is of who is enrolled, and this one is of {consent.person}")
    if consent.given_on > today:
        raise NoConsent(source, rule=f"a consent comes before the enrolment, and this one is of {consent.given_on}")
    if consent.until < today:
        raise NoConsent(source, rule=f"a consent must hold today, and this one expired on {consent.until}")
    if name_key(consent.purpose) != name_key(policy.purpose):
        rule = f"a consent is for the policy's purpose ({policy.purpose}), and this one is for: {consent.purpose}"
        raise NoConsent(source, rule=rule)
