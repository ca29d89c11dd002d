"""A connection to a server that can go silent or be cut, for tests and the soak.

The server stays as it is and no privileges are needed: the client under test gets the proxy's port. A silent connection
keeps what was sent, as TCP retransmits it once packets pass again; it sends no reset.
"""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
PIECE_BYTES = 65_536

RESET_WHEN_CLOSED = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 s: the kernel resets the connection instead of closing it."""


class Proxy:
    """Forwards connections from its own port to `target_port`, both on loopback, in its own thread."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._passes = asyncio.Event()
        self._passes.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._refuses = False
        self._thread = Thread(target=self._run, name=f"proxy of {target_port}", daemon=True)

    def __enter__(self) -> Self:
        """Start forwarding."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every connection and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @contextmanager
    def black_hole(self) -> Iterator[None]:
        """Let nothing through in either direction: connections stay open, new ones are accepted, nobody answers."""
        self._loop.call_soon_threadsafe(self._passes.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._passes.set)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Reset every connection, and each new one at once."""
        self._refuses = True
        self.cut()
        try:
            yield
        finally:
            self._refuses = False

    def cut(self) -> None:
        """Reset all connections."""
        self._loop.call_soon_threadsafe(self._reset_all)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            loop = runner.get_loop()
            server = loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
            loop.run_forever()
            server.close()
            self._reset_all()

    def _reset_all(self) -> None:
        for end in self._ends:
            _reset(end)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        with suppress(OSError, asyncio.CancelledError):
            if not self._refuses:
                await self._join(reader, writer)
        _reset(writer)
        self._ends.discard(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._passes.wait()
        far_reader, far_writer = await asyncio.open_connection(HOST, self._target_port)
        self._ends.add(far_writer)
        copies = [asyncio.ensure_future(self._copy(*each)) for each in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for copy in copies:
                copy.cancel()
            far_writer.close()
            self._ends.discard(far_writer)

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(PIECE_BYTES):
                await self._passes.wait()
                target.write(piece)
                await target.drain()


def _reset(end: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # it has ended already
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_WHEN_CLOSED)
    end.transport.abort()
