"""The Modbus poller against a real pymodbus server; register maps as tables."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pymodbus import datastore
from pymodbus.server import ModbusTcpServer

from collector.inputs.modbus import ModbusPoller
from collector.inputs.modbus_map import Block, blocks, fields
from standpipe.model.settings import Modbus, ModbusDevice, ModbusMap, ModbusRegister
from standpipe.model.signal import Lane


def register(address: int, **more: Any) -> ModbusRegister:
    kind = more.pop("type", "int16")
    return ModbusRegister(address=address, type_=kind, **more)


@pytest.mark.parametrize(
    ("order", "words"),
    [("ABCD", [0x43D2, 0x0000]), ("CDAB", [0x0000, 0x43D2]), ("BADC", [0xD243, 0x0000]), ("DCBA", [0x0000, 0xD243])],
)
def test_word_orders_of_a_float(order: Any, words: list[int]) -> None:
    map_ = ModbusMap(words=order, metrics={"pressure": register(10, type="float32")})
    assert fields(map_, {Block("holding", 10, 2): words}) == {"pressure": 420.0}


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        ("int16", [0xFF83], -12.5),
        ("uint16", [0xFF83], 6541.1),
        ("int32", [0xFFFF, 0xFF83], -12.5),
        ("uint32", [0x0001, 0x0000], 6553.6),
    ],
)
def test_numbers_and_scale(kind: str, words: list[int], value: float) -> None:
    map_ = ModbusMap(metrics={"t": register(0, type=kind, scale=0.1)})
    assert fields(map_, {Block("holding", 0, len(words)): words}) == {"t": value}


def test_registers_near_one_another_are_asked_for_at_once() -> None:
    metrics = {
        "a": register(0),
        "b": register(4, type="float32"),
        "c": register(40),
        "d": register(3, table="input"),
        "e": register(41, type="bit", bit=3),
    }
    assert blocks(ModbusMap(metrics=metrics)) == [Block("holding", 0, 6), Block("holding", 40, 2), Block("input", 3, 1)]


async def serve(port: int, registers: list[int], coils: list[bool]) -> Any:
    """Start a server with holding registers and coils from 0 on."""
    block: Any = datastore.ModbusSequentialDataBlock
    context = datastore.ModbusDeviceContext(hr=block(1, registers), co=block(1, coils))
    server: Any = ModbusTcpServer(datastore.ModbusServerContext(devices=context), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    return server


@pytest_asyncio.fixture
async def slave() -> AsyncIterator[int]:
    """Return the port of a slave with 420.0 kPa in steps of 0.1, 83 % and an open cap."""
    server = await serve(0, [4200, 0, 83, 0, 0, 0, 0, 0, 0, 0], [True, False])
    yield server.transport.sockets[0].getsockname()[1]
    await server.shutdown()


MAP = ModbusMap(
    metrics={
        "pressure": register(0, scale=0.1),
        "battery": register(2),
        "cap_open": register(0, table="coil"),
    }
)


def poller(room: Any, devices: dict[str, ModbusDevice], map_: ModbusMap = MAP) -> ModbusPoller:
    return ModbusPoller(room.intake, Modbus(map={"pump": map_}, device=devices))


def device(port: int, interval: str = "50ms") -> ModbusDevice:
    return ModbusDevice(host="127.0.0.1", port=port, map="pump", interval=interval, timeout="300ms")


async def test_a_slave_is_asked_at_its_interval(room: Any, slave: int, until: Any) -> None:
    room.tasks.append(asyncio.create_task(poller(room, {"pump-room": device(slave)}).run()))
    await until(lambda: room.spool.last(Lane.NORMAL) >= 3)
    entry = (await room.spool.cursor("any", Lane.NORMAL).read(1))[0]
    assert entry.readings[0].device == "pump-1"
    assert entry.readings[0].fields == {"pressure": 420.0, "battery": 83.0, "cap_open": True}


async def test_a_dead_slave_does_not_slow_the_others(room: Any, slave: int, free_port: Any, until: Any) -> None:
    mute = await asyncio.start_server(lambda r, w: asyncio.sleep(60), "127.0.0.1", 0)
    devices = {
        "pump-room": device(slave),
        "far-pump": device(free_port()),
        "mute": device(mute.sockets[0].getsockname()[1]),
    }
    room.tasks.append(asyncio.create_task(poller(room, devices).run()))
    await until(lambda: room.spool.last(Lane.NORMAL) >= 10)
    await until(lambda: room.counters.get("polls_failed", "modbus") >= 2)
    mute.close()


async def test_a_slave_that_comes_back_is_heard_again(room: Any, free_port: Any, until: Any) -> None:
    port = free_port()
    room.tasks.append(asyncio.create_task(poller(room, {"pump-room": device(port)}).run()))
    await until(lambda: room.counters.get("polls_failed", "modbus") >= 2)
    server = await serve(port, [1] * 10, [False] * 2)
    await until(lambda: room.spool.last(Lane.NORMAL) >= 1)
    await server.shutdown()


async def test_what_nobody_registered_or_declared_is_quarantined(room: Any, slave: int, until: Any) -> None:
    strange = ModbusMap(metrics={"colour": register(0)})
    room.tasks.append(asyncio.create_task(poller(room, {"nobody": device(slave)}).run()))
    room.tasks.append(asyncio.create_task(poller(room, {"pump-room": device(slave)}, strange).run()))
    await until(lambda: room.counters.get("quarantined", "modbus") >= 4)
    causes = {row.address: row.cause for row in await room.spool.quarantine.listing()}
    assert causes == {"modbus:nobody": "unknown", "modbus:pump-room": "decode"}


async def test_a_device_without_a_map_is_refused_at_start(room: Any) -> None:
    with pytest.raises(ValueError, match="no map 'pump'"):
        ModbusPoller(room.intake, Modbus(device={"x": device(1)}))
