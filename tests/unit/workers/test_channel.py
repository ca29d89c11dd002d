"""A channel's commands share a client, and what is in progress is noted and counted out by any thread."""

from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from sightline.queues.transport import Channel, Message, QoS, Registering
from tests.unit.workers.connections import Away, Connection


class Pool:
    def __init__(self):
        self.connection_kwargs = {}
        self.connection = Connection()

    def get_connection(self):
        return self.connection

    def disconnect(self):
        """Nothing is connected."""


@pytest.fixture
def channel():
    """Make a channel whose clients count themselves, and never connect."""
    made: Any = Channel.__new__(Channel)  # kombu's stubs leave out what is set here
    made._get_pool = lambda **_: Pool()
    made._sentinel_manager = made._async_sentinel_manager = None
    made.Client = Clients()
    made.closed = False
    made.connection = SimpleNamespace(loop=None)
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


def test_kombu_sends_through_the_one_client(channel):
    """A version that takes its clients elsewhere would make one for each command again."""
    channel.priority_steps, channel._expires = [0], {}
    for _ in range(3):
        channel._put("rows", {"properties": {"priority": 0}})
    assert ["lpush"] * 3 == lent(channel).commands
    assert 1 == channel.Client.call_count


def taken(tag):
    return Message({"properties": {"delivery_tag": tag, "delivery_info": {"exchange": "", "routing_key": "rows"}}})


def test_what_is_taken_and_what_is_done_are_noted_without_transactions(channel):
    """The index comes first and goes last: alone it is removed, where a message alone would stay for ever."""
    qos = Channel.QoS(channel)
    qos.append(taken("1"), "1")
    qos.ack("1")
    assert [["ZADD", "HSET"], ["HDEL", "ZREM"]] == [
        [name for name, *_ in sent] for sent in channel.pool.connection.sent
    ]


class Loop:
    """An event loop that keeps what is to be called when it turns."""

    def __init__(self):
        self.soon: list[Any] = []
        self.readers: dict[int, Any] = {}
        self.added: list[int] = []

    def call_soon(self, call):
        """Keep what is to be called; as in kombu's loop, one and the same promise once."""
        if call not in self.soon:
            self.soon.append(call)

    def turn(self):
        todo, self.soon = self.soon, []
        for call in todo:
            call()

    def add_reader(self, fd, callback, *args):
        self.added.append(fd)
        self.readers[fd] = callback, args


@pytest.fixture
def loop(channel):
    """Give the loop of a worker that reads the channel."""
    channel.connection.loop = Loop()
    return channel.connection.loop


@pytest.mark.usefixtures("loop")
def test_in_a_loop_what_is_done_is_noted_with_what_is_taken_next(channel):
    qos = Channel.QoS(channel)
    for tag in ("1", "2"):
        qos.append(taken(tag), tag)
    qos.ack("1")
    qos.ack("2")
    qos.append(taken("3"), "3")
    both, done = ["ZADD", "HSET"], ["HDEL", "ZREM"]
    assert [both, both, [*done, *done, *both]] == [[name for name, *_ in each] for each in channel.pool.connection.sent]


def test_a_turn_of_a_loop_opens_no_connection_for_a_channel_that_has_noted_nothing(channel):
    Channel.QoS(channel).settle_old()
    assert not channel.pool.connection.is_connected


def test_a_loop_goes_on_though_what_is_done_cannot_be_noted_now(channel, loop):
    channel.pool.connection = Away()
    qos = Channel.QoS(channel, prefetch_count=1)
    with pytest.raises(redis.ConnectionError):
        qos.append(taken("1"), "1")
    qos.ack("1")
    assert qos.can_consume()
    qos.settle_old()
    assert 1 == len(loop.soon)


def test_a_loop_is_woken_where_no_other_message_could_be_taken(channel, loop):
    qos = Channel.QoS(channel, prefetch_count=3)
    for tag in ("1", "2", "3"):
        qos.append(taken(tag), tag)
    qos.ack("1")
    assert 1 == len(loop.soon)
    qos.ack("2")
    assert 1 == len(loop.soon)


def test_a_loop_whose_last_place_was_taken_while_another_message_was_done_is_woken(channel, loop):
    """The loop saw no room before the place was free again, and a thread sees room in what it has just freed."""
    qos = Channel.QoS(channel, prefetch_count=2)
    qos.append(taken("1"), "1")
    assert qos.can_consume()
    qos.append(taken("2"), "2")
    assert not qos.can_consume()
    qos.ack("1")
    assert (1, True) == (len(loop.soon), qos.can_consume())


def test_a_loop_without_a_limit_is_not_woken(channel, loop):
    qos = Channel.QoS(channel)
    qos.append(taken("1"), "1")
    qos.ack("1")
    assert [] == loop.soon


def test_a_loop_gets_a_socket_once_and_again_after_it_was_removed(loop):
    registering = Registering(loop)
    registering.add_reader(7, print, 7)
    registering.add_reader(7, print, 7)
    assert [7] == loop.added
    del loop.readers[7]
    registering.add_reader(7, print, 7)
    assert [7, 7] == loop.added


def test_threads_that_leave_a_full_channel_together_wake_its_loop(channel, loop):
    """Each of two that are counted out before either looks would see two places, and tell nobody of the first."""
    channel.pool.connection = Connection()
    qos = Together(channel, prefetch_count=2)
    for tag in ("1", "2"):
        qos.append(taken(tag), tag)
    threads = [Thread(target=qos.ack, args=[tag]) for tag in ("1", "2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == len(loop.soon)


class Together(QoS):
    """Where one thread looks, it lets another be counted out before, if that may be."""

    _dirty: set[str]
    _quick_ack: Any

    def __init__(self, channel, prefetch_count):
        super().__init__(channel, prefetch_count)
        count_out = self._quick_ack
        self._quick_ack = lambda tag: (count_out(tag), self._let_the_other())

    def can_consume_max_estimate(self):
        self._let_the_other()
        return super().can_consume_max_estimate()

    def _let_the_other(self):
        if not self._counting_out.locked():
            while len(self._dirty) < len(("1", "2")):
                pass


def test_on_a_closed_channel_what_is_done_is_noted_at_once(channel, loop):
    qos = Channel.QoS(channel)
    qos.append(taken("1"), "1")
    channel.closed = True
    qos.ack("1")
    connection = channel.pool.connection
    assert [("HDEL", "unacked", "1"), ("ZREM", "unacked_index", "1")] == connection.sent[-1]
    loop.turn()
    assert ([], False) == (loop.soon, connection.is_connected)


def test_on_a_closed_channel_what_is_done_is_noted_by_a_loop_that_turns_again_once_redis_is_back(channel, loop):
    away = channel.pool.connection = Away()
    qos = Channel.QoS(channel)
    with pytest.raises(redis.ConnectionError):
        qos.append(taken("1"), "1")
    channel.closed = True
    qos.ack("1")
    loop.turn()
    away.is_away = False
    loop.turn()
    assert ["ZADD", "HSET", "HDEL", "ZREM"] == [name for name, *_ in away.sent[-1]]
    assert [] == loop.soon


def test_a_loop_tries_once_a_turn_to_note_all_that_was_done_on_a_closed_channel(channel, loop):
    channel.pool.connection = Away()
    qos = Channel.QoS(channel)
    for tag in ("1", "2", "3"):
        with pytest.raises(redis.ConnectionError):
            qos.append(taken(tag), tag)
    channel.closed = True
    for tag in ("1", "2", "3"):
        qos.ack(tag)
    assert 1 == len(loop.soon)
    loop.turn()
    assert 1 == len(loop.soon)


def test_a_channel_that_closes_where_no_loop_runs_leaves_what_redis_was_not_told(channel):
    away = channel.pool.connection = Away()
    channel.do_restore = False
    qos = Channel.QoS(channel)
    with pytest.raises(redis.ConnectionError):
        qos.append(taken("1"), "1")
    qos.restore_unacked_once()
    assert [] == away.sent


@pytest.mark.usefixtures("loop")
def test_what_redis_refuses_of_a_closed_channel_is_logged_and_ends_no_loop(channel):
    channel.pool.connection = Refusing()
    channel.do_restore = False
    qos = Channel.QoS(channel)
    qos.append(taken("1"), "1")
    qos.settle_old()
    with capture_logs() as logs:
        qos._settle_closed()
    assert ["error"] == [each["log_level"] for each in logs]


class Refusing(Connection):
    """A connection whose health check Redis refuses, once something was sent."""

    def send_packed_command(self, commands):
        if self.sent:
            raise redis.ResponseError("MISCONF")
        super().send_packed_command(commands)

    def read_response(self):
        raise redis.ConnectionError("broken")


def test_what_is_done_is_noted_though_redis_was_away_when_the_channel_closed_and_still_is_in_the_next_turn(
    channel, loop
):
    connection = Connection(breaks=[1, 2, 3])
    channel.pool.connection = connection
    channel.do_restore = False
    qos = Channel.QoS(channel)
    qos.append(taken("1"), "1")
    qos.ack("1")
    channel.closed = True
    qos.restore_unacked_once()
    loop.turn()
    assert 1 == len(loop.soon)
    loop.turn()
    assert [] == loop.soon
    assert ["ZADD", "HSET", "HDEL", "ZREM"] == [name for name, *_ in connection.sent[-1]]


def test_a_message_whose_note_cannot_be_sent_is_still_the_channels_to_give_back_and_to_forget(channel):
    channel.pool.connection = Away()
    qos = Channel.QoS(channel, prefetch_count=1)
    message = taken("1")
    with pytest.raises(redis.ConnectionError):
        qos.append(message, "1")
    assert message is qos.get("1")
    assert not qos.can_consume()
    with pytest.raises(redis.ConnectionError):
        qos.ack("1")
    assert qos.can_consume()
