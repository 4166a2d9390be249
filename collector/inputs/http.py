"""HTTP push as a bare ASGI application: one JSON object or a list of them. Answers 202 when all of it is on disk."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, TypeAlias

import msgspec

from collector.arrival import Arrival
from collector.inputs.json_items import device_of, split
from collector.intake import Intake
from collector.record import Quarantined
from standpipe.model import clock
from standpipe.model.errors import DecodeError, Retryable
from standpipe.model.settings import HttpInput

log = logging.getLogger(__name__)

NAME = "http"
BODY_SECONDS = 30.0
"""How long a sender may take to send its body."""

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Page: TypeAlias = Callable[[], Awaitable[tuple[bytes, str]]]
"""A status page: body and content type."""


class Answer(Exception):
    """An answer that ends a request early."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        """Take the HTTP status and what is told."""
        super().__init__(status)
        self.status = status
        self.body = body


class HttpInputApp:
    """ASGI application. `pages` are the GET pages by path."""

    def __init__(self, intake: Intake, settings: HttpInput, *, types: Sequence[str], pages: dict[str, Page]) -> None:
        """Take where uplinks go and which device types there are."""
        self._intake = intake
        self._token = settings.token.encode()
        self._max_body = settings.max_body
        self._types = frozenset(types)
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        kind = "application/json"
        try:
            if scope["method"] == "POST":
                status, body = await self._post(scope, receive)
            else:
                status, (body, kind) = 200, await self._get(scope)
        except Answer as answer:
            status, body = answer.status, msgspec.json.encode(answer.body)
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _get(self, scope: Scope) -> tuple[bytes, str]:
        path = scope["path"]
        page = self._pages.get(path)
        if page is None:
            raise Answer(404, {"error": f"no page {path}", "known": sorted(self._pages)})
        if path != "/health":
            self._authorise(scope)
        return await page()

    async def _post(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        self._authorise(scope)
        room, _, device_type = scope["path"].lstrip("/").partition("/")
        if room != "ingest":
            raise Answer(404, {"error": "no such path; expected /ingest/<device type>"})
        if device_type not in self._types:
            raise Answer(404, {"error": f"no device type {device_type!r}", "known": sorted(self._types)})
        body = await self._body(receive)
        peer = (scope.get("client") or ("",))[0]
        return await self._ingest(device_type, body, peer)

    async def _ingest(self, device_type: str, body: bytes, peer: str) -> tuple[int, bytes]:
        """Take a body: good items are kept whatever is wrong with the others."""
        now = clock.now()
        try:
            payloads = split(body)
        except DecodeError as err:
            raise Answer(400, {"error": str(err)}) from None
        arrivals: list[tuple[int, Arrival]] = []
        rejected: list[dict[str, Any]] = []
        nameless: list[Quarantined] = []
        for index, payload in enumerate(payloads):
            try:
                address = f"device:{device_of(payload)}"
            except DecodeError as err:
                rejected.append({"item": index, "error": str(err)})
                nameless.append(_nameless(device_type, str(err), payload, peer, now))
                continue
            arrival = Arrival(
                source=NAME,
                address=address,
                payload=payload,
                received_at=now,
                device_type=device_type,
                peer=peer,
            )
            arrivals.append((index, arrival))
        if nameless:
            await self._durable(self._intake.quarantine(NAME, nameless))
        taken = self._intake.take(NAME, [arrival for _, arrival in arrivals])
        await self._durable(taken.durable)
        accepted = unknown = 0
        for (index, _), outcome in zip(arrivals, taken.outcomes, strict=True):
            if isinstance(outcome, Quarantined) and outcome.cause != "unknown":
                rejected.append({"item": index, "error": outcome.reason})
                continue
            accepted += 1
            unknown += isinstance(outcome, Quarantined)
        return _reply(accepted, unknown, sorted(rejected, key=lambda item: int(item["item"])))

    async def _durable(self, durable: "asyncio.Future[None]") -> None:
        try:
            await asyncio.shield(durable)
        except Retryable as err:
            raise Answer(503, {"error": f"cannot be written now, send it again: {err}"}) from None

    async def _body(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Answer(400, {"error": "the sender went away"})
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > self._max_body:
                        raise Answer(413, {"error": f"body over {self._max_body} bytes; send fewer at a time"})
                    chunks.append(chunk)
                    if not message.get("more_body"):
                        return b"".join(chunks)
        except TimeoutError:
            raise Answer(408, {"error": f"the body took longer than {BODY_SECONDS:g} s"}) from None

    def _authorise(self, scope: Scope) -> None:
        if not self._token:
            return
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if not hmac.compare_digest(given, b"Bearer " + self._token):
            raise Answer(401, {"error": "expected the header Authorization: Bearer <collector.http.token>"})


def _reply(accepted: int, unknown: int, rejected: list[dict[str, Any]]) -> tuple[int, bytes]:
    """Return 202 when anything was accepted, else 400 with the first reason."""
    if rejected and not accepted:
        return 400, msgspec.json.encode({"error": rejected[0]["error"], "rejected": rejected})
    reply: dict[str, Any] = {"accepted": accepted}
    if unknown:
        reply["unknown"] = unknown
    if rejected:
        reply["rejected"] = rejected
    return 202, msgspec.json.encode(reply)


def _nameless(device_type: str, reason: str, payload: bytes, peer: str, now: int) -> Quarantined:
    return Quarantined(
        address=f"http:{peer or 'unknown'}",
        device_type=device_type,
        cause="decode",
        reason=reason,
        payload=payload,
        at=now,
    )
