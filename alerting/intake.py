"""`POST /readings` from collectors and `POST /receipts/{notifier}` from gateways, as raw ASGI: durable, then 200.

Hostile until proven otherwise: lengths are bounded, tokens compared in constant time, nothing is echoed.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from alerting.notifiers import listening
from alerting.service import Alerting
from standpipe.model.errors import DecodeError, Rejected, Retryable
from standpipe.model.reading import ReadingBatch
from standpipe.model.settings import Settings

log = logging.getLogger(__name__)

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BATCH = 16 * 1_048_576
"""Bytes of one batch."""
MAX_RECEIPT = 16_384


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Body of a delivery receipt; `at` in epoch ms."""

    id: str
    message_id: str = ""
    status: str
    at: int = 0


class _TooLong(Exception):
    """A body beyond its bound."""


class Intake:
    """A raw ASGI application: the hot way in, without a framework."""

    def __init__(self, service: Alerting, settings: Settings) -> None:
        """Take the service that keeps what comes in."""
        self._service = service
        self._token = settings.alerting.token
        self._notifiers = frozenset(settings.notifier)
        self._batch = msgspec.json.Decoder(ReadingBatch)
        self._receipt = msgspec.json.Decoder(Receipt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with JSON."""
        path, headers = scope["path"], []
        if scope["method"] != "POST":
            status, answer = 405, {"error": "POST only"}
        else:
            try:
                if path == "/readings":
                    status, answer = await self._readings(scope, receive)
                else:
                    called = await self._called_back(path.removeprefix("/receipts/"), scope, receive)
                    if isinstance(called, bytes):
                        status, answer = await self._delivered(path.removeprefix("/receipts/"), called)
                    else:
                        await _send(send, 200, called[1], [(b"content-type", called[0].encode())])
                        return
            except Rejected as err:
                log.warning("callback refused path=%s reason=%s", path, err)
                status, answer = 403, {"error": "not believed"}
            except DecodeError as err:
                status, answer = 400, {"error": str(err)}
            except _TooLong:
                status, answer = 413, {"error": "body too long"}
            except (Retryable, SQLAlchemyError, OSError) as err:
                log.error("cannot be kept path=%s reason=%s", path, err)
                status, answer = 503, {"error": "cannot be kept now"}
                headers = [(b"retry-after", b"1")]
        await _send(send, status, msgspec.json.encode(answer), [(b"content-type", b"application/json"), *headers])

    async def _readings(self, scope: Scope, receive: Receive) -> tuple[int, dict[str, Any]]:
        if self._token:
            given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
                return 401, {"error": "needs the bearer token of alerting.token"}
        body = await _body(receive, MAX_BATCH)
        try:
            batch = self._batch.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as err:
            return 400, {"error": str(err)}
        applied, skipped = await self._service.feed.accept(batch, body)
        return 200, {"applied": applied, "skipped": skipped}

    async def _called_back(self, notifier: str, scope: Scope, receive: Receive) -> tuple[str, bytes] | bytes:
        """Return how the provider wants its callback answered; the body for a notifier that takes ours."""
        body = await _body(receive, MAX_RECEIPT)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope.get("query_string", b"").decode("latin-1")
        answer = await self._service.called_back(notifier, body, headers, query=query)
        return body if answer is None else answer

    async def _delivered(self, notifier: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Take a receipt in our own words."""
        if notifier not in self._notifiers:
            return 404, {"error": "no such notifier"}
        try:
            receipt = self._receipt.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as err:
            return 400, {"error": str(err)}
        heard = listening.Receipt(
            id=receipt.message_id, notice=receipt.id, status="delivered" if receipt.status == "delivered" else "failed",
            at=receipt.at, reason=receipt.status,
        )  # fmt: skip
        known = await self._service.hear(notifier, heard)
        return (200, {}) if known else (404, {"error": "no such notice"})


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    head = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive, limit: int) -> bytes:
    """Return the whole body. Raises _TooLong beyond `limit` bytes, having read no further."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Retryable("the sender went away")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _TooLong
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
