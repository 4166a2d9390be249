"""A small town for alerting: one warehouse with two zones, two hydrants, three people, a gateway on a real port."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from alerting.intake import Intake
from alerting.service import Alerting
from plugins.catalogue import Catalogue, load_catalogue
from standpipe.model import clock
from standpipe.model.contacts import Contacts
from standpipe.model.reading import Reading, ReadingBatch, SpooledReading
from standpipe.model.registry import Registry, read_registry
from standpipe.model.rule import Rule
from standpipe.model.settings import Settings
from standpipe.model.signal import URGENT, Lane, Signal

SITES = """
[site.warehouse]
name = { zh = "西仓库", en = "West warehouse" }
[site.town]
name = { zh = "镇区", en = "Town" }
[zone.zone-1]
site = "warehouse"
name = { zh = "一区", en = "zone 1" }
[zone.zone-2]
site = "warehouse"
name = { zh = "二区", en = "zone 2" }
[device.smoke-1]
type = "smoke_json"
address = "device:smoke-1"
site = "warehouse"
zone = "zone-1"
name = "1号烟感 smoke 1"
[device.smoke-2]
type = "smoke_json"
address = "device:smoke-2"
site = "warehouse"
zone = "zone-1"
[device.smoke-3]
type = "smoke_json"
address = "device:smoke-3"
site = "warehouse"
zone = "zone-2"
[device.HY-1]
type = "hydrant_json"
address = "device:HY-1"
site = "town"
[device.HY-2]
type = "hydrant_json"
address = "device:HY-2"
site = "town"
mounting = "barrel"
[device.PANEL]
type = "gb26875_transmitter"
address = "gb26875:010203040506"
site = "warehouse"
zone = "zone-1"
[device.PANEL.components."1.1.40.7"]
id = "smoke-7"
name = "七号烟感"
"""

CONTACTS: dict[str, Any] = {
    "person": {
        "first": {"name": "First officer", "phone": "+8613800000001", "locale": "en"},
        "second": {"name": "Second officer", "phone": "+8613800000002", "locale": "en"},
        "brigade": {"name": "Fire-rescue desk", "phone": "+8613800000119"},
    },
    "plan": {
        "default": {
            "steps": [
                {"after": "0s", "notify": ["first"], "channel": "sms"},
                {"after": "60s", "notify": ["second"], "channel": "sms"},
            ]
        },
        "fire_rescue": {"steps": [{"after": "0s", "notify": ["brigade"], "channel": "hook"}]},
    },
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gateway:
    """An SMS gateway and webhook receiver that does what the test says, and remembers what it got."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.status = 200
        self.receipts = True
        self.hold: asyncio.Event | None = None
        self.news = asyncio.Event()
        self._client = httpx.AsyncClient(trust_env=False)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        if self.hold is not None:
            await self.hold.wait()
        message = msgspec.json.decode(body)
        status = self.status
        self.taken.extend([message | {"at": clock.now()}] if status == 200 else [])
        answer = msgspec.json.encode({"message_id": f"m-{len(self.taken)}"})
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": answer})
        if status == 200 and self.receipts and message.get("receipt_url"):
            self._tasks.add(asyncio.create_task(self._receipt(message)))
        self.news.set()

    async def _receipt(self, message: dict[str, Any]) -> None:
        body = {"id": message["id"], "message_id": "m", "status": "delivered", "at": clock.now()}
        await self._client.post(message["receipt_url"], json=body)

    async def wait(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(10):
            while len(self.taken) < count:
                self.news.clear()
                await self.news.wait()
        return self.taken


async def serve(app: Any, port: int) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    config = uvicorn.Config(
        app, port=port, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0.005)
            if server.started:
                return server, task


class Rig:
    """Alerting on a real port, with its clock in the test's hand."""

    def __init__(self, folder: Path, catalogue: Catalogue, gateway_url: str, contacts: dict[str, Any]) -> None:
        self.folder = folder
        self.catalogue = catalogue
        (folder / "sites").mkdir(exist_ok=True)
        (folder / "sites" / "town.toml").write_text(SITES, encoding="utf-8")
        self.registry: Registry = read_registry(folder / "sites")
        self.contacts = msgspec.convert(contacts, Contacts)
        self.port = free_port()
        self.settings = msgspec.convert(
            {
                "file": str(folder / "standpipe.toml"),
                "alerting": {"listen": f"127.0.0.1:{self.port}"},
                "notifier": {
                    "sms": {"kind": "sms_http", "url": gateway_url, "receipt_timeout": "30s"},
                    "hook": {"kind": "webhook", "url": gateway_url},
                },
            },
            Settings,
        )
        self.rules: list[Rule] = catalogue.rules()
        self.offset = 0
        self.seq = itertools.count(1)
        self.service: Alerting
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False)

    def now(self) -> int:
        return clock.now() + self.offset

    async def start(self) -> None:
        self.service = await Alerting.open(
            self.settings, self.catalogue, self.registry, self.contacts, self.rules, now=self.now
        )
        self._server, self._serving = await serve(Intake(self.service, self.settings), self.port)
        self._running = asyncio.create_task(self.service.run())

    async def stop(self) -> None:
        self._running.cancel()
        self._server.should_exit = True
        await asyncio.gather(self._running, self._serving, return_exceptions=True)
        await self.service.close()

    async def kill(self) -> None:
        """Stop as kill -9 would: no snapshot, nothing flushed."""
        self._running.cancel()
        self._server.should_exit = True
        await asyncio.gather(self._running, self._serving, return_exceptions=True)
        await self.service._journal.close()
        await self.service._records.close()

    def reading(self, device: str, *, at: int | None = None, received: int | None = None, **fields: Any) -> Reading:
        signals = frozenset(Signal(name) for name in fields.pop("signals", ()))
        placed = self.registry.devices[device]
        now = self.now()
        kind = self.catalogue.types[placed.type].type.kind
        return Reading(
            device=device, kind=kind, observed_at=now if at is None else at,
            received_at=now if received is None else received, fields=fields, signals=signals,
            reports_signals=kind != "hydrant", site=placed.site, zone=placed.zone,
            lane=Lane.NORMAL if URGENT.isdisjoint(signals) else Lane.FIRE,
        )  # fmt: skip

    def batch(self, *readings: Reading, lane: Lane | None = None) -> ReadingBatch:
        chosen = lane or (readings[0].lane if readings else Lane.NORMAL)
        spooled = [SpooledReading(seq=next(self.seq), spooled_at=self.now(), reading=reading) for reading in readings]
        return ReadingBatch(collector="c1", lane=chosen, readings=spooled, sent_at=self.now())

    async def post(self, batch: ReadingBatch) -> httpx.Response:
        return await self.client.post("/readings", content=msgspec.json.encode(batch))

    async def send(self, *readings: Reading) -> None:
        answer = await self.post(self.batch(*readings))
        assert answer.status_code == 200, answer.text

    async def until(self, condition: Callable[[], Any]) -> Any:
        async with asyncio.timeout(10):
            while True:
                value = condition()
                if value:
                    return value
                await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    app = Gateway()
    port = free_port()
    server, task = await serve(app, port)
    app.url = f"http://127.0.0.1:{port}/send"  # type: ignore[attr-defined]
    yield app
    server.should_exit = True
    await task


@pytest.fixture
def rig(tmp_path: Path, catalogue: Catalogue, gateway: Gateway) -> Iterator[Rig]:
    yield Rig(tmp_path, catalogue, gateway.url, CONTACTS)  # type: ignore[attr-defined]


@pytest.fixture
async def live(rig: Rig) -> AsyncIterator[Rig]:
    await rig.start()
    yield rig
    await rig.stop()
