"""Commands go to Redis in order, and none is lost, though their replies are read when the next are sent."""

from threading import Event, Thread

import pytest
import redis
from structlog.testing import capture_logs

from sightline.queues.transport import DeferredReplies
from tests.unit.workers.connections import Connection


def test_what_waits_is_sent_once_nothing_else_was_for_a_while():
    connection = Connection()
    replies = DeferredReplies(connection)
    replies.send(("A",))
    replies.keep(("B",))
    replies.settle_old(seconds=1e9)
    assert [[("A",)]] == connection.sent
    replies.settle_old(seconds=0)
    replies.settle_old(seconds=0)
    assert [[("A",)], [("B",)]] == connection.sent


def test_what_could_not_be_sent_is_sent_once_nothing_else_was_for_a_while():
    connection = Connection(breaks=[1])
    replies = DeferredReplies(connection)
    replies.send(("A",))
    replies.settle_old(seconds=0)
    assert [[("A",)], [("A",)]] == connection.sent


def test_replies_are_read_before_the_next_commands_are_sent():
    connection = Connection()
    replies = DeferredReplies(connection)
    replies.send(("A",), ("B",))
    assert 2 == connection.waiting
    replies.send(("C",))
    assert [[("A",), ("B",)], [("C",)]] == connection.sent
    replies.settle()
    assert 0 == connection.waiting


def test_commands_whose_replies_are_lost_are_sent_again_in_order_before_the_next():
    connection = Connection(breaks=[1, 2])
    replies = DeferredReplies(connection)
    replies.send(("A",))
    replies.send(("B",))
    replies.send(("C",))
    replies.send(("D",))
    assert [[("A",)], [("A",), ("B",)], [("A",), ("B",), ("C",)], [("D",)]] == connection.sent


def test_to_settle_is_to_send_what_was_lost_again():
    connection = Connection(breaks=[1])
    replies = DeferredReplies(connection)
    replies.send(("A",))
    replies.settle()
    assert [[("A",)], [("A",)]] == connection.sent


def test_a_server_that_stays_away_is_told_and_what_it_missed_is_kept():
    connection = Connection(breaks=[1, 2])
    replies = DeferredReplies(connection)
    replies.send(("A",))
    with pytest.raises(redis.ConnectionError):
        replies.settle()
    replies.settle()
    assert [[("A",)]] * 3 == connection.sent


def test_what_was_refused_is_logged_and_no_other_message_suffers():
    connection = Connection(refuses=[("A",)])
    replies = DeferredReplies(connection)
    with capture_logs() as logs:
        replies.send(("A",), ("B",))
        replies.send(("C",))
        replies.settle()
    assert [[("A",), ("B",)], [("C",)]] == connection.sent
    assert ["error"] == [each["log_level"] for each in logs]


def test_a_connection_that_was_closed_while_it_rested_is_opened_again_before_a_note_is_lost_in_it():
    connection = Connection()
    replies = DeferredReplies(connection)
    replies.send(("A",))
    replies.settle()
    connection.is_closed_by_the_server = True
    replies.send(("B",))
    assert (1, [[("A",)], [("B",)]]) == (connection.disconnects, connection.sent)


def test_redis_is_asked_whether_it_is_there_after_a_long_rest():
    connection = Connection()
    DeferredReplies(connection).send(("A",))
    assert 0 == connection.next_health_check


def test_what_is_interrupted_between_two_replies_is_sent_again():
    connection = Interrupted()
    replies = DeferredReplies(connection)
    replies.send(("A",), ("B",))
    with pytest.raises(SystemExit):
        replies.settle()
    replies.settle()
    assert [[("A",), ("B",)]] * 2 == connection.sent


class Interrupted(Connection):
    """A connection whose second reply is not awaited: the process is told to end."""

    reads = 0

    def read_response(self):
        self.reads += 1
        if self.reads == len(("A", "B")):
            raise SystemExit
        super().read_response()


def test_nobody_stays_in_line_behind_threads_that_wait_for_redis_and_the_note_goes_out_later():
    connection = Frozen()
    replies = DeferredReplies(connection, patience_seconds=0)
    first = Thread(target=replies.send, args=[("A",)])
    first.start()
    connection.is_waiting.wait()
    with pytest.raises(redis.TimeoutError):
        replies.send(("B",))
    connection.thaws.set()
    first.join()
    replies.send(("C",))
    assert [("A",), ("B",), ("C",)] == [each for sent in connection.sent for each in sent]


class Frozen(Connection):
    """A connection to a server that takes nothing until it thaws."""

    def __init__(self):
        super().__init__()
        self.is_waiting, self.thaws = Event(), Event()

    def send_packed_command(self, commands):
        self.is_waiting.set()
        self.thaws.wait()
        super().send_packed_command(commands)
