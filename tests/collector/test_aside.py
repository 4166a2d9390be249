"""A codec that hangs: uplinks of its type wait in order, and nobody else waits for them."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from collector.arrival import Arrival
from collector.record import Kept, Quarantined
from plugins.catalogue import Catalogue, load_catalogue
from standpipe.model.errors import Retryable
from standpipe.model.gb26875.frame import OVERHEAD, Command, decode
from standpipe.model.json_table import JavaScript
from standpipe.model.reading import Observation, Uplink
from standpipe.model.signal import Lane


class Gate:
    """Stands for a maker's codec: holds on to every uplink until it is opened."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self._real = catalogue.types["hydrant_json"]
        type_ = msgspec.structs.replace(self._real.type, javascript=JavaScript())
        loaded = msgspec.structs.replace(self._real, type=type_, decode=self.decode)
        self.catalogue = Catalogue({**catalogue.types, "hydrant_json": loaded})

    def decode(self, uplink: Uplink) -> list[Observation]:
        self.entered.set()
        assert self.open.wait(20)
        return self._real.decode(uplink)


@pytest.fixture
def gate(all_types: Catalogue) -> Iterator[Gate]:
    made = Gate(all_types)
    yield made
    made.open.set()


@pytest.fixture(scope="session")
def all_types() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def catalogue(gate: Gate) -> Catalogue:
    return gate.catalogue


def hydrant(pressure: float) -> Arrival:
    payload = msgspec.json.encode({"device": "HY-1", "pressure_mpa": pressure})
    return Arrival(source="http", address="device:HY-1", payload=payload, received_at=1_768_435_200_000)


async def test_a_fire_on_another_connection_is_confirmed_before_a_codec_that_hangs_has_answered(
    collector: Any, gate: Gate, frame_of: Any, fire_adu: bytes
) -> None:
    doors = await collector(collector={"gb26875": {"set_clocks": False}})
    reader, writer = await asyncio.open_connection("127.0.0.1", doors.gb26875)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{doors.http}", trust_env=False, timeout=30) as http:
        content = '{"device": "HY-1", "pressure_mpa": 0.3}'
        hanging = asyncio.create_task(http.post("/ingest/hydrant_json", content=content))
        assert await asyncio.to_thread(gate.entered.wait, 10)
        writer.write(frame_of(fire_adu, serial=7))
        answer = decode(await asyncio.wait_for(reader.readexactly(OVERHEAD), 10))
        assert (answer.serial, answer.command) == (7, Command.CONFIRM)
        assert not hanging.done()
        gate.open.set()
        assert (await hanging).json() == {"accepted": 1}
    writer.close()


async def test_uplinks_of_one_type_keep_their_order_and_their_outcomes_their_places(room: Any, gate: Gate) -> None:
    bad = Arrival(source="http", address="device:HY-1", payload=b"{", received_at=1)
    first = room.intake.take("http", [hydrant(0.1), bad])
    second = room.intake.take("http", [hydrant(0.2)])
    await asyncio.sleep(0)
    assert not first.durable.done()
    gate.open.set()
    await asyncio.gather(first.durable, second.durable)
    assert [type(outcome) for outcome in first.outcomes + second.outcomes] == [Kept, Quarantined, Kept]
    entries = await room.spool.cursor("any", Lane.NORMAL).read(10)
    kept = [reading.fields["pressure"] for entry in entries for reading in entry.readings]
    assert kept == [100.0, 200.0]
    assert room.counters.get("stored", "http") == 2


async def test_after_a_reload_to_another_codec_uplinks_do_not_overtake_those_that_wait(
    room: Any, gate: Gate, all_types: Catalogue
) -> None:
    waiting = room.intake.take("http", [hydrant(0.1)])
    room.pipeline.directory.use(all_types.types)
    after = room.intake.take("http", [hydrant(0.2)])
    gate.open.set()
    await asyncio.gather(waiting.durable, after.durable)
    at_once = room.intake.take("http", [hydrant(0.3)])
    assert isinstance(at_once.outcomes[0], Kept)
    await at_once.durable
    entries = await room.spool.cursor("any", Lane.NORMAL).read(10)
    assert [r.fields["pressure"] for entry in entries for r in entry.readings] == [100.0, 200.0, 300.0]


async def test_a_full_queue_takes_nothing_more_and_the_sender_is_told(
    room: Any, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.aside.QUEUE", 2)
    waiting = [room.intake.take("http", [hydrant(0.1)]) for _ in range(2)]
    with pytest.raises(Retryable, match="2 uplinks of hydrant_json wait"):
        await room.intake.take("http", [hydrant(0.1)]).durable
    gate.open.set()
    await asyncio.gather(*(taken.durable for taken in waiting))
    await room.intake.take("http", [hydrant(0.1)]).durable


async def test_who_waits_when_the_collector_stops_is_not_acknowledged(room: Any, gate: Gate) -> None:
    taken = [room.intake.take("http", [hydrant(0.1)]) for _ in range(2)]
    assert await asyncio.to_thread(gate.entered.wait, 10)
    room.intake.close()
    with pytest.raises(Retryable, match="stops"):
        await taken[1].durable
