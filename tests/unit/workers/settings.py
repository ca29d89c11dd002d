"""Settings for tests: those that have no default, and nothing from the environment."""

from typing import Any

from sightline.config import Settings

NEEDED = {"checkpoint_bucket": "frames", "neo4j_password": "a graph's secret"}


def settings(**chosen: Any) -> Settings:
    """Make settings; an empty `.env` keeps out the one of this folder."""
    return Settings(_env_file=None, **(NEEDED | chosen))
