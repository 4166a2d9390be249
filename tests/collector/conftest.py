"""A registry of a few devices, a spool in a temporary folder, the parts of a collector joined the way main does."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from collector.counters import Counters
from collector.duplicates import Duplicates
from collector.intake import Intake
from collector.pipeline import Pipeline
from collector.spool import Spool
from plugins.catalogue import Catalogue, load_catalogue
from standpipe.model.gb26875.frame import Frame, encode
from standpipe.model.registry import Component, Device, Registry, Site, Zone
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
    spool = await Spool.open(path, SpoolSettings(max_quarantine=1000), counters)
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
            while not condition():
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
        return encode(
            Frame(serial=serial, command=command, source=source, destination=CENTRE, adu=adu, time=time)
        )

    return build


@pytest.fixture
def decode_json() -> Callable[[bytes], object]:
    return msgspec.json.decode
