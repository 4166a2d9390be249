"""The GB/T 26875.3 server over real sockets: what is confirmed, what is denied, and who must not hurt whom."""

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from collector.inputs.gb26875 import GARBAGE_LIMIT, Gb26875Server
from collector.inputs.gb26875_answer import Answers
from collector.inputs.gb26875_calls import Calls
from collector.inputs.gb26875_frames import FrameHandler
from standpipe.model.gb26875.frame import OVERHEAD, Command, Frame, Stream, decode
from standpipe.model.settings import Gb26875
from standpipe.model.signal import Lane

Start = Callable[..., Awaitable[Gb26875Server]]


@pytest_asyncio.fixture
async def start(room: Any) -> AsyncIterator[Start]:
    tasks: list[asyncio.Task[None]] = []

    async def begin(*, max_connections: int = 1000, **settings: Any) -> Gb26875Server:
        answers = Answers(room.pipeline.directory, utc_offset=28_800)
        calls = Calls(room.pipeline.directory, answers, set_clocks=settings.pop("set_clocks", False))
        made = Gb26875(listen="127.0.0.1:0", **settings)
        server = Gb26875Server(FrameHandler(room.intake, answers, calls), calls, made, max_connections=max_connections)
        await server.start()
        tasks.append(asyncio.create_task(server.run()))
        return server

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Transmitter:
    """A client: sends bytes, reads whole frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, server: Gb26875Server) -> "Transmitter":
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def ask(self, data: bytes, *, answers: int = 1) -> list[Frame]:
        self.writer.write(data)
        await self.writer.drain()
        async with asyncio.timeout(5):
            return [decode(await self.reader.readexactly(OVERHEAD)) for _ in range(answers)]


async def test_a_frame_is_confirmed_with_its_serial_when_it_is_on_disk(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    device = await Transmitter.connect(await start())
    frame = frame_of(fire_adu, serial=777)
    (answer,) = await device.ask(frame)
    assert (answer.serial, answer.command, answer.adu) == (777, Command.CONFIRM, b"")
    assert (answer.source, answer.destination) == (decode(frame).destination, decode(frame).source)
    assert answer.time != bytes(6)
    entries = await room.spool.cursor("any", Lane.FIRE).read(10)
    assert [entry.readings[0].device for entry in entries] == ["smoke-0042"]


async def test_nothing_is_confirmed_before_the_disk_has_it(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    device = await Transmitter.connect(await start())
    await room.spool.log.execute("PRAGMA query_only = 1")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await device.ask(frame_of(fire_adu, serial=1))
    room.spool.log._db.execute("PRAGMA query_only = 0")
    (answer,) = await device.ask(frame_of(fire_adu, serial=1))
    assert (answer.serial, answer.command) == (1, Command.CONFIRM)
    assert room.spool.last(Lane.FIRE) == 1


async def test_frames_in_pieces_and_many_at_once_are_all_confirmed(
    start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    device = await Transmitter.connect(await start())
    stream = b"".join(frame_of(fire_adu, serial=n) for n in range(1, 41))
    for at in range(0, 200):
        device.writer.write(stream[at : at + 1])
        await device.writer.drain()
    answers = await device.ask(stream[200:], answers=40)
    assert [answer.serial for answer in answers] == list(range(1, 41))


async def test_a_heartbeat_is_confirmed(room: Any, start: Start, frame_of: Any) -> None:
    device = await Transmitter.connect(await start())
    (answer,) = await device.ask(frame_of(serial=9))
    assert (answer.serial, answer.command) == (9, Command.CONFIRM)
    (entry,) = await room.spool.cursor("any", Lane.NORMAL).read(10)
    assert entry.readings[0].fields == {"alive": True}


async def test_a_wrong_checksum_with_a_good_header_is_denied_and_kept(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes, until: Any
) -> None:
    device = await Transmitter.connect(await start())
    frame = bytearray(frame_of(fire_adu, serial=5))
    frame[-3] ^= 0xFF
    (answer,) = await device.ask(bytes(frame))
    assert (answer.serial, answer.command) == (5, Command.DENY)
    await until(lambda: room.counters.get("quarantined", "gb26875"))
    (row,) = await room.spool.quarantine.listing()
    assert (row.cause, bytes.fromhex(row.payload_hex)) == ("frame", bytes(frame))
    assert "checksum" in row.reason


async def test_a_command_that_only_a_centre_sends_is_denied(start: Start, frame_of: Any) -> None:
    device = await Transmitter.connect(await start())
    (answer,) = await device.ask(frame_of(b"\x5a\x01" + bytes(6), serial=6, command=1))
    assert (answer.serial, answer.command) == (6, Command.DENY)


async def test_confirm_deny_and_response_of_a_transmitter_get_no_answer(
    start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    device = await Transmitter.connect(await start())
    silent = b"".join(frame_of(fire_adu if command == 5 else b"", serial=1, command=command) for command in (3, 6, 5))
    (answer,) = await device.ask(silent + frame_of(serial=2))
    assert answer.serial == 2


async def test_an_unknown_transmitter_is_quarantined_and_confirmed(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    device = await Transmitter.connect(await start())
    (answer,) = await device.ask(frame_of(fire_adu, source=b"\xee" * 6))
    assert answer.command == Command.CONFIRM
    (row,) = await room.spool.quarantine.listing()
    assert (row.address, row.cause, row.count) == ("gb26875:eeeeeeeeeeee", "unknown", 1)
    assert room.spool.last(Lane.FIRE) == 0


async def test_a_frame_with_an_adu_that_makes_no_sense_is_kept_and_confirmed(
    room: Any, start: Start, frame_of: Any
) -> None:
    device = await Transmitter.connect(await start())
    (answer,) = await device.ask(frame_of(b"\x02\x05" + bytes(46), serial=3))
    assert answer.command == Command.CONFIRM
    (row,) = await room.spool.quarantine.listing()
    assert row.cause == "decode"


async def test_a_transmitter_from_another_network_can_say_nothing(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    device = await Transmitter.connect(await start())
    await device.ask(frame_of(fire_adu, source=bytes.fromhex("010000000000")))
    (row,) = await room.spool.quarantine.listing()
    assert (row.cause, room.spool.last(Lane.FIRE)) == ("peer", 0)


async def test_a_resent_frame_is_confirmed_again_and_stored_once(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    server = await start()
    device = await Transmitter.connect(server)
    frame = frame_of(fire_adu, serial=8)
    answers = await device.ask(frame + frame, answers=2)
    elsewhere = await Transmitter.connect(server)
    answers += await elsewhere.ask(frame_of(fire_adu, serial=8, time=bytes([1, 2, 3, 4, 5, 26])))
    assert [answer.serial for answer in answers] == [8, 8, 8]
    assert room.spool.last(Lane.FIRE) == 1
    await device.ask(frame_of(fire_adu, serial=9))
    assert room.spool.last(Lane.FIRE) == 2


GARBAGE = {
    "noise": bytes(range(256)) * 8,
    "half a frame": b"@@\x01\x00\x01\x01" + bytes(10),
    "an ADU of 1,025 bytes": b"@@" + bytes(22) + (1025).to_bytes(2, "little") + b"\x02" + bytes(1025) + b"\x00##",
    "an ADU of 65,535 bytes": b"@@" + bytes(22) + b"\xff\xff\x02",
    "another protocol": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "start marks only": b"@" * 5000,
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_before_a_frame_does_not_lose_the_frame(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes, name: str
) -> None:
    device = await Transmitter.connect(await start())
    # A false header may claim bytes of what follows, so a second frame must free the first from it.
    answers = await device.ask(
        GARBAGE[name] + frame_of(fire_adu, serial=1) + b"".join(frame_of(serial=n) for n in range(2, 60)), answers=59
    )
    assert [answer.serial for answer in answers] == list(range(1, 60))
    assert room.spool.last(Lane.FIRE) == 1
    assert room.counters.get("skipped_bytes", "gb26875") == len(GARBAGE[name])


async def test_a_connection_of_nothing_but_garbage_is_closed(room: Any, start: Start) -> None:
    device = await Transmitter.connect(await start())
    device.writer.write(bytes(GARBAGE_LIMIT + 10))
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        async with asyncio.timeout(5):
            await device.reader.readexactly(1)
    assert room.counters.get("connections_garbage", "gb26875") == 1


async def test_the_silent_are_closed_sooner_before_their_first_frame(
    room: Any, start: Start, frame_of: Any, until: Any
) -> None:
    server = await start(first_frame_timeout="2s", idle_timeout="1h")
    mute, talker = await Transmitter.connect(server), await Transmitter.connect(server)
    await talker.ask(frame_of())
    await until(lambda: server.connections == 2)
    now = talker_heard = max(connection.heard_at for connection in server._connections)
    server.close_silent(now + 2_100)
    assert server.connections == 1
    assert await mute.reader.read() == b"" or mute.reader.at_eof()
    server.close_silent(talker_heard + 3_600_100)
    assert server.connections == 0
    assert room.counters.get("connections_idle", "gb26875") == 2


async def test_thousands_of_idle_connections_do_not_keep_another_device_from_being_served(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 30_000), hard))
    places = 2_000
    server = await start(max_connections=places)
    device = await Transmitter.connect(server)
    await device.ask(frame_of(fire_adu, serial=1))
    left = [await Transmitter.connect(server) for _ in range(places + 500)]
    late = await Transmitter.connect(server)
    (answer,) = await late.ask(frame_of(fire_adu, serial=2))
    (same,) = await device.ask(frame_of(fire_adu, serial=3))
    assert (answer.serial, same.serial) == (2, 3)
    assert server.connections == places
    assert room.counters.get("connections_evicted", "gb26875") == 502
    for other in left:
        other.writer.transport.abort()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_when_everybody_talks_a_newcomer_is_turned_away(room: Any, start: Start, frame_of: Any) -> None:
    server = await start(max_connections=2)
    talkers = [await Transmitter.connect(server) for _ in range(2)]
    for talker in talkers:
        await talker.ask(frame_of())
    newcomer = await Transmitter.connect(server)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await newcomer.ask(frame_of())
    assert [len(await talker.ask(frame_of())) for talker in talkers] == [1, 1]
    assert room.counters.get("connections_refused", "gb26875") == 1


async def test_a_device_that_floods_is_slowed_and_loses_nothing(
    room: Any, start: Start, frame_of: Any, fire_adu: bytes
) -> None:
    device = await Transmitter.connect(await start())
    count = 4_000
    device.writer.write(b"".join(frame_of(fire_adu, serial=n) for n in range(count)))
    stream = Stream()
    serials: list[int] = []
    async with asyncio.timeout(30):
        while len(serials) < count:
            frames = stream.feed(await device.reader.read(65_536))
            serials += [frame.serial for _, frame in frames if isinstance(frame, Frame)]
    assert serials == list(range(count))
    assert room.spool.last(Lane.FIRE) == count
