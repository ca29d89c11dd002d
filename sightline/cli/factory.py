"""What commands work with, built on first use: a command that needs no server connects to none."""

import sys
from collections.abc import Callable, Iterable
from functools import cached_property

from botocore.config import Config
from celery import Celery

from sightline.bootstrap import STORES_CONFIG, connect, connect_label_set, connect_listener, event_queue, redis_queues
from sightline.config import (
    Settings,
    read_listener_settings,
    read_producer_settings,
    read_settings,
)
from sightline.errors import Unavailable
from sightline.producer_settings import ListenerSettings, ProducerSettings
from sightline.queues.client import make_client
from sightline.queues.publishing import Publish, publish
from sightline.queues.redis import RedisQueues
from sightline.queues.sqs import EventQueue
from sightline.queues.steps import Step
from sightline.services.collaborators import Services, provide
from sightline.services.listening import Listener
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
        event_queue: Callable[[str], EventQueue] | None = None,
        has_terminal: bool | None = None,
    ) -> None:
        self._settings = settings
        self._services = services
        self._send = send
        self._label_set = label_set
        self._event_queue = event_queue
        self._has_terminal = has_terminal
        self._made: list[Services] = []

    @property
    def has_terminal(self) -> bool:
        """Return whether somebody can be asked."""
        return sys.stdin.isatty() if self._has_terminal is None else self._has_terminal

    @cached_property
    def settings(self) -> Settings:
        """Return the settings; raise InvalidSettings if any is invalid."""
        return self._settings or read_settings()

    @cached_property
    def listener_settings(self) -> ListenerSettings:
        """Return what `sightline listen` needs; raise InvalidSettings if any of that is invalid."""
        return self._settings or read_listener_settings()

    @cached_property
    def app(self) -> Celery:
        """Return the Celery application that sends messages."""
        chosen: ProducerSettings = self._settings or read_producer_settings()
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

    @cached_property
    def listener(self) -> Listener:
        """Return what carries out S3's events: it has no other services."""
        return connect_listener(self.listener_settings, self._services)

    @cached_property
    def queues(self) -> RedisQueues:
        """Return what reads the lengths of queues, and needs no other services."""
        return self._services.queues if self._services else redis_queues(self.listener_settings)

    def event_queue(self, url: str) -> EventQueue:
        """Return a queue of S3's events."""
        return self._event_queue(url) if self._event_queue else event_queue(self.listener_settings, url)

    def open_sender(self) -> None:
        """Make what sends, if it is not passed in: two threads would make two."""
        if self._send is None:
            _ = self.app

    def send(self, steps: Iterable[Step]) -> None:
        """Send steps to their queues; raise Unavailable if Redis does not take them."""
        if self._send:
            self._send(steps)
            return
        self.open_sender()
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
