"""A town, its model at eight in the morning, and a centre that answers a panel as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol, TypeAlias

import pytest

from standpipe.model.gb26875.frame import Frame, Stream, confirm, decode, deny
from standpipe.town import epanet_water
from standpipe.town.epanet_water import EpanetWater
from standpipe.town.hydraulics import Hydraulics
from standpipe.town.network import Town, build_town
from standpipe.town.own_water import OwnWater

MORNING = 1_795_305_600_000
"""2026-11-22 08:00 in Asia/Shanghai."""

Answer: TypeAlias = Callable[[Frame], bytes]


class Open(Protocol):
    def __call__(self, town: Town, *, start: int) -> Hydraulics: ...


@pytest.fixture(scope="session")
def town() -> Town:
    return build_town()


def _epanet() -> type[EpanetWater]:
    if epanet_water.toolkit is None:
        pytest.skip("owa-epanet is not installed")
    return EpanetWater


@pytest.fixture(params=[_epanet, lambda: OwnWater], ids=["epanet", "own"])
def open_water(request: pytest.FixtureRequest) -> Open:
    """Return what opens the town's water, once by each solver."""
    opens: Open = request.param()
    return opens


@pytest.fixture
def water(town: Town, open_water: Open) -> Iterator[Hydraulics]:
    model = open_water(town, start=MORNING)
    yield model
    model.close()


@pytest.fixture
def both(town: Town) -> Iterator[tuple[Hydraulics, Hydraulics]]:
    """Yield the same morning by EPANET and by our own solver."""
    models = _epanet()(town, start=MORNING), OwnWater(town, start=MORNING)
    yield models
    for model in models:
        model.close()


class Centre:
    """A monitoring centre over TCP whose answer to each frame is the next of a list, then always a confirm."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.frames: list[Frame] = []
        self.connections = 0
        self.port = 0
        self._arrived = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        stream = Stream()
        while data := await reader.read(4096):
            for raw, _ in stream.feed(data):
                frame = decode(raw)
                self.frames.append(frame)
                answer = self.answers.pop(0) if self.answers else confirmed
                writer.write(answer(frame))
                self._arrived.set()
        writer.close()

    async def received(self, count: int) -> list[Frame]:
        """Wait until `count` frames have come; return them."""
        async with asyncio.timeout(10):
            while len(self.frames) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.frames[:count]


def confirmed(frame: Frame) -> bytes:
    return confirm(frame, now=bytes(6))


def denied(frame: Frame) -> bytes:
    return deny(frame, now=bytes(6))


@pytest.fixture
def deny_answer() -> Answer:
    return denied


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    centre = Centre()
    server = await asyncio.start_server(centre.serve, "127.0.0.1", 0)
    centre.port = server.sockets[0].getsockname()[1]
    yield centre
    server.close()
