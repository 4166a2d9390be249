"""GB/T 26875.3 over TCP: connections, their limits and their time. Never decides what a frame means."""

import asyncio
import logging
from typing import cast

from collector.inputs.gb26875_calls import Calls
from collector.inputs.gb26875_frames import NAME, FrameHandler
from standpipe.model import clock
from standpipe.model.duration import parse_duration
from standpipe.model.gb26875.frame import Stream
from standpipe.model.settings import Gb26875, split_listen

log = logging.getLogger(__name__)

BACKLOG = 4096
IN_FLIGHT = 512
"""Frames of one connection that may wait for the disk before its socket is no longer read."""
GARBAGE_LIMIT = 65_536
"""Bytes that belong to no frame, in a row, after which a connection is closed."""
_PEER_IS_SLOW, _DISK_IS_SLOW = 1, 2


class Connection(asyncio.Protocol):
    """One transmitter's connection."""

    __slots__ = ("_garbage", "_paused", "_stream", "address", "heard_at", "in_flight", "peer", "server", "transport")

    def __init__(self, server: "Gb26875Server") -> None:
        """Belong to a server."""
        self.server = server
        self.transport: asyncio.Transport
        self.peer = ""
        self.address = ""
        self.heard_at = clock.now()
        self.in_flight = 0
        self._stream = Stream()
        self._garbage = 0
        self._paused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the server, or be closed when there is none."""
        self.transport = cast(asyncio.Transport, transport)
        peername = transport.get_extra_info("peername")
        self.peer = peername[0] if peername else ""
        self.server.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Give the place back. Frames that are on their way to disk stay on it."""
        self.server.forget(self)

    def pause_writing(self) -> None:
        """Stop reading a peer that does not read our answers."""
        self._pause(_PEER_IS_SLOW)

    def resume_writing(self) -> None:
        """Read it again."""
        self._resume(_PEER_IS_SLOW)

    def data_received(self, data: bytes) -> None:
        """Take every whole frame of the buffer in one go."""
        now = clock.now()
        stream = self._stream
        skipped = stream.skipped
        frames = stream.feed(data)
        if stream.skipped != skipped:
            self._count_garbage(stream.skipped - skipped, good=bool(frames))
        if frames:
            self.heard_at = now
            self.server.handler.handle(frames, self, now)

    def write(self, data: bytes) -> None:
        """Send bytes, unless the connection is closing."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def taken(self, count: int) -> None:
        """Read no more while too many frames wait for the disk."""
        self.in_flight += count
        if self.in_flight > IN_FLIGHT:
            self._pause(_DISK_IS_SLOW)
        elif self.in_flight <= IN_FLIGHT // 2:
            self._resume(_DISK_IS_SLOW)

    def _count_garbage(self, count: int, *, good: bool) -> None:
        counters = self.server.handler.intake.counters
        counters.add("skipped_bytes", NAME, count)
        self._garbage = 0 if good else self._garbage + count
        if self._garbage > GARBAGE_LIMIT:
            counters.add("connections_garbage", NAME)
            log.warning("connection closed, nothing but garbage peer=%s", self.peer)
            self.transport.abort()

    def _pause(self, why: int) -> None:
        if not self._paused:
            self.transport.pause_reading()
        self._paused |= why

    def _resume(self, why: int) -> None:
        if not self._paused:
            return
        self._paused &= ~why
        if not self._paused and not self.transport.is_closing():
            self.transport.resume_reading()


class Gb26875Server:
    """The listening side and all its connections."""

    def __init__(self, handler: FrameHandler, calls: Calls, settings: Gb26875, *, max_connections: int) -> None:
        """Take what is done with frames, and who must know when a connection is gone."""
        self.handler = handler
        self.settings = settings
        self._calls = calls
        self._max = max_connections
        self._idle = parse_duration(settings.idle_timeout)
        self._first = parse_duration(settings.first_frame_timeout)
        self._connections: dict[Connection, None] = {}
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """Return how many are open."""
        return len(self._connections)

    @property
    def port(self) -> int:
        """Return the TCP port in use."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        host, port = split_listen(self.settings.listen)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=BACKLOG)
        log.info("listening input=%s address=%s:%d", NAME, host, self.port)

    async def run(self) -> None:
        """Close connections from which nothing comes, until cancelled; then close all."""
        try:
            while True:
                await asyncio.sleep(1)
                self.close_silent(clock.now())
        finally:
            if self._server is not None:
                self._server.close()
            for connection in list(self._connections):
                connection.transport.abort()

    def admit(self, connection: Connection) -> None:
        """Give a new connection its place; when all are taken, the oldest that never sent a frame must go."""
        counters = self.handler.intake.counters
        counters.add("connections", NAME)
        if len(self._connections) >= self._max:
            silent = next((other for other in self._connections if not other.address), None)
            if silent is None:
                counters.add("connections_refused", NAME)
                connection.transport.abort()
                return
            counters.add("connections_evicted", NAME)
            self.forget(silent)
            silent.transport.abort()
        self._connections[connection] = None

    def forget(self, connection: Connection) -> None:
        """Take a connection off the list."""
        if self._connections.pop(connection, _GONE) is None:
            self._calls.gone(connection)

    def close_silent(self, now: int) -> None:
        """Close what has been silent too long: a shorter while before the first frame than after it."""
        for connection in list(self._connections):
            limit = self._idle if connection.address else self._first
            if now - connection.heard_at > limit:
                self.handler.intake.counters.add("connections_idle", NAME)
                self.forget(connection)
                connection.transport.abort()


_GONE = object()
