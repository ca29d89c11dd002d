"""A wire between driver and server that can be cut at the moment of a commit."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""Bolt's COMMIT message: a chunk of two bytes, a structure without fields of kind 0x12, and the end mark."""


class LossyProxy:
    """Forwards connections to a Neo4j on loopback. `cut`: what to do with the next commit after `skip` others, once.

    "before": the server never hears of it; "after": the server commits, and the driver never hears of that
    """

    def __init__(self, port: int) -> None:
        self.cut = ""
        self.skip = 0
        self.cuts = 0
        self._awaited = Event()
        self._answered = Event()
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"bolt://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            answers = Thread(target=self._copy, args=(server, client), daemon=True)
            answers.start()
            with suppress(OSError):
                while sent := client.recv(65536):
                    if COMMIT in sent and self._is_its_turn():
                        self._cut(client, server, sent)
                        return
                    server.sendall(sent)

    def _is_its_turn(self) -> bool:
        if self.cut and self.skip:
            self.skip -= 1
            return False
        return bool(self.cut)

    def _cut(self, client: socket.socket, server: socket.socket, sent: bytes) -> None:
        how, self.cut = self.cut, ""
        self.cuts += 1
        client.shutdown(socket.SHUT_RDWR)
        if how == "after":
            self._awaited.set()
            server.sendall(sent)
            self._answered.wait(10)
        # Closing alone would not reach the server while the other thread still reads.
        server.shutdown(socket.SHUT_RDWR)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while answered := source.recv(65536):
                if self._awaited.is_set():
                    self._answered.set()
                target.sendall(answered)


@contextmanager
def lossy_proxy(port: int) -> Iterator[LossyProxy]:
    proxy = LossyProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
