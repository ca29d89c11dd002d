"""Commands of one channel share a client, and a channel that has lost its pool gets another one."""

from typing import Any

import pytest

from sightline.queues.transport import Channel, Message


class Pool:
    def __init__(self):
        self.connection_kwargs = {}

    def disconnect(self):
        """Nothing is connected."""


@pytest.fixture
def channel():
    """Make a channel whose clients count themselves, and never connect."""
    made: Any = Channel.__new__(Channel)  # kombu's stubs leave out what is set here
    made._get_pool = lambda **_: Pool()
    made._sentinel_manager = made._async_sentinel_manager = None
    made.Client = Clients()
    return made


class Clients:
    """What makes clients, and counts them."""

    call_count = 0

    def __call__(self, connection_pool):
        self.call_count += 1
        return Client(connection_pool)


class Client:
    """A client that notes its commands; a pipeline of it is itself."""

    def __init__(self, connection_pool):
        self.connection_pool = connection_pool
        self.commands = []
        self.is_in_transactions = False

    def pipeline(self, transaction):
        self.is_in_transactions |= transaction
        return self

    def __getattr__(self, command):
        def note(*_):
            self.commands.append(command)
            return self

        return note

    def set_response_callback(self, name, callback):
        """Take the callback of BRPOP."""


def lent(channel, client=None):
    with channel.conn_or_acquire(client) as found:
        return found


def test_every_command_is_lent_the_same_client(channel):
    assert lent(channel) is lent(channel)


def test_a_client_that_is_passed_in_is_lent_itself_and_not_kept(channel):
    other = Client(Pool())
    assert lent(channel, other) is other
    assert lent(channel) is not other


def test_a_channel_whose_connections_were_closed_lends_a_client_of_its_new_pool(channel):
    before = lent(channel)
    channel._disconnect_pools()
    after = lent(channel)
    assert after is not before
    assert after.connection_pool is channel.pool


def test_kombu_sends_and_acknowledges_through_the_one_client(channel):
    """A version that takes its clients elsewhere would make one for each command again."""
    channel.priority_steps, channel._expires = [0], {}
    qos = Channel.QoS(channel)
    for number in range(3):
        channel._put("rows", {"properties": {"priority": 0}})
        qos.ack(str(number))
    assert ["lpush", "hdel", "zrem", "execute"] * 3 == lent(channel).commands
    assert 1 == channel.Client.call_count


def test_what_is_taken_and_what_is_done_are_noted_without_transactions(channel):
    """The index comes first and goes last: alone it is removed, where a message alone would stay for ever."""
    qos = Channel.QoS(channel)
    message = Message({"properties": {"delivery_tag": "1", "delivery_info": {"exchange": "", "routing_key": "rows"}}})
    qos.append(message, "1")
    qos.ack("1")
    assert ["zadd", "hset", "execute", "hdel", "zrem", "execute"] == lent(channel).commands
    assert not lent(channel).is_in_transactions
