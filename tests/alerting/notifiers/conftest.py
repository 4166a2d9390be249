"""A notice, what was heard, and free ports."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import msgspec
import pytest

from alerting.notifiers import Notice
from alerting.notifiers.listening import Heard, Listening

NOTICE = Notice(
    id="inc-7/0/wang/sms",
    incident="inc-7",
    step=0,
    person="wang",
    channel="sms",
    to="+8613900001111",
    title="火警",
    text="【火警】西仓库二区 感烟0042 03:12 回1真火2误报3故障",
    site="西仓库",
    zone="二区",
    state="suspected",
    opened_at=1_795_000_000_000,
    observed_at=None,
    received_at=None,
    spooled_at=None,
    sent_at=1_795_000_000_100,
    receipt_url="http://127.0.0.1:1/receipts/sms",
)

Noticed: TypeAlias = Callable[..., Notice]


@pytest.fixture
def notice() -> Noticed:
    """Return a maker of notices: a fire, with what a test changes."""
    return lambda **changes: msgspec.structs.replace(NOTICE, **changes)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Ear:
    """Keeps what a notifier heard."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self._more = asyncio.Condition()

    async def hear(self, heard: Heard) -> None:
        async with self._more:
            self.heard.append(heard)
            self._more.notify_all()

    async def wait(self, count: int, seconds: float = 10) -> list[Any]:
        """Return everything heard once there are `count`; TimeoutError when they do not come."""
        async with asyncio.timeout(seconds), self._more:
            await self._more.wait_for(lambda: len(self.heard) >= count)
        return self.heard

    @asynccontextmanager
    async def on(self, notifier: Listening) -> AsyncIterator["Ear"]:
        """Listen to a notifier meanwhile."""
        task = asyncio.create_task(notifier.listen(self.hear))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def ear() -> Ear:
    return Ear()


async def _eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - another process brings it about
            await asyncio.sleep(0.01)


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """Return a waiter for something that another process brings about."""
    return _eventually


class Asked(msgspec.Struct, frozen=True):
    """One request that a provider got."""

    path: str
    headers: dict[str, str]
    body: bytes


class Provider:
    """An HTTP server that keeps what it is asked and answers what a test says."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.status, self.body, self.headers = 200, b"{}", dict[str, str]()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                provider.asked.append(Asked(self.path, headers, body))
                self.send_response(provider.status)
                for name, value in provider.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(provider.body)))
                self.end_headers()
                self.wfile.write(provider.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}"


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.01,))
    thread.start()
    yield provider
    provider.server.shutdown()
    thread.join()
    provider.server.server_close()
