"""What commands work with, built on first use: a command that needs no server connects to none."""

from collections.abc import Callable, Iterable
from functools import cached_property

from botocore.config import Config
from celery import Celery

from sightline.bootstrap import STORES_CONFIG, connect, connect_label_set
from sightline.config import Settings, read_settings
from sightline.errors import Unavailable
from sightline.queues.client import make_client
from sightline.queues.publishing import Publish, publish
from sightline.queues.steps import Step
from sightline.services.collaborators import Services, provide
from sightline.storage.label_set.protocol import LabelSet

IN_A_HURRY = STORES_CONFIG.merge(
    Config(connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 2})
)
"""For S3 and DynamoDB, if a person is waiting to hear which of them is unavailable."""


class Factory:
    """The settings, services and sender of one command. What is not passed in is built on first use."""

    def __init__(
        self,
        settings: Settings | None = None,
        services: Services | None = None,
        *,
        send: Publish | None = None,
        label_set: Callable[[str], LabelSet] | None = None,
    ) -> None:
        self._settings = settings
        self._services = services
        self._send = send
        self._label_set = label_set
        self._made: list[Services] = []

    @cached_property
    def settings(self) -> Settings:
        """Return the settings; raise InvalidSettings if any is invalid."""
        return self._settings or read_settings()

    @cached_property
    def app(self) -> Celery:
        """Return the Celery application that sends messages."""
        chosen = self.settings
        app = make_client(chosen.redis_url.get_secret_value(), chosen.key_prefix, chosen.redis_ca_file)
        app.set_default()
        return app

    @cached_property
    def services(self) -> Services:
        """Return the services, and make them those of this process."""
        return self._connect(STORES_CONFIG)

    @cached_property
    def services_in_a_hurry(self) -> Services:
        """Return services that give up quickly on an unresponsive store, for commands that only report its state."""
        return self._connect(IN_A_HURRY)

    def _connect(self, stores: Config) -> Services:
        services = self._services or connect(self.settings, stores=stores)
        if not self._services:
            self._made.append(services)
        provide(services)
        return services

    def label_set(self, table: str) -> LabelSet:
        """Return the label rows of another system's table."""
        return self._label_set(table) if self._label_set else connect_label_set(self.settings, table)

    def send(self, steps: Iterable[Step]) -> None:
        """Send steps to their queues; raise Unavailable if Redis does not take them."""
        if self._send:
            self._send(steps)
            return
        _ = self.app
        try:
            publish(steps)
        except Unavailable as error:
            remedy = "The rows are written. Repeat this once Redis is back: nothing is paid for twice"
            raise Unavailable(error.subject, rule=error.rule, remedy=remedy) from error

    def close(self) -> None:
        """Close the connections that were opened here; services that were passed in stay open."""
        for services in self._made:
            services.graph.close()
        if "app" in self.__dict__:
            self.app.close()
