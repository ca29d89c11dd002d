"""The connection between a client and its server: open, silent, and cut."""

import socket
from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import pytest

from dev.proxy import Proxy


def answer_in_capitals(connection: socket.socket) -> None:
    with closing(connection):
        try:
            while said := connection.recv(65_536):
                connection.sendall(said.upper())
        except OSError:
            return


@pytest.fixture
def port() -> Iterator[int]:
    """Return the port of a server that answers in capitals."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            Thread(target=answer_in_capitals, args=(connection,), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def proxy(port: int) -> Iterator[Proxy]:
    with Proxy(port) as made:
        yield made


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as made:
        yield made


def said(client: socket.socket, text: bytes) -> bytes:
    client.sendall(text)
    return client.recv(100)


def is_ended(client: socket.socket) -> bool:
    """Return whether the other side has ended the connection."""
    try:
        return b"" == said(client, b"anybody?")
    except ConnectionError:
        return True


def ends_a_newcomer(proxy: Proxy) -> bool:
    """Return whether the other side ends a new connection: on a slow machine even while it is being made."""
    try:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
            return is_ended(client)
    except ConnectionResetError:
        return True


def test_what_is_sent_and_answered_passes(client: socket.socket) -> None:
    assert b"GOOD DAY" == said(client, b"good day")


def test_a_dead_wire_gives_no_answer_and_no_reset_and_then_goes_on(proxy: Proxy, client: socket.socket) -> None:
    assert b"BEFORE" == said(client, b"before")
    with proxy.black_hole():
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            said(client, b"within")
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as late, pytest.raises(TimeoutError):
            said(late, b"new")
    client.settimeout(10)
    assert b"WITHIN" == client.recv(100)


def test_a_cut_wire_is_reset_and_the_next_one_holds(proxy: Proxy, client: socket.socket) -> None:
    assert b"BEFORE" == said(client, b"before")
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as again:
        assert b"AFTER" == said(again, b"after")


def test_a_refusing_wire_ends_every_connection(proxy: Proxy, client: socket.socket) -> None:
    assert b"BEFORE" == said(client, b"before")
    with proxy.refusing():
        assert is_ended(client)
        assert ends_a_newcomer(proxy)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as again:
        assert b"AFTER" == said(again, b"after")


def test_a_server_that_is_away_shows_as_an_ended_connection(port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        free = nobody.getsockname()[1]
    assert free != port
    with Proxy(free) as proxy:
        assert ends_a_newcomer(proxy)
