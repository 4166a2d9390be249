"""The simulated gateway takes a message once and returns its receipt."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from standpipe.model import clock
from standpipe.town import sms_gateway
from standpipe.town.sms_gateway import SmsGateway


class Receipts:
    """A place for receipts that refuses the first ones."""

    def __init__(self) -> None:
        self.refuse = 0
        self.bodies: list[dict[str, object]] = []
        self.url = ""
        self.arrived = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().splitlines() if b"content-length" in line)
        body = await reader.readexactly(length)
        status = b"503 Busy" if self.refuse else b"200 OK"
        self.refuse = max(0, self.refuse - 1)
        self.bodies.append(msgspec.json.decode(body))
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()
        self.arrived.set()

    async def received(self, count: int) -> None:
        """Wait until `count` receipts were posted."""
        async with asyncio.timeout(5):
            while len(self.bodies) < count:
                self.arrived.clear()
                await self.arrived.wait()


@pytest.fixture
async def receipts() -> AsyncIterator[Receipts]:
    receipts = Receipts()
    server = await asyncio.start_server(receipts.serve, "127.0.0.1", 0)
    receipts.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/receipts/sms"
    yield receipts
    server.close()


@pytest.fixture
async def gateway() -> AsyncIterator[SmsGateway]:
    gateway = SmsGateway(host="127.0.0.1", port=0, clock=clock.now, delay=0.01)
    task = asyncio.create_task(gateway.run())
    await asyncio.wait_for(gateway.started(), 10)
    yield gateway
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def send(gateway: SmsGateway, body: object) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(f"http://127.0.0.1:{gateway.port}/send", json=body)


async def test_takes_a_message_and_posts_its_receipt(gateway: SmsGateway, receipts: Receipts) -> None:
    answer = await send(gateway, {"id": "k1", "to": "+8613900000001", "text": "FIRE", "receipt_url": receipts.url})
    await receipts.received(1)
    assert answer.json() == {"message_id": "SIM-000001"}
    (receipt,) = receipts.bodies
    assert receipt.items() >= {"id": "k1", "message_id": "SIM-000001", "status": "delivered"}.items()
    assert isinstance(receipt["at"], int)


async def test_the_same_id_is_taken_once(gateway: SmsGateway, receipts: Receipts) -> None:
    body = {"id": "k1", "to": "+8613900000001", "text": "FIRE", "receipt_url": receipts.url}
    first, second = await send(gateway, body), await send(gateway, body)
    assert first.json() == second.json()
    assert len(gateway.taken) == 1


async def test_a_refused_receipt_is_posted_again(
    gateway: SmsGateway, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms_gateway, "RECEIPT_PAUSE", 0.01)
    receipts.refuse = 2
    await send(gateway, {"id": "k1", "to": "+8613900000001", "text": "FIRE", "receipt_url": receipts.url})
    await receipts.received(3)
    assert {body["message_id"] for body in receipts.bodies} == {"SIM-000001"}


@pytest.mark.parametrize(
    ("body", "says"), [({"to": "+86139"}, "id"), ("FIRE", "object"), ({"id": 7, "to": "", "text": ""}, "str")]
)
async def test_refuses_what_is_no_message(gateway: SmsGateway, body: object, says: str) -> None:
    answer = await send(gateway, body)
    assert answer.status_code == 400
    assert says in answer.json()["reason"]


async def test_answers_a_look_with_405(gateway: SmsGateway) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{gateway.port}/send")).status_code == 405
