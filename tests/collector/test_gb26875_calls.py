"""The centre calls a transmitter: requests, clock, duty check, over real sockets with a whole collector."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from collector.inputs import gb26875_calls
from standpipe.model.gb26875.frame import Command, Frame, Stream, confirm, decode, encode, read_time_label

SOURCE = bytes.fromhex("790300000000")
CENTRE = bytes.fromhex("385b01000000")


class Panel(asyncio.Protocol, asyncio.DatagramProtocol):
    """A transmitter that answers what it is told to answer."""

    def __init__(self, answer: Callable[[Frame], list[Frame]]) -> None:
        self.answer = answer
        self.heard: list[Frame] = []
        self.stream = Stream()
        self.transport: Any

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for _, frame in self.stream.feed(data):
            assert isinstance(frame, Frame)
            self.heard.append(frame)
            for reply in self.answer(frame):
                self.send(reply)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.data_received(data)

    def send(self, frame: Frame) -> None:
        getattr(self.transport, "sendto", self.transport.write)(encode(frame))

    def of(self, command: int) -> list[Frame]:
        return [frame for frame in self.heard if frame.command == command]


def up(adu: bytes = b"", *, command: int = Command.SEND, serial: int = 1) -> Frame:
    return Frame(serial=serial, command=command, source=SOURCE, destination=CENTRE, adu=adu)


def obedient(frame: Frame) -> list[Frame]:
    if frame.command == Command.CONTROL:
        return [decode(confirm(frame, now=bytes(6)))]
    if frame.command == Command.REQUEST:
        return [up(bytes([frame.adu[0] - 60, 1, 1, 7]), command=Command.RESPONSE, serial=frame.serial)]
    return []


async def connect(doors: Any, answer: Callable[[Frame], list[Frame]]) -> Panel:
    loop = asyncio.get_running_loop()
    _, panel = await loop.create_connection(lambda: Panel(answer), "127.0.0.1", doors.gb26875)
    panel.send(up())
    return panel


async def ask(doors: Any, path: str, body: Any = None) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{doors.http}", trust_env=False, timeout=30) as http:
        return await http.post(f"/transmitters/{path}", json=body)


async def test_a_transmitter_gets_the_time_when_it_connects(collector: Any, until: Any) -> None:
    panel = await connect(await collector(), obedient)
    await until(lambda: panel.of(Command.CONTROL))
    (frame,) = panel.of(Command.CONTROL)
    assert (frame.adu[:2], frame.source, frame.destination) == (b"\x5a\x01", CENTRE, SOURCE)
    assert read_time_label(frame.adu[2:], 28_800) is not None
    panel.send(up(serial=2))
    await until(lambda: len(panel.of(Command.CONFIRM)) == 2)
    assert len(panel.of(Command.CONTROL)) == 1


async def test_an_unregistered_transmitter_is_told_nothing(collector: Any, until: Any) -> None:
    loop = asyncio.get_running_loop()
    doors = await collector()
    _, panel = await loop.create_connection(lambda: Panel(obedient), "127.0.0.1", doors.gb26875)
    panel.send(Frame(serial=1, command=Command.SEND, source=b"\xee" * 6, destination=CENTRE))
    await until(lambda: panel.heard)
    assert [frame.command for frame in panel.heard] == [Command.CONFIRM]


async def test_a_request_is_answered_with_what_the_transmitter_says(collector: Any, until: Any) -> None:
    doors = await collector()
    panel = await connect(doors, obedient)
    await until(lambda: panel.of(Command.CONTROL))
    answer = await ask(doors, "unit-1/request", {"type": 85})
    assert answer.status_code == 200
    assert answer.json() == {
        "command": 5,
        "adu": "19010107",
        "type": 25,
        "objects": [{"major": 1, "minor": 7}],
    }
    (request,) = panel.of(Command.REQUEST)
    assert request.adu == b"\x55\x01\x00"


async def test_serials_of_the_centre_rise(collector: Any, until: Any) -> None:
    doors = await collector()
    panel = await connect(doors, obedient)
    await until(lambda: panel.of(Command.CONTROL))
    for _ in range(3):
        await ask(doors, "unit-1/request", {"type": 81})
    assert [frame.serial for frame in panel.heard if frame.command in (1, 4)] == [0, 1, 2, 3]


async def test_what_is_not_answered_is_sent_again_with_its_serial(
    collector: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gb26875_calls, "TIMEOUT", 0.05)
    doors = await collector(collector={"gb26875": {"set_clocks": False}})
    panel = await connect(doors, lambda frame: [])
    await until(lambda: panel.heard)
    answer = await ask(doors, "unit-1/clock")
    assert answer.status_code == 504
    assert [frame.serial for frame in panel.of(Command.CONTROL)] == [0, 0, 0, 0]
    assert "sent 4 times" in answer.json()["error"]


async def test_a_denial_is_told(collector: Any, until: Any) -> None:
    def deny(frame: Frame) -> list[Frame]:
        return [up(command=Command.DENY, serial=frame.serial)] if frame.command == Command.CONTROL else []

    doors = await collector(collector={"gb26875": {"set_clocks": False}})
    panel = await connect(doors, deny)
    await until(lambda: panel.heard)
    answer = await ask(doors, "unit-1/clock")
    assert (answer.status_code, "denied type 90" in answer.json()["error"]) == (502, True)


async def test_a_duty_check_waits_for_the_person(collector: Any, until: Any) -> None:
    doors = await collector(collector={"gb26875": {"set_clocks": False}})
    panel = await connect(doors, obedient)
    await until(lambda: panel.heard)
    asking = asyncio.create_task(ask(doors, "unit-1/duty-check?minutes=3"))
    await until(lambda: panel.of(Command.CONTROL))
    assert panel.of(Command.CONTROL)[0].adu == b"\x5b\x01\x03"
    assert not asking.done()
    panel.send(up(b"\x18\x01\x02\x07" + bytes(6), serial=4))
    panel.send(up(b"\x18\x01\x20\x07" + bytes(6), serial=5))
    answer = await asking
    assert answer.json()["answered"] is True


WRONG = {
    "no such device": ("nobody/clock", None, 404),
    "no transmitter": ("hydrant-1/clock", None, 404),
    "no such action": ("unit-1/dance", None, 404),
    "not connected": ("unit-3/clock", None, 504),
    "too long": ("unit-1/duty-check?minutes=11", None, 400),
    "not minutes": ("unit-1/duty-check?minutes=x", None, 400),
    "no such type": ("unit-1/request", {"type": 3}, 400),
    "a clock is not a request": ("unit-1/request", {"type": 90}, 400),
    "an object that lacks a part": ("unit-1/request", {"type": 61}, 400),
    "a number that does not fit": (
        "unit-1/request",
        {"type": 61, "objects": [{"system_type": 300, "system_address": 1}]},
        400,
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_cannot_be_asked_is_refused(collector: Any, name: str) -> None:
    path, body, status = WRONG[name]
    answer = await ask(await collector(), path, body)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


async def test_udp_is_served_like_tcp(collector: Any, until: Any, fire_adu: bytes, sinks: Any) -> None:
    sink = await sinks()
    doors = await collector(collector={"gb26875": {"udp": "127.0.0.1:0"}}, alerting={"url": sink.url})
    loop = asyncio.get_running_loop()
    transport, panel = await loop.create_datagram_endpoint(
        lambda: Panel(obedient), remote_addr=("127.0.0.1", doors.gb26875_udp)
    )
    transport.sendto(b"@@ half a frame")
    panel.send(up(fire_adu, serial=7))
    panel.send(up(fire_adu, serial=7))
    await until(lambda: len(panel.of(Command.CONFIRM)) == 2)
    await until(lambda: "smoke-0042" in sink.devices())
    assert sink.devices().count("smoke-0042") == 1
    assert [frame.serial for frame in panel.of(Command.CONFIRM)] == [7, 7]
    await until(lambda: panel.of(Command.CONTROL))
    answer = await ask(doors, "unit-1/request", {"type": 85})
    assert answer.json()["objects"] == [{"major": 1, "minor": 7}]
    transport.close()
