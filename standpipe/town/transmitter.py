"""One transmitter's side of GB/T 26875.3 as a state machine: bytes and times in, bytes out. Opens no socket.

One frame is under way at a time. It is sent again with the same serial when no confirm came within 10 s or when it was
denied, three times in all; then the line counts as dead and the frame waits for the next one. Nothing is given up,
and a fire goes ahead of whatever else waits.
"""

from collections import deque

import msgspec

from standpipe.model.gb26875.frame import Command, Frame, FrameError, Stream, confirm, deny, encode, time_label
from standpipe.model.signal import Lane

ANSWER_TIMEOUT = 10_000
"""Milliseconds to wait for a confirm (8.4 of the standard leaves it to the maker; 10 s is what makers use)."""
RESENDS = 3
_DENIED_PAUSE = 1_000
"""Milliseconds before a denied frame is sent again."""


class Ticket(msgspec.Struct):
    """One application data unit on its way: when it was handed over, sent and confirmed (epoch ms)."""

    adu: bytes
    submitted_at: int
    lane: Lane = Lane.NORMAL
    serial: int = -1
    sends: int = 0
    first_sent_at: int | None = None
    confirmed_at: int | None = None


class Transmitter:
    """Queue, serials, answers and patience of one user information transmission device."""

    def __init__(self, *, source: bytes, destination: bytes = bytes(6), utc_offset: int = 28_800) -> None:
        """Take the 6 address bytes in wire order; time labels are `utc_offset` seconds east of UTC."""
        self._source = source
        self._destination = destination
        self._utc_offset = utc_offset
        self._queues: dict[Lane, deque[Ticket]] = {Lane.FIRE: deque(), Lane.NORMAL: deque()}
        self._current: Ticket | None = None
        self._send_at = 0
        self._sends_here = 0
        self._refused = False
        self._serial = 0
        self._stream = Stream()
        self.denied = 0
        """How many denials were received."""

    @property
    def waiting(self) -> int:
        """Return how many units are not confirmed yet."""
        return sum(map(len, self._queues.values())) + (self._current is not None)

    def submit(self, adu: bytes, now: int, *, lane: Lane = Lane.NORMAL) -> Ticket:
        """Put a unit at the end of its lane's queue; an empty one is a heartbeat."""
        ticket = Ticket(adu=adu, submitted_at=now, lane=lane)
        self._queues[lane].append(ticket)
        return ticket

    def connected(self) -> None:
        """Start on a new line: what was under way waits again, first in its lane, or last when it was denied."""
        self._stream = Stream()
        if current := self._current:
            queue = self._queues[current.lane]
            (queue.append if self._refused else queue.appendleft)(current)
        self._current = None

    def due_at(self) -> int | None:
        """Return when `outgoing` has something next, 0 for at once, None for not before a new unit comes."""
        if self._current is None:
            return 0 if self.waiting else None
        return self._send_at

    def exhausted(self, now: int) -> bool:
        """Return whether the frame under way was sent and sent again in vain: the line is to be dropped."""
        return self._current is not None and self._sends_here > RESENDS and now >= self._send_at

    def outgoing(self, now: int) -> bytes:
        """Return what is to be written now; empty when nothing is due."""
        if self._current is None:
            queue = self._queues[Lane.FIRE] or self._queues[Lane.NORMAL]
            if not queue:
                return b""
            self._current = queue.popleft()
            if self._current.serial < 0:
                self._current.serial, self._serial = self._serial, (self._serial + 1) & 0xFFFF
            self._sends_here, self._send_at, self._refused = 0, now, False
        if now < self._send_at or self._sends_here > RESENDS:
            return b""
        ticket = self._current
        ticket.sends += 1
        self._sends_here += 1
        ticket.first_sent_at = ticket.first_sent_at or now
        self._refused = False
        self._send_at = now + ANSWER_TIMEOUT
        return self._frame(ticket.serial, Command.SEND, ticket.adu, now)

    def received(self, data: bytes, now: int) -> bytes:
        """Take bytes from the centre; return the answers to be written. What is no frame is ignored."""
        answers = b""
        for _, found in self._stream.feed(data):
            if not isinstance(found, FrameError):
                answers += self._answer(found, now)
        return answers

    def _answer(self, frame: Frame, now: int) -> bytes:
        """Match a confirm or denial with the frame under way; confirm a command, deny a query."""
        label = time_label(now, self._utc_offset)
        if frame.command == Command.CONTROL:
            return confirm(frame, now=label)
        if frame.command == Command.REQUEST:
            return deny(frame, now=label)
        current = self._current
        if current is None or frame.serial != current.serial:
            return b""
        if frame.command == Command.CONFIRM:
            current.confirmed_at = now
            self._current = None
        elif frame.command == Command.DENY:
            self.denied += 1
            self._refused = True
            self._send_at = now + _DENIED_PAUSE
        return b""

    def _frame(self, serial: int, command: Command, adu: bytes, now: int) -> bytes:
        return encode(
            Frame(
                serial=serial,
                command=command,
                source=self._source,
                destination=self._destination,
                adu=adu,
                time=time_label(now, self._utc_offset),
            )
        )
