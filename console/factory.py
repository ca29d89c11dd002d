"""What the commands work with, made when it is first used: a command that needs no server asks none."""

from collections.abc import Callable, Iterable
from functools import cached_property

from celery import Celery
from kombu.exceptions import OperationalError
from pydantic import ValidationError
from pydantic_settings import SettingsError

from tasks.publish import Publish, publish
from tasks.services import Services, provide
from tasks.steps import Step
from vision.errors import ConfigurationError, Unavailable
from workers.application import make_app
from workers.bootstrap import connect, redis_client
from workers.queues import QUEUE_NAMES
from workers.settings import Settings
from workers.waiting import Queues, read_queues


class InvalidSettings(ConfigurationError):
    """The environment holds a setting that can not be."""

    rule = "every setting must be of its kind"
    remedy = "Compare the table in README, `Settings`"


def read_settings() -> Settings:
    """Read the settings from the environment; raise InvalidSettings naming each that is missing or wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"SIGHTLINE_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise InvalidSettings("the environment", rule=wrong) from None
    except SettingsError as error:  # a setting that holds JSON and does not parse
        raise InvalidSettings("the environment", rule=f"{error}, which must be JSON") from None


class Factory:
    """Settings, services and messages of one command. What is given is used; the rest is made when asked for."""

    def __init__(
        self,
        settings: Settings | None = None,
        services: Services | None = None,
        *,
        send: Publish | None = None,
        queues: Callable[[], Queues] | None = None,
    ) -> None:
        self._settings = settings
        self._services = services
        self._send = send
        self._queues = queues

    @cached_property
    def settings(self) -> Settings:
        """Give the settings; raise InvalidSettings where they can not be."""
        return self._settings or read_settings()

    @cached_property
    def app(self) -> Celery:
        """Give the Celery application that messages are sent through."""
        app = make_app(self.settings)
        app.set_default()
        return app

    @cached_property
    def services(self) -> Services:
        """Give the services, and make them those of this process."""
        services = self._services or connect(self.settings)
        provide(services)
        return services

    def send(self, steps: Iterable[Step]) -> None:
        """Send steps to their queues; raise Unavailable where Redis does not take them."""
        if self._send:
            self._send(steps)
            return
        _ = self.app
        try:
            publish(steps)
        except OperationalError as error:
            remedy = "The rows are written. Once Redis is back, do this again: nothing is paid twice"
            raise Unavailable("Redis", rule=f"it does not take messages ({error})", remedy=remedy) from error

    def queues(self) -> Queues:
        """Read what waits on Redis; raise Unavailable where it does not answer."""
        if self._queues:
            return self._queues()
        return read_queues(redis_client(self.settings), self.settings.key_prefix, QUEUE_NAMES)

    def close(self) -> None:
        """Give the connections back that were made here; what was handed in is its owner's."""
        if "services" in self.__dict__ and not self._services:
            self.services.graph.close()
        if "app" in self.__dict__:
            self.app.close()
