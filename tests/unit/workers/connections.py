"""Connections to a Redis that is not there, as far as notes of what is in progress go through them."""

import hiredis
import redis


class Connection:
    """A connection that keeps what is sent, and replies to it once, unless it breaks.

    breaks: before the replies to what was sent so manieth are read
    """

    health_check_interval = 10
    next_health_check = 1e9

    def __init__(self, breaks=(), refuses=()):
        self.sent = []
        self.waiting = 0
        self.disconnects = 0
        self.is_connected = False
        self.is_closed_by_the_server = False
        self._breaks, self._refuses = set(breaks), set(refuses)

    def can_read(self):
        return self.is_closed_by_the_server

    def send_packed_command(self, chunks):
        self.is_connected = True
        self.sent.append(list(_commands(chunks)))
        self.waiting = len(self.sent[-1])

    def read_response(self):
        if len(self.sent) in self._breaks or not self.is_connected:
            raise redis.ConnectionError("broken")
        self.waiting -= 1
        if self.sent[-1][-1 - self.waiting] in self._refuses:
            raise redis.ResponseError("refused")

    def disconnect(self):
        self.waiting = 0
        self.is_connected = self.is_closed_by_the_server = False
        self.disconnects += 1


class Away(Connection):
    is_away = True

    def send_packed_command(self, chunks):
        if self.is_away:
            raise redis.ConnectionError("away")
        super().send_packed_command(chunks)


def _commands(chunks):
    """Yield the commands as Redis reads them."""
    reader = hiredis.Reader(encoding="utf-8", notEnoughData=None)
    for chunk in chunks:
        reader.feed(chunk)
    while (command := reader.gets()) is not None:
        yield tuple(command)
