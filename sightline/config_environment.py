"""The settings as the environment holds them, or one error that names each that is wrong."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from sightline.config import Settings
from sightline.errors import ConfigurationError


class InvalidSettings(ConfigurationError):
    """The environment holds a setting that can not be."""

    rule = "every setting must be of its kind"
    remedy = "Compare the table in README, `Settings`"


def read_settings() -> Settings:
    """Read the settings from the environment; raise InvalidSettings naming each that is missing or wrong."""
    try:
        return Settings()
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
