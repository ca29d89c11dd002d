"""Kombu's transport for Redis, with one repair: a worker outlives the loss of Redis while it has work in hand.

What is in hand belongs to the channel that it came by. When Redis goes away Celery closes that channel and goes on with
another; then kombu 5.7.0 no longer knows where Redis is, and the first of these messages to be given back or
acknowledged ends the whole worker with an AttributeError. A channel that remembers the address can do both.
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """A channel that knows where Redis is also after its connection is gone."""

    _remembered: dict[str, Any] | None = None

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - the interface
        """Give what a client of Redis is made with."""
        if getattr(self.connection, "client", None) or self._remembered is None:
            self._remembered = super()._connparams(asynchronous)  # type: ignore[misc] # stubs leave it out
        return dict(self._remembered)


class Transport(redis.Transport):
    """The transport to name in `broker_transport`."""

    Channel = Channel
