"""An outbox on a Redis that stops, refuses, and comes back."""

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from redis.exceptions import OutOfMemoryError, ReadOnlyError

from dev.stack.waiting import wait_until
from sightline.queues.client import CONNECTION, make_client
from sightline.queues.outbox import AWAY, KEPT, LOST, Outbox, connecting
from sightline.queues.publishing import send_patiently
from tests.integration.own_redis import OwnRedis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnRedis]:
    with running(tmp_path / "server") as made:
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Iterator[OwnRedis]:
    with running(tmp_path / "other") as made:
        yield made


@contextmanager
def running(folder: Path) -> Iterator[OwnRedis]:
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = OwnRedis(port, folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def made() -> list[Any]:
    """List the connections that the outbox makes."""
    return []


@pytest.fixture
def outbox(server: OwnRedis, made: list[Any]) -> Iterator[Outbox]:
    new = connecting(url_of(server), **CONNECTION)

    def noted() -> Any:
        made.append(new())
        return made[-1]

    outbox = Outbox(noted, "x:")
    yield outbox
    outbox.close()


def url_of(server: OwnRedis) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


def held(server: OwnRedis, queue: str = "ingest") -> list[str]:
    """Return what a queue holds, the next to be taken first."""
    with server.client(decode_responses=True) as client:
        return list(reversed(client.lrange(f"x:{queue}", 0, -1)))


def test_messages_go_to_their_queues_in_order_through_one_connection(server, outbox, made):
    outbox.put([("ingest", "first"), ("rows", "other")])
    outbox.put([("ingest", "second")])
    assert (["first", "second"], ["other"]) == (held(server), held(server, "rows"))
    assert 1 == len(made)


def test_a_redis_that_restarts_while_nobody_sends_is_not_noticed(server, outbox):
    outbox.put([("ingest", "first")])
    server.stop()
    server.start()
    outbox.put([("ingest", "second")])
    assert ["second"] == held(server)


def test_a_redis_that_is_away_is_lost_and_found_again(server, outbox):
    outbox.put([("ingest", "first")])
    server.stop()
    for _ in range(3):
        with pytest.raises(LOST):
            outbox.put([("ingest", "second")])
    server.start()
    outbox.put([("ingest", "third")])
    assert ["third"] == held(server)


def test_what_redis_refuses_disturbs_nothing_that_is_sent_later(server, outbox):
    outbox.put([("ingest", "first")])
    with server.client() as operator:
        operator.config_set("maxmemory", 1)
        with pytest.raises(OutOfMemoryError):
            outbox.put([("ingest", "second"), ("ingest", "third")])
        operator.config_set("maxmemory", 0)
    outbox.put([("ingest", "fourth")])
    assert ["first", "fourth"] == held(server)


def test_a_redis_that_became_a_copy_is_left_for_the_one_that_the_address_leads_to(server, other):
    """A Redis that is made a copy keeps its connections, and refuses what comes through them."""
    leads_to = server

    def new_connection() -> Any:
        return connecting(url_of(leads_to), **CONNECTION)()

    outbox = Outbox(new_connection, "x:")
    outbox.put([("ingest", "first")])
    with server.client() as operator:
        operator.replicaof("127.0.0.1", other.port)
    leads_to = other
    with pytest.raises(ReadOnlyError):
        outbox.put([("ingest", "second")])
    outbox.put([("ingest", "third")])
    assert ["third"] == held(other)
    outbox.close()


class Interrupted:
    """A connection on which the thread is interrupted before it has read an answer."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def read_response(self) -> Any:
        raise KeyboardInterrupt


def test_an_answer_that_nobody_read_is_not_taken_for_the_next(server):
    new = connecting(url_of(server), **CONNECTION)
    coming = iter([Interrupted(new()), new()])
    outbox = Outbox(lambda: next(coming), "x:")
    with pytest.raises(KeyboardInterrupt):
        outbox.put([("ingest", "first")])
    with server.client() as operator:
        operator.config_set("maxmemory", 1)
        with pytest.raises(OutOfMemoryError):
            outbox.put([("ingest", "second")])
    outbox.close()


def test_threads_send_at_once_and_what_each_sends_arrives(server, outbox, made):
    def send(thread: int) -> None:
        for number in range(200):
            outbox.put([("ingest", f"{thread} {number}")])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    assert sorted(f"{thread} {number}" for thread in range(8) for number in range(200)) == sorted(held(server))
    assert len(made) <= 8


def test_few_connections_are_kept_while_nobody_sends(server, outbox):
    with ThreadPoolExecutor(3 * KEPT) as pool:
        list(pool.map(lambda number: outbox.put([("ingest", str(number))] * 50), range(20 * KEPT)))
    with server.client() as operator:
        assert wait_until(lambda: len(operator.client_list()) <= KEPT + 1, lambda: f"{len(operator.client_list())}")
    assert 20 * KEPT * 50 == len(held(server))


def test_a_process_that_forked_uses_none_of_its_parents_connections(server, outbox, made):
    outbox.put([("ingest", "parent")])
    child = os.fork()
    if not child:
        status = 1
        try:
            outbox.put([("ingest", "child")])
            status = 0 if len(made) == 2 else 2
        finally:
            os._exit(status)  # a child of pytest's must not go on with its tests
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    outbox.put([("ingest", "parent again")])
    assert ["parent", "child", "parent again"] == held(server)
    assert 1 == len(made)


def test_a_message_that_follows_from_what_is_done_waits_for_a_redis_that_is_away(server):
    with sending(server) as (send, trouble):
        send("first")
        server.stop()
        waiting = Thread(target=send, args=("second",))
        waiting.start()
        assert wait_until(lambda: bool(trouble), lambda: "nothing was tried while Redis was away")
        server.start()
        waiting.join()
    assert ["second"] == held(server)


def test_a_message_that_follows_from_what_is_done_waits_for_a_redis_that_refuses(server):
    with sending(server) as (send, trouble), server.client() as operator:
        operator.config_set("maxmemory", 1)
        waiting = Thread(target=send, args=("first",))
        waiting.start()
        assert wait_until(lambda: bool(trouble), lambda: "nothing was refused")
        operator.config_set("maxmemory", 0)
        waiting.join()
    assert ["first"] == held(server)


@contextmanager
def sending(server: OwnRedis) -> Iterator[tuple[Callable[[str], None], list[Exception]]]:
    """Give what sends patiently, and the trouble it has with that."""
    app = make_client(url_of(server), "x:")
    trouble: list[Exception] = []
    app.patience = {"max_retries": 1000, "interval_start": 0.01, "interval_step": 0.01, "interval_max": 0.1}
    put = app.outbox.put

    class Watched:
        """The outbox, whose errors are noted."""

        def put(self, messages: Any) -> None:
            try:
                put(messages)
            except AWAY as error:
                trouble.append(error)
                raise

        def close(self) -> None:
            """Nothing is left open that the test does not end."""

    app.outbox = Watched()  # type: ignore[assignment] # a stand-in
    yield lambda text: send_patiently(app, ("ingest", text)), trouble
    app.close()
