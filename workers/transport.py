"""Kombu's transport for Redis, with one repair: a worker outlives the loss of Redis while it has work in hand.

Where Redis goes away in mid-poll, Celery closes the connection twice. The second time kombu 5.7.0 wants to give back
what is in hand over a connection that is no more, and ends the worker with an AttributeError.
"""

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    """What is in hand. Without a connection it stays there: in Redis it is `unacked` already, and rows know of it."""

    def restore_unacked(self, client: Any = None) -> None:
        """Give back what is in hand, if there is a connection to give it back by."""
        if self.channel.connection.client is not None:
            super().restore_unacked(client)
        elif self._delivered:
            self._delivered.clear()


class Channel(redis.Channel):
    """A channel whose messages in hand are kept as above."""

    QoS = QoS


class Transport(redis.Transport):
    """The transport to name in `broker_transport`."""

    Channel = Channel
