"""GB/T 26875.3 over TCP: reassembles frames, confirms each when it is on disk. Never decides what a frame means.

Clause numbers are those of GB/T 26875.3-2011. A frame with a trustworthy header and a wrong checksum is denied (6.3);
where not even the header can be trusted the stream is searched for the next frame and nothing is answered.
"""

import asyncio
import logging
from functools import partial
from typing import cast

from collector.arrival import Arrival, Repeats
from collector.inputs.gb26875_answer import Answers
from collector.intake import Intake
from collector.record import Quarantined
from standpipe.model import clock
from standpipe.model.duration import parse_duration
from standpipe.model.gb26875.frame import Command, Frame, FrameError, Stream
from standpipe.model.settings import Gb26875, split_listen

log = logging.getLogger(__name__)

NAME = "gb26875"
BACKLOG = 4096
IN_FLIGHT = 512
"""Frames of one connection that may wait for the disk before its socket is no longer read."""
GARBAGE_LIMIT = 65_536
"""Bytes that belong to no frame, in a row, after which a connection is closed."""
KEEP_ALIVE = 7
"""Command of one vendor's keep-alive; in the standard it is reserved (Table 2)."""
_UP = frozenset({int(Command.SEND), int(Command.RESPONSE), KEEP_ALIVE})
_ANSWERS = frozenset({int(Command.CONFIRM), int(Command.DENY)})


class Connection(asyncio.Protocol):
    """One transmitter's connection."""

    __slots__ = (
        "_garbage",
        "_paused",
        "_stream",
        "address",
        "heard_at",
        "in_flight",
        "opened_at",
        "peer",
        "server",
        "transport",
    )

    def __init__(self, server: "Gb26875Server") -> None:
        """Belong to a server."""
        self.server = server
        self.transport: asyncio.Transport
        self.peer = ""
        self.address = ""
        """Wire identity of the sender of the last good frame; empty before the first."""
        self.opened_at = self.heard_at = clock.now()
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
        self._pause(1)

    def resume_writing(self) -> None:
        """Read it again."""
        self._resume(1)

    def data_received(self, data: bytes) -> None:
        """Take every whole frame of the buffer in one go."""
        now = clock.now()
        stream = self._stream
        skipped = stream.skipped
        frames = stream.feed(data)
        if stream.skipped != skipped:
            self._count_garbage(stream.skipped - skipped, good=bool(frames))
        if not frames:
            return
        self.heard_at = now
        self._take(frames, now)

    def _take(self, frames: list[tuple[bytes, Frame | FrameError]], now: int) -> None:
        """Hand frames to the intake and answer those that want an answer."""
        arrivals: list[Arrival] = []
        confirms: list[Frame] = []
        bad: list[Quarantined] = []
        denials: list[Frame] = []
        for raw, frame in frames:
            if isinstance(frame, FrameError):
                bad.append(_bad(raw, frame.header, "frame", str(frame), now))
                if frame.header is not None:
                    denials.append(frame.header)
                continue
            self.address = frame.address
            command = frame.command
            if command in _UP:
                arrivals.append(_arrival(raw, frame, self.peer, now))
                if command != Command.RESPONSE:
                    confirms.append(frame)
            elif command in _ANSWERS:
                self.server.answered(frame)
            else:
                reason = f"command {command} does not come from a transmitter (Table 2)"
                bad.append(_bad(raw, frame, "command", reason, now))
                denials.append(frame)
        if bad:
            self.server.intake.counters.add("bad_frames", NAME, len(bad))
            self.server.intake.quarantine(NAME, bad)
        if denials:
            self.server.intake.counters.add("denied", NAME, len(denials))
            self.transport.write(self.server.answers.denials(denials, now))
        if arrivals:
            durable = self.server.intake.take(NAME, arrivals).durable
            self.in_flight += len(arrivals)
            if self.in_flight > IN_FLIGHT:
                self._pause(2)
            durable.add_done_callback(partial(self._confirm, confirms, len(arrivals)))

    def _confirm(self, frames: list[Frame], count: int, durable: "asyncio.Future[None]") -> None:
        """All of a batch is on disk, or none may be confirmed: then the transmitter sends it again."""
        self.in_flight -= count
        if self.in_flight <= IN_FLIGHT // 2:
            self._resume(2)
        if durable.cancelled() or durable.exception() is not None or not frames or self.transport.is_closing():
            return
        self.server.intake.counters.add("confirmed", NAME, len(frames))
        self.transport.write(self.server.answers.confirms(frames, clock.now()))

    def _count_garbage(self, count: int, *, good: bool) -> None:
        self.server.intake.counters.add("skipped_bytes", NAME, count)
        self._garbage = 0 if good else self._garbage + count
        if self._garbage > GARBAGE_LIMIT:
            self.server.intake.counters.add("connections_garbage", NAME)
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

    def __init__(self, intake: Intake, settings: Gb26875, *, max_connections: int, utc_offset: int) -> None:
        """Take where frames go; `utc_offset` is the site clock of transmitters that nobody registered, in s."""
        self.intake = intake
        self.settings = settings
        self.answers = Answers(intake.pipeline.directory, utc_offset=utc_offset)
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
        counters = self.intake.counters
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
        self._connections.pop(connection, None)

    def answered(self, frame: Frame) -> None:  # noqa: ARG002 - nothing is sent down yet
        """Take a transmitter's confirm or deny of something we sent."""
        self.intake.counters.add("received", NAME)
        self.intake.counters.add("empty", NAME)

    def close_silent(self, now: int) -> None:
        """Close what has been silent too long: a shorter while before the first frame than after it."""
        for connection in list(self._connections):
            limit = self._idle if connection.address else self._first
            if now - connection.heard_at > limit:
                self.intake.counters.add("connections_idle", NAME)
                self.forget(connection)
                connection.transport.abort()


def _arrival(raw: bytes, frame: Frame, peer: str, now: int) -> Arrival:
    """Return a frame as an arrival. Serial, command and ADU are what a resend has in common with it (section 6)."""
    return Arrival(
        source=NAME,
        address=frame.address,
        payload=raw,
        received_at=now,
        peer=peer,
        clock=frame.time,
        identity=raw[2:4] + raw[26:-3],
        repeats=Repeats.NUMBERED if frame.adu else Repeats.NEVER,
    )


def _bad(raw: bytes, header: Frame | None, cause: str, reason: str, now: int) -> Quarantined:
    return Quarantined(
        address=header.address if header else "gb26875:",
        device_type="",
        cause=cause,
        reason=reason,
        payload=raw,
        at=now,
    )
