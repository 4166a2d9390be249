"""A simulated SMS gateway: takes messages over HTTP, and posts a delivery receipt a moment later. Sends nothing.

Request:  POST /send {"id", "to", "text", "receipt_url"} -> 200 {"message_id"}; the same id gets the same message_id.
Receipt:  POST <receipt_url> {"id", "message_id", "status": "delivered", "at"}.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, TypeAlias

import httpx
import msgspec
import uvicorn

log = logging.getLogger(__name__)

RECEIPT_DELAY = 0.3
"""Seconds between taking a message and its receipt: a mobile network in a good mood."""
RECEIPT_TRIES = 5
RECEIPT_PAUSE = 0.5
"""Seconds before a refused receipt is posted again; doubled each time."""
_MAX_BODY = 65_536

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Message(msgspec.Struct, frozen=True):
    """What alerting hands over."""

    id: str
    to: str
    text: str
    receipt_url: str = ""


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the gateway took it."""

    message_id: str
    message: Message
    at: int
    """Epoch ms."""


class SmsGateway:
    """The gateway and its memory of what it took."""

    def __init__(self, *, host: str, port: int, clock: Callable[[], int], delay: float = RECEIPT_DELAY) -> None:
        """Listen on host:port once `run` is called; `clock` gives epoch ms."""
        self._clock = clock
        self._delay = delay
        self._receipts: set[asyncio.Task[None]] = set()
        self.taken: dict[str, Handed] = {}
        """By id of the message."""
        self.receipts: dict[str, int] = {}
        """Message id -> epoch ms at which its receipt was accepted."""
        config = uvicorn.Config(
            self.app,
            host=host,
            port=port,
            interface="asgi3",
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = _QuietServer(config)

    async def started(self) -> None:
        """Return when it listens."""
        await self._server.listening.wait()

    @property
    def port(self) -> int:
        """Return the port it listens on; for port 0 the one it was given."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    async def run(self) -> None:
        """Serve until cancelled. Raises OSError when the port is taken."""
        try:
            await self._server.serve()
        except SystemExit:  # uvicorn leaves this way when it cannot bind
            raise OSError("the SMS gateway cannot listen on its port") from None
        finally:
            for task in self._receipts:
                task.cancel()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        if scope["method"] != "POST":
            await _answer(send, 405, {"reason": "POST a message here"})
            return
        body = b""
        more = True
        while more and len(body) <= _MAX_BODY:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
        try:
            message = msgspec.json.decode(body, type=Message)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            await _answer(send, 400, {"reason": str(err)})
            return
        handed = self.take(message)
        await _answer(send, 200, {"message_id": handed.message_id})

    def take(self, message: Message) -> Handed:
        """Remember a message and see to its receipt; one that was taken before is not taken again."""
        if known := self.taken.get(message.id):
            return known
        handed = Handed(message_id=f"SIM-{len(self.taken) + 1:06}", message=message, at=self._clock())
        self.taken[message.id] = handed
        if message.receipt_url:
            task = asyncio.create_task(self._receipt(handed))
            self._receipts.add(task)
            task.add_done_callback(self._receipts.discard)
        return handed

    async def _receipt(self, handed: Handed) -> None:
        """Post the delivery receipt, a few times when it is not accepted."""
        await asyncio.sleep(self._delay)
        at = self._clock()
        body = {"id": handed.message.id, "message_id": handed.message_id, "status": "delivered", "at": at}
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            for attempt in range(RECEIPT_TRIES):
                try:
                    answer = await client.post(handed.message.receipt_url, json=body)
                except httpx.HTTPError as err:
                    log.warning("receipt not delivered message_id=%s reason=%r", handed.message_id, err)
                else:
                    if answer.is_success:
                        self.receipts[handed.message_id] = self._clock()
                        return
                    log.warning("receipt refused message_id=%s status=%d", handed.message_id, answer.status_code)
                await asyncio.sleep(RECEIPT_PAUSE * 2**attempt)


class _QuietServer(uvicorn.Server):
    """A uvicorn server that leaves signals to the program it is part of, and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening and tell."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _answer(send: Send, status: int, body: dict[str, str]) -> None:
    """Send one JSON answer."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": msgspec.json.encode(body)})
