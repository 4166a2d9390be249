"""What is done with GB/T 26875.3 frames, over whatever they came: take, confirm, deny, match. Owns no socket.

Clause numbers are those of GB/T 26875.3-2011. A frame with a trustworthy header and a wrong checksum is denied (6.3);
where not even the header can be trusted nothing is answered.
"""

import asyncio
from functools import partial
from typing import Protocol

from collector.arrival import Arrival, Repeats
from collector.inputs.gb26875_answer import Answers
from collector.inputs.gb26875_calls import Calls
from collector.intake import Intake
from collector.record import Quarantined
from standpipe.model import clock
from standpipe.model.gb26875.frame import Command, Frame, FrameError

NAME = "gb26875"
KEEP_ALIVE = 7
"""Command of one vendor's keep-alive; in the standard it is reserved (Table 2)."""
_UP = frozenset({int(Command.SEND), int(Command.RESPONSE), KEEP_ALIVE})
_ANSWERS = frozenset({int(Command.CONFIRM), int(Command.DENY), int(Command.RESPONSE)})


class Wire(Protocol):
    """One transmitter's way in and out: a TCP connection, a UDP address."""

    peer: str
    """IP address of the other side."""
    address: str
    """Wire identity of the sender of the last good frame; empty before the first."""

    def write(self, data: bytes) -> None:
        """Send bytes; nothing happens where the other side is gone."""

    def taken(self, count: int) -> None:
        """So many frames wait for the disk (negative: no longer)."""


class FrameHandler:
    """Frames in, answers out."""

    def __init__(self, intake: Intake, answers: Answers, calls: Calls) -> None:
        """Take where frames go, how they are answered, and who waits for answers of theirs."""
        self.intake = intake
        self._answers = answers
        self._calls = calls

    def handle(self, frames: list[tuple[bytes, Frame | FrameError]], wire: Wire, now: int) -> None:
        """Hand frames to the intake and answer those that want an answer. Costs no task."""
        arrivals: list[Arrival] = []
        confirms: list[Frame] = []
        bad: list[Quarantined] = []
        denials: list[Frame] = []
        last: Frame | None = None
        for raw, frame in frames:
            if isinstance(frame, FrameError):
                bad.append(_bad(raw, frame.header, "frame", str(frame), now))
                if frame.header is not None:
                    denials.append(frame.header)
                continue
            last = frame
            command = frame.command
            if command in _UP:
                arrivals.append(_arrival(raw, frame, wire.peer, now))
                if command != Command.RESPONSE:
                    confirms.append(frame)
            if command in _ANSWERS:
                self._calls.answered(frame)
                if command != Command.RESPONSE:
                    self.intake.count_empty(NAME)
            elif command not in _UP:
                reason = f"command {command} does not come from a transmitter (Table 2)"
                bad.append(_bad(raw, frame, "command", reason, now))
                denials.append(frame)
        if last is not None:
            self._calls.heard(wire, last, now)
        if bad:
            self.intake.counters.add("bad_frames", NAME, len(bad))
            self.intake.quarantine(NAME, bad)
        if denials:
            self.intake.counters.add("denied", NAME, len(denials))
            wire.write(self._answers.denials(denials, now))
        if arrivals:
            durable = self.intake.take(NAME, arrivals).durable
            wire.taken(len(arrivals))
            durable.add_done_callback(partial(self._confirm, wire, confirms, len(arrivals)))

    def _confirm(self, wire: Wire, frames: list[Frame], count: int, durable: "asyncio.Future[None]") -> None:
        """All of a batch is on disk, or none may be confirmed: then the transmitter sends it again."""
        wire.taken(-count)
        if durable.cancelled() or durable.exception() is not None or not frames:
            return
        self.intake.counters.add("confirmed", NAME, len(frames))
        wire.write(self._answers.confirms(frames, clock.now()))


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
