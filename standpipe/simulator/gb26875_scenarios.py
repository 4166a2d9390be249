"""What a simulated GB/T 26875.3 transmitter does, as tables of bytes and the answers that are due. Owns no socket."""

from collections.abc import Callable, Iterator

import msgspec

from standpipe.model.gb26875.encode import adu, adus
from standpipe.model.gb26875.frame import ADU_LIMIT, Command, Frame, encode
from standpipe.model.gb26875.layouts import InfoObject
from standpipe.model.gb26875.objects import (
    Clock,
    ComponentAnalog,
    ComponentConfiguration,
    ComponentState,
    SystemConfiguration,
    SystemOperation,
    SystemState,
    SystemTime,
    SystemVersion,
    TransmitterConfiguration,
    TransmitterOperation,
    TransmitterState,
    TransmitterVersion,
)

CONFIRM, DENY = int(Command.CONFIRM), int(Command.DENY)
INSPECTION_ANSWER = 0x20


class Step(msgspec.Struct, frozen=True):
    """Bytes to send at once, and the (command, serial) of each answer that must come."""

    data: bytes
    answers: tuple[tuple[int, int], ...] = ()


class Sender:
    """Builds frames of one transmitter; counts serials (6.1)."""

    def __init__(self, source: bytes, centre: bytes, label: Callable[[], bytes], *, serial: int = 0) -> None:
        """Take both addresses (6 bytes, wire order) and the clock as a time label."""
        self._source, self._centre, self.label = source, centre, label
        self.serial = serial

    def frame(self, body: bytes = b"", *, command: int = Command.SEND, serial: int | None = None) -> bytes:
        """Return one frame; without a serial of its own it takes the next."""
        if serial is None:
            serial, self.serial = self.serial, (self.serial + 1) & 0xFFFF
        return encode(
            Frame(
                serial=serial,
                command=command,
                source=self._source,
                destination=self._centre,
                adu=body,
                time=self.label(),
            )
        )

    def step(self, *bodies: bytes) -> Step:
        """Return frames that are sent together and must each be confirmed."""
        first = self.serial
        data = b"".join(self.frame(body) for body in bodies)
        return Step(data, tuple((CONFIRM, (first + n) & 0xFFFF) for n in range(len(bodies))))


def component(number: int, status: int, label: bytes, text: str = "") -> ComponentState:
    """Return the state of one smoke detector, numbered from 1."""
    description = text.encode("gb18030")[:31].ljust(31, b"\0")
    return ComponentState(1, 1, 40, number, status, description, label)


def _heartbeat(sender: Sender) -> Iterator[Step]:
    yield sender.step(b"")


def _power(sender: Sender) -> Iterator[Step]:
    for status in (0b0000_1001, 0b0001_1001, 0b0000_0001):
        yield sender.step(adu(21, [TransmitterState(status, sender.label())]))


def _states(sender: Sender) -> Iterator[Step]:
    for status, words in ((2, "二层走廊烟感"), (4, "故障"), (8, "屏蔽"), (0x40, "反馈"), (1, "恢复")):
        yield sender.step(adu(2, [component(1, status | 1, sender.label(), words)]))


def _many(sender: Sender) -> Iterator[Step]:
    label = sender.label()
    yield sender.step(*adus(2, [component(n, 1, label) for n in range(1, 51)]))


def _system(sender: Sender) -> Iterator[Step]:
    yield sender.step(
        adu(1, [SystemState(1, 1, 0b0000_0111_0000_0011, sender.label()), SystemState(11, 1, 1, sender.label())])
    )
    yield sender.step(adu(1, [SystemState(1, 1, 1, sender.label())]))
    yield sender.step(adu(4, [SystemOperation(1, 1, 1, 7, sender.label())]))


def _analogs(sender: Sender) -> Iterator[Step]:
    values = ((5, 4200), (2, 32000), (3, -125), (3, -2730), (6, 0), (4, 4))
    yield sender.step(
        adu(3, [ComponentAnalog(11, 1, 91, n, kind, raw, sender.label()) for n, (kind, raw) in enumerate(values)])
    )


def _facts(sender: Sender) -> Iterator[Step]:
    bodies = [
        adu(24, [TransmitterOperation(1, 7, sender.label())]),
        *(answer(flag, sender.label()) for flag in ANSWERS),
    ]
    for body in bodies:
        yield sender.step(body)


def _resend(sender: Sender) -> Iterator[Step]:
    serial = sender.serial
    frame = sender.frame(adu(2, [component(2, 3, sender.label())]))
    yield Step(frame, ((CONFIRM, serial),))
    yield Step(frame, ((CONFIRM, serial),))


def _denied(sender: Sender) -> Iterator[Step]:
    serial = sender.serial
    frame = sender.frame(adu(2, [component(3, 1, sender.label())]))
    yield Step(frame[:-3] + bytes([frame[-3] ^ 0xFF]) + frame[-2:], ((DENY, serial),))
    yield Step(frame, ((CONFIRM, serial),))


def _pieces(sender: Sender) -> Iterator[Step]:
    serial = sender.serial
    frame = sender.frame(adu(2, [component(4, 1, sender.label())]))
    yield Step(frame[:1])
    yield Step(frame[1:30])
    yield Step(frame[30:], ((CONFIRM, serial),))
    yield sender.step(*[adu(2, [component(n, 1, sender.label())]) for n in range(5, 10)])


def _too_long(sender: Sender) -> Iterator[Step]:
    frame = sender.frame(bytes(ADU_LIMIT), serial=0xFFFF)
    longer = frame[:24] + (ADU_LIMIT + 1).to_bytes(2, "little") + frame[26:-3] + b"\0" + frame[-3:]
    yield Step(longer)
    yield sender.step(b"")


def _end_mark_inside(sender: Sender) -> Iterator[Step]:
    """Send a frame whose checksum is 0x23, so that it ends in three of the byte that ends frames."""
    for operator in range(256):
        serial = sender.serial
        frame = sender.frame(adu(24, [TransmitterOperation(1, operator, b"##@@##")]), serial=serial)
        if frame[-3] == 0x23:
            sender.serial = (serial + 1) & 0xFFFF
            yield Step(frame, ((CONFIRM, serial),))
            return


def _wrap(sender: Sender) -> Iterator[Step]:
    sender.serial = 0xFFFF
    yield sender.step(b"", b"")


SCENARIOS: dict[str, Callable[[Sender], Iterator[Step]]] = {
    "heartbeat": _heartbeat,
    "power": _power,
    "states": _states,
    "many": _many,
    "system": _system,
    "analogs": _analogs,
    "facts": _facts,
    "resend": _resend,
    "denied": _denied,
    "pieces": _pieces,
    "too-long": _too_long,
    "end-mark-inside": _end_mark_inside,
    "wrap": _wrap,
}
"""Every scenario by name; a stream is needed for `pieces` and `too-long`."""
STREAM_ONLY = frozenset({"pieces", "too-long", "many"})

ANSWERS: dict[int, Callable[[bytes], InfoObject]] = {
    1: lambda label: SystemState(1, 1, 1, label),
    2: lambda label: component(1, 1, label),
    3: lambda label: ComponentAnalog(11, 1, 91, 1, 5, 4200, label),
    4: lambda label: SystemOperation(1, 1, 0x10, 1, label),
    5: lambda _: SystemVersion(1, 1, 2, 3),
    6: lambda _: SystemConfiguration(1, 1, "仿真系统".encode("gb18030")),
    7: lambda _: ComponentConfiguration(1, 1, 40, 1, "仿真烟感".encode("gb18030").ljust(31, b"\0")),
    8: lambda label: SystemTime(1, 1, label),
    21: lambda label: TransmitterState(1, label),
    25: lambda _: TransmitterVersion(1, 0),
    26: lambda _: TransmitterConfiguration("仿真装置".encode("gb18030")),
    28: Clock,
}
"""What the transmitter says of itself, by type flag."""


def answer(flag: int, label: bytes) -> bytes:
    """Return the ADU with which the transmitter speaks of itself. Raises KeyError for a type that it does not know."""
    return adu(flag, [ANSWERS[flag](label)])


def reply(sender: Sender, frame: Frame) -> bytes:
    """Return what a transmitter sends when the centre controls or asks it, the answer to a duty check included."""
    flag = frame.adu[0] if frame.adu else 0
    if frame.command == Command.CONTROL:
        back = sender.frame(command=Command.CONFIRM, serial=frame.serial)
        if flag == 91:
            back += sender.frame(adu(24, [TransmitterOperation(INSPECTION_ANSWER, 1, sender.label())]))
        return back
    if frame.command != Command.REQUEST:
        return b""
    if flag - 60 == 24:
        body = adu(24, [TransmitterOperation(1, 1, sender.label())])
    elif flag - 60 in ANSWERS:
        body = answer(flag - 60, sender.label())
    else:
        return sender.frame(command=Command.DENY, serial=frame.serial)
    return sender.frame(body, command=Command.RESPONSE, serial=frame.serial)
