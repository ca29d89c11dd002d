"""What the commands work with, made when it is first used: a command that needs no server asks none."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from celery import Celery
from pydantic import ValidationError

from tasks.services import Services, provide
from vision.errors import ConfigurationError
from workers.application import make_app
from workers.bootstrap import connect
from workers.settings import Settings


class InvalidSettings(ConfigurationError):
    """The environment holds a setting that can not be."""

    rule = "every setting must be of its kind"


class Factory:
    """Settings, services and Celery application of one command."""

    def __init__(self, overrides: Mapping[str, Any] | None = None) -> None:
        """Take settings that go before those of the environment."""
        self._overrides = dict(overrides or {})

    @cached_property
    def settings(self) -> Settings:
        """Give the settings; raise InvalidSettings naming each that is wrong."""
        try:
            return Settings(**self._overrides)
        except ValidationError as error:
            wrong = "; ".join(f"SIGHTLINE_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
            raise InvalidSettings(
                "the environment", rule=wrong, remedy="Compare the table in README, `Settings`"
            ) from None

    @cached_property
    def app(self) -> Celery:
        """Give the Celery application that messages are sent through."""
        app = make_app(self.settings)
        app.set_default()
        return app

    @cached_property
    def services(self) -> Services:
        """Give the services, and make them those of this process."""
        services = connect(self.settings)
        provide(services)
        return services

    def close(self) -> None:
        """Give connections back, where there are any."""
        if "services" in self.__dict__:
            self.services.graph.close()
        if "app" in self.__dict__:
            self.app.close()
