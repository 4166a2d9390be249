"""The frame of GB/T 26875.3-2011 (Table 1): layout, checksum, reassembly from a stream. Knows no ADU."""

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from struct import Struct

import msgspec

from standpipe.model.errors import DecodeError

START, END = b"@@", b"##"
OVERHEAD = 30
"""Bytes of a frame whose ADU is empty."""
ADU_LIMIT = 1024
_HEADER = Struct("<2xHBB6s6s6sHB")


class Command(IntEnum):
    """Command byte (Table 2)."""

    CONTROL = 1
    SEND = 2
    CONFIRM = 3
    REQUEST = 4
    RESPONSE = 5
    DENY = 6


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame, taken apart."""

    serial: int
    command: int
    source: bytes
    """6 bytes in wire order; the raw bytes are the identity."""
    destination: bytes
    adu: bytes = b""
    time: bytes = bytes(6)
    """Time label as sent: second, minute, hour, day, month, year-2000, one binary byte each, site-local."""
    major: int = 1
    minor: int = 1

    @property
    def address(self) -> str:
        """Return the sender's wire identity, `gb26875:` + 12 hex digits in wire order."""
        return f"gb26875:{self.source.hex()}"


class FrameError(DecodeError):
    """A frame that is not right. `header` is the header when that much can be trusted, so that a deny can be sent."""

    def __init__(self, reason: str, header: Frame | None = None) -> None:
        """Take the reason in words and the header where start, length and end marks were right."""
        super().__init__(reason)
        self.header = header


def checksum(body: bytes) -> int:
    """Return the sum of control unit and ADU bytes (bytes 3 to the last before the checksum), modulo 256."""
    return sum(body) & 0xFF


def encode(frame: Frame) -> bytes:
    """Return the frame's bytes. Raises ValueError when the ADU is over 1,024 bytes or a field is out of range."""
    if len(frame.adu) > ADU_LIMIT:
        raise ValueError(f"ADU of {len(frame.adu)} bytes; GB/T 26875.3 allows {ADU_LIMIT}")
    control = _HEADER.pack(
        frame.serial & 0xFFFF,
        frame.major,
        frame.minor,
        frame.time,
        frame.source,
        frame.destination,
        len(frame.adu),
        frame.command,
    )[2:]
    body = control + frame.adu
    return START + body + bytes([checksum(body)]) + END


def decode(data: bytes) -> Frame:
    """Return one whole frame's parts. Raises FrameError naming the byte and what was expected there."""
    if len(data) < OVERHEAD:
        raise FrameError(f"{len(data)} bytes; the shortest frame has {OVERHEAD}")
    if data[:2] != START:
        raise FrameError(f"bytes 1-2 are {data[:2].hex(' ')}, expected the start mark 40 40")
    serial, major, minor, time, source, destination, length, command = _HEADER.unpack_from(data)
    if length > ADU_LIMIT:
        raise FrameError(f"bytes 25-26 give an ADU of {length} bytes; the limit is {ADU_LIMIT}")
    if len(data) != OVERHEAD + length:
        raise FrameError(f"bytes 25-26 give an ADU of {length} bytes, not {len(data) - OVERHEAD}")
    if data[-2:] != END:
        raise FrameError(f"the last two bytes are {data[-2:].hex(' ')}, expected the end mark 23 23")
    frame = Frame(
        serial=serial,
        command=command,
        source=source,
        destination=destination,
        adu=data[27:-3],
        time=time,
        major=major,
        minor=minor,
    )
    expected = checksum(data[2:-3])
    if data[-3] != expected:
        raise FrameError(f"byte {len(data) - 2} is the checksum {data[-3]:02x}, expected {expected:02x}", header=frame)
    return frame


def confirm(frame: Frame, *, now: bytes) -> bytes:
    """Return the positive answer to `frame`: same serial, addresses swapped, empty ADU. `now` is a time label."""
    return _answer(frame, Command.CONFIRM, now)


def deny(frame: Frame, *, now: bytes) -> bytes:
    """Return the negative answer to `frame`."""
    return _answer(frame, Command.DENY, now)


def _answer(frame: Frame, command: Command, now: bytes) -> bytes:
    return encode(
        Frame(
            serial=frame.serial,
            command=command,
            source=frame.destination,
            destination=frame.source,
            time=now,
            major=frame.major,
            minor=frame.minor,
        )
    )


def time_label(ms: int, utc_offset: int) -> bytes:
    """Return epoch ms as the 6-byte label of a site `utc_offset` seconds east of UTC."""
    at = datetime.fromtimestamp(ms / 1000, UTC) + timedelta(seconds=utc_offset)
    return bytes([at.second, at.minute, at.hour, at.day, at.month, at.year % 100])


@lru_cache(maxsize=4096)  # a device repeats its labels many times a second
def read_time_label(label: bytes, utc_offset: int) -> int | None:
    """Return epoch ms of a 6-byte label, or None when it is blank or no date. Binary, never BCD (fig. 17)."""
    second, minute, hour, day, month, year = label
    try:
        at = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC) - timedelta(seconds=utc_offset)
    except (ValueError, OverflowError):
        return None
    return int(at.timestamp() * 1000) if year else None


class Stream:
    """Cuts frames out of a TCP byte stream, resynchronising after anything that is not one.

    Feed bytes, get frames. What is skipped is counted, and a whole frame that fails is handed out with its error.
    """

    def __init__(self, *, limit: int = ADU_LIMIT) -> None:
        """Start empty; `limit` is the longest ADU accepted."""
        self._buffer = bytearray()
        self._limit = limit
        self.skipped = 0
        """Bytes thrown away because they belonged to no frame."""

    @property
    def pending(self) -> int:
        """Return how many bytes of an unfinished frame are held; never more than one frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[tuple[bytes, Frame | FrameError]]:
        """Take bytes; return (raw bytes, frame or error) for each complete frame. Never splits on the end mark."""
        buffer = self._buffer
        buffer += data
        found: list[tuple[bytes, Frame | FrameError]] = []
        at = 0
        while True:
            start = buffer.find(START, at)
            if start < 0:
                keep = 1 if buffer.endswith(START[:1]) else 0
                self.skipped += len(buffer) - keep - at
                at = len(buffer) - keep
                break
            self.skipped += start - at
            at = start
            if len(buffer) - at < 26:
                break
            length = int.from_bytes(buffer[at + 24 : at + 26], "little")
            if length > self._limit:
                at += 1
                self.skipped += 1
                continue
            end = at + OVERHEAD + length
            if len(buffer) < end:
                break
            raw = bytes(buffer[at:end])
            if raw[-2:] != END:
                at += 1
                self.skipped += 1
                continue
            try:
                frame = decode(raw)
            except FrameError as err:
                found.append((raw, err))
                at += 1
                self.skipped += 1
                continue
            found.append((raw, frame))
            at = end
        del buffer[:at]
        return found
