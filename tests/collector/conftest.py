"""A registry of a few devices, a spool in a temporary folder, the parts of a collector joined the way main does."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from collector.counters import Counters
from collector.duplicates import Duplicates
from collector.intake import Intake
from collector.main import Doors, run
from collector.pipeline import Pipeline
from collector.spool import Spool
from plugins.catalogue import Catalogue, load_catalogue
from standpipe.model.gb26875.frame import Frame, encode
from standpipe.model.reading import ReadingBatch
from standpipe.model.registry import Component, Device, Registry, Site, Zone
from standpipe.model.settings import Settings
from standpipe.model.settings import Spool as SpoolSettings

SOURCE = bytes.fromhex("790300000000")
CENTRE = bytes.fromhex("385b01000000")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def registry() -> Registry:
    devices = {
        "hydrant-1": Device(type="hydrant_json", address="device:HY-1", site="town", zone="north"),
        "smoke-1": Device(type="smoke_json", address="device:SM-1", site="town"),
        "unit-1": Device(
            type="gb26875_transmitter",
            address="gb26875:790300000000",
            site="warehouse",
            zone="hall",
            components={"1.1.40.131082": Component(name="Smoke 2, zone 10", zone="hall", id="smoke-0042")},
        ),
        "unit-2": Device(
            type="gb26875_transmitter", address="gb26875:010000000000", site="warehouse", peers=["10.9.0.0/16"]
        ),
        "unit-3": Device(type="gb26875_transmitter", address="gb26875:020000000000", site="warehouse"),
        "lora-1": Device(type="hydrant_json", address="deveui:0101010101010101", site="town"),
        "pump-1": Device(type="hydrant_json", address="modbus:pump-room", site="town"),
        "pump-2": Device(type="hydrant_json", address="modbus:far-pump", site="town"),
        "stray": Device(type="not_installed", address="device:XX-1", site="town"),
    }
    devices |= {
        f"load-{n}": Device(type="gb26875_transmitter", address=f"gb26875:{n:012x}", site="warehouse")
        for n in range(0xA000, 0xA040)
    }
    return Registry(
        sites={
            "town": Site(name={"en": "Town", "zh": "镇"}, district="east"),
            "warehouse": Site(name={"en": "Warehouse", "zh": "仓库"}),
        },
        zones={"north": Zone(site="town", name={"en": "North"}), "hall": Zone(site="warehouse", name={"en": "Hall"})},
        devices=devices,
    )


@dataclass
class Room:
    """The inside of a collector without inputs and outputs."""

    spool: Spool
    counters: Counters
    pipeline: Pipeline
    intake: Intake
    path: Path
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)


@pytest_asyncio.fixture
async def room(tmp_path: Path, catalogue: Catalogue, registry: Registry) -> AsyncIterator[Room]:
    counters = Counters()
    path = tmp_path / "collector.spool"
    spool = await Spool.open(path, SpoolSettings(max_quarantine=1000), counters, group=1)
    pipeline = Pipeline(catalogue.types, registry, counters)
    found = Room(spool, counters, pipeline, Intake(pipeline, spool, counters, Duplicates()), path)
    yield found
    for task in found.tasks:
        task.cancel()
    await asyncio.gather(*found.tasks, return_exceptions=True)
    await spool.close()


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return int(sock.getsockname()[1])

    return find


Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """Wait until a condition holds; fail after ten seconds."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - what is waited for is in another process or room
                await asyncio.sleep(0.01)

    return wait


FrameOf = Callable[..., bytes]


@pytest.fixture
def fire_adu() -> bytes:
    """Type 2, one component in fire: smoke detector 2 of zone 10, no time label."""
    return bytes.fromhex("0201 0101280a000200 0200".replace(" ", "")) + bytes(31) + bytes(6)


@pytest.fixture
def frame_of() -> FrameOf:
    def build(
        adu: bytes = b"", *, serial: int = 1, source: bytes = SOURCE, command: int = 2, time: bytes = bytes(6)
    ) -> bytes:
        return encode(Frame(serial=serial, command=command, source=source, destination=CENTRE, adu=adu, time=time))

    return build


class Sink:
    """An HTTP server that takes both feeds and remembers every body: stands for InfluxDB and for alerting."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        self.headers: list[str] = []
        self.refuse: Callable[[str, bytes], tuple[int, bytes] | None] = lambda path, body: None
        self.gate = asyncio.Event()
        self.gate.set()
        self.server: asyncio.Server

    async def start(self, port: int = 0) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=1 << 24)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    def lines(self) -> list[str]:
        return [line for path, body in self.bodies if "write" in path for line in body.decode().splitlines()]

    def batches(self) -> list[ReadingBatch]:
        return [
            msgspec.json.decode(body, type=ReadingBatch) for path, body in self.bodies if path.startswith("/readings")
        ]

    def devices(self) -> list[str]:
        return [item.reading.device for batch in self.batches() for item in batch.readings]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length:")[2].split("\r\n")[0] or 0)
                body = await reader.readexactly(length)
                path = head.split()[1]
                await self.gate.wait()
                refusal = self.refuse(path, body)
                status, answer = refusal or ((204, b"") if "write" in path else (200, b'{"applied":0,"skipped":0}'))
                if refusal is None:
                    self.bodies.append((path, body))
                    self.headers.append(head)
                writer.write(b"HTTP/1.1 %d x\r\ncontent-length: %d\r\n\r\n%s" % (status, len(answer), answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest_asyncio.fixture
async def sinks() -> AsyncIterator[Callable[..., Awaitable[Sink]]]:
    """Start counting servers."""
    started: list[Sink] = []

    async def start(port: int = 0) -> Sink:
        sink = Sink()
        await sink.start(port)
        started.append(sink)
        return sink

    yield start
    for sink in started:
        sink.server.close()


Collector = Callable[..., Awaitable[Doors]]


@pytest_asyncio.fixture
async def collector(tmp_path: Path, catalogue: Catalogue, registry: Registry) -> AsyncIterator[Collector]:
    """Run a whole collector inside the test; return its doors."""
    tasks: list[asyncio.Task[None]] = []

    async def start(**sections: Any) -> Doors:
        collector: dict[str, dict[str, Any]] = {"gb26875": {"listen": "127.0.0.1:0"}, "http": {"listen": "127.0.0.1:0"}}
        for name, section in sections.pop("collector", {}).items():
            collector[name] = collector.get(name, {}) | section
        sections = {"data": str(tmp_path / "data"), "file": str(tmp_path / "x.toml"), "collector": collector} | sections
        opened: asyncio.Future[Doors] = asyncio.get_running_loop().create_future()
        settings = msgspec.convert(sections, Settings)
        tasks.append(asyncio.create_task(run(settings, catalogue, registry, started=opened.set_result)))
        return await asyncio.wait_for(opened, 10)

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
