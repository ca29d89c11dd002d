"""The settings that a stack gives to what runs on it, as the program reads them."""

import json
from collections.abc import Mapping

from sightline.config import Settings


def settings_of(env: Mapping[str, str]) -> Settings:
    """Read a stack's settings without those of this process's environment."""
    values = {name.removeprefix("SIGHTLINE_").lower(): value for name, value in env.items()}
    return Settings.model_validate({name: json.loads(v) if v.startswith("{") else v for name, v in values.items()})
