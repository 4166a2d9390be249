"""The collector's HTTP door as a bare ASGI application: bodies, tokens and answers. Knows no format of any sender."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import msgspec

from standpipe.model.errors import Retryable
from standpipe.model.origin import refuse_browser

log = logging.getLogger(__name__)

NAME = "http"
BODY_SECONDS = 30.0
"""How long a sender may take to send its body."""

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request, read to its end."""

    method: str
    path: str
    """What follows the route's own part of the path, without a slash before it."""
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    """Names in lower case."""
    body: bytes = b""
    peer: str = ""


class Response(msgspec.Struct, frozen=True):
    """What is answered."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"


class Answer(Exception):
    """An answer that ends a request early."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        """Take the HTTP status and what is told."""
        super().__init__(status)
        self.status = status
        self.body = body


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What serves one path or everything below it."""

    serve: Callable[[Request], Awaitable[Response]]
    token: str | None = None
    """Bearer token wanted; None for the door's own, empty for none."""
    methods: frozenset[str] = frozenset({"POST"})
    locked: bool = False
    """The route looks after a secret of its own, so it may be asked for under any name."""


class HttpDoor:
    """ASGI application. `routes` by path, which also serve what lies below it."""

    def __init__(self, routes: Mapping[str, Route], *, token: str, max_body: int) -> None:
        """Take the routes, the bearer token of those that have none of their own, and the longest body in bytes."""
        self._routes = dict(routes)
        self._token = token
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        try:
            response = await self._serve(scope, receive)
        except Answer as answer:
            response = Response(msgspec.json.encode(answer.body), answer.status)
        headers = [
            (b"content-type", response.kind.encode()),
            (b"content-length", str(len(response.body)).encode()),
        ]
        if response.status == 204:
            headers = []
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _serve(self, scope: Scope, receive: Receive) -> Response:
        route, rest = self._find(scope["path"])
        if why := refuse_browser(scope["headers"], locked=bool(self._token or route.locked)):
            raise Answer(403, {"error": why})
        if scope["method"] not in route.methods:
            raise Answer(405, {"error": f"expected {' or '.join(sorted(route.methods))}"})
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        _authorise(headers, self._token if route.token is None else route.token)
        query = scope.get("query_string", b"").decode("latin-1")
        request = Request(
            method=scope["method"],
            path=rest,
            query={name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()},
            headers=headers,
            body=await self._body(receive) if scope["method"] == "POST" else b"",
            peer=(scope.get("client") or ("",))[0],
        )
        return await route.serve(request)

    def _find(self, path: str) -> tuple[Route, str]:
        """Return the route of the longest path that fits, and the rest."""
        head = path
        while head:
            if head in self._routes:
                return self._routes[head], path[len(head) + 1 :]
            head = head.rpartition("/")[0]
        raise Answer(404, {"error": f"no such path {path!r}", "known": sorted(self._routes)})

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


async def on_disk(durable: "asyncio.Future[None]") -> None:
    """Return when it is on disk; answer 503 when the disk refused, so that the sender sends it again."""
    try:
        await asyncio.shield(durable)
    except Retryable as err:
        raise Answer(503, {"error": f"cannot be written now, send it again: {err}"}) from None


def _authorise(headers: Mapping[str, str], token: str) -> None:
    """Answer 401 without the token. InfluxDB's clients write `Token`, everybody else `Bearer`."""
    if not token:
        return
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme not in ("Bearer", "Token") or not hmac.compare_digest(given.encode(), token.encode()):
        raise Answer(401, {"error": "expected the header Authorization: Bearer <token>"})
