"""Confirm and deny frames in the site's time, made fast. Never decides which of the two is due."""

from collections.abc import Iterable
from struct import Struct

from collector.identify import Directory
from standpipe.model.gb26875.frame import Command, Frame, time_label

_CONTROL = Struct("<HBB6s6s6sHB")


class Answers:
    """Builds answers; remembers the time label of the current second for each offset from UTC."""

    def __init__(self, directory: Directory, *, utc_offset: int) -> None:
        """Take who is registered; `utc_offset` (s) is for everybody else."""
        self._directory = directory
        self._default = utc_offset
        self._labels: dict[int, bytes] = {}
        self._second = -1

    def confirms(self, frames: Iterable[Frame], now: int) -> bytes:
        """Return one confirm (command 3) for each frame, one after another."""
        return b"".join([self._answer(frame, Command.CONFIRM, now) for frame in frames])

    def denials(self, frames: Iterable[Frame], now: int) -> bytes:
        """Return one deny (command 6) for each frame, one after another."""
        return b"".join([self._answer(frame, Command.DENY, now) for frame in frames])

    def label(self, address: str, now: int) -> bytes:
        """Return the wall clock of a transmitter's site as a time label."""
        sender = self._directory.find(address)
        offset = self._default if sender is None else sender.utc_offset(now)
        second = now // 1000
        if second != self._second:
            self._labels.clear()
            self._second = second
        label = self._labels.get(offset)
        if label is None:
            label = self._labels[offset] = time_label(now, offset)
        return label

    def _answer(self, frame: Frame, command: int, now: int) -> bytes:
        """Return a frame of the same serial and version, addresses swapped, our time, no ADU."""
        body = _CONTROL.pack(
            frame.serial,
            frame.major,
            frame.minor,
            self.label(frame.address, now),
            frame.destination,
            frame.source,
            0,
            command,
        )
        return b"@@%b%c##" % (body, sum(body) & 0xFF)
