"""The InfluxDB HTTP API over raw ASGI: /write, /api/v2/write, /query, /ping, /health. Parses nothing but requests."""

import asyncio
import base64
import hmac
import json
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from standpipe.model.errors import Retryable
from standpipe.model.origin import refuse_browser
from storage.tsdb.answer import EPOCHS, Result, to_csv, to_json
from storage.tsdb.asking import Readers
from storage.tsdb.line_parser import PRECISIONS
from storage.tsdb.store import Store
from storage.tsdb.syntax import QueryError
from storage.tsdb.writing import Write, WriterThread, answer_fault

VERSION = "1.8.10-standpipe"
"""1.8 is the InfluxDB that answers both /query and /api/v2/write."""
MAX_BODY = 32 * 1024 * 1024
"""Bytes of one request, also after decompression."""

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, reason: str, code: str = "invalid") -> None:
        """Take the HTTP status, the words and the code that the 2.x API puts beside them."""
        super().__init__(reason)
        self.status = status
        self.code = code


class Api:
    """The ASGI application."""

    def __init__(self, store: Store, writer: WriterThread, readers: Readers, token: str) -> None:
        """Take what stores and what answers; an empty token lets everyone in."""
        self._store = store
        self._writer = writer
        self._readers = readers
        self._token = token
        self._started = time.time()
        self._routes: dict[tuple[str, str], Callable[[_Request], Awaitable[_Answer]]] = {
            ("POST", "/write"): self._write_v1,
            ("POST", "/api/v2/write"): self._write_v2,
            ("GET", "/query"): self._query,
            ("POST", "/query"): self._query,
            ("GET", "/api/v2/buckets"): self._buckets,
        }
        self._open: dict[str, Callable[[], _Answer]] = {
            "/ping": lambda: _Answer(204),
            "/health": self._health,
            "/ready": self._ready,
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = _Request(scope, receive)
        try:
            if why := refuse_browser(scope["headers"], locked=bool(self._token)):
                raise Refused(403, why, "forbidden")
            answer = await self._answer(request)
        except Refused as err:
            answer = _refusal(request, err)
        except QueryError as err:
            answer = _Answer(400, _json({"error": str(err)}))
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, request: "_Request") -> "_Answer":
        if request.method in ("GET", "HEAD") and request.path in self._open:
            return self._open[request.path]()
        route = self._routes.get((request.method, request.path))
        if route is None:
            known = any(path == request.path for _, path in self._routes)
            raise Refused(405 if known else 404, "method not allowed" if known else "path not found", "not found")
        if self._token and not _authorized(request, self._token):
            raise Refused(401, "authorization failed", "unauthorized")
        return await route(request)

    async def _write_v1(self, request: "_Request") -> "_Answer":
        database = request.param("db")
        if not database:
            raise Refused(400, "database is required")
        policy = request.param("rp")
        if policy and policy != "autogen":
            database = f"{database}/{policy}"
        return await self._write(request, database)

    async def _write_v2(self, request: "_Request") -> "_Answer":
        bucket = request.param("bucket")
        if not bucket:
            raise Refused(400, "bucket not found", "invalid")
        return await self._write(request, bucket)

    async def _write(self, request: "_Request", database: str) -> "_Answer":
        precision = request.param("precision") or "ns"
        factor = PRECISIONS.get(precision)
        if factor is None:
            raise Refused(400, f"invalid precision {precision!r} (use n, u, ms, s, m or h)")
        try:
            text = (await request.body()).decode()
        except UnicodeDecodeError as err:
            raise Refused(400, f"unable to parse: not UTF-8 at byte {err.start}") from None
        if not text.strip():
            return _Answer(204)
        write = Write(database, text, factor, time.time_ns())
        try:
            batch = await asyncio.wrap_future(self._writer.submit(write))
        except Retryable as err:
            raise Refused(503, str(err), "unavailable") from None
        fault, _ = answer_fault(batch)
        if fault:
            raise Refused(400, fault)
        return _Answer(204)

    async def _query(self, request: "_Request") -> "_Answer":
        if request.method == "POST":
            await request.read_form()
        q = request.param("q")
        if not q.strip():
            raise Refused(400, 'missing required parameter "q"')
        epoch = request.param("epoch")
        if epoch and epoch not in EPOCHS:
            epoch = "ns"
        try:
            params = json.loads(request.param("params") or "{}")
        except ValueError as err:
            raise Refused(400, f"error parsing query parameters: {err}") from None
        as_csv = "csv" in request.headers.get("accept", "")
        pretty = request.param("pretty") == "true"

        def render(results: list[Result]) -> bytes:
            return to_csv(results, epoch) if as_csv else to_json(results, epoch, pretty="yes" if pretty else "")

        await self._create_databases(q)
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(
            self._readers.pool, self._readers.answer, q, request.param("db"), params, render
        )
        return _Answer(200, body, "text/csv" if as_csv else "application/json")

    async def _create_databases(self, q: str) -> None:
        """Make the databases that CREATE DATABASE names, on the writer's thread."""
        if "create" in q[:64].lower():
            for name in self._readers.databases_to_create(q):
                await asyncio.wrap_future(self._writer.submit(Write(name, "", 1, 0)))

    async def _buckets(self, request: "_Request") -> "_Answer":
        wanted = request.param("name")
        buckets = [
            {"id": f"{database.id:016x}", "name": name, "type": "user", "orgID": "0" * 16, "retentionRules": []}
            for name, database in sorted(self._store.databases.items())
            if wanted in ("", name)
        ]
        return _Answer(200, _json({"links": {"self": "/api/v2/buckets"}, "buckets": buckets}))

    def _health(self) -> "_Answer":
        body = {"name": "influxdb", "message": "ready for queries and writes", "status": "pass", "checks": []}
        return _Answer(200, _json({**body, "version": VERSION, "commit": ""}))

    def _ready(self) -> "_Answer":
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started))
        return _Answer(200, _json({"status": "ready", "started": started, "up": f"{time.time() - self._started:.0f}s"}))


class _Request:
    """One request: parameters of the URL and of a form, body unpacked on demand."""

    def __init__(self, scope: Message, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"].rstrip("/") or "/"
        self.headers: dict[str, str] = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        self._params: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self._receive = receive

    def param(self, name: str) -> str:
        """Return a parameter, empty when it is not given."""
        return self._params.get(name, [""])[0]

    async def read_form(self) -> None:
        """Add the parameters of a form-encoded body."""
        body = await self.body()
        if body and "json" not in self.headers.get("content-type", ""):
            form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
            self._params = {**form, **self._params}

    async def body(self) -> bytes:
        """Return the whole body, unpacked. Raises Refused when it is too long or damaged."""
        parts: list[bytes] = []
        length = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, "request ended early")
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            if length > MAX_BODY:
                raise Refused(413, "Request Entity Too Large", "request too large")
            more = message.get("more_body", False)
        packed = b"".join(parts)
        if self.headers.get("content-encoding", "identity") != "gzip":
            return packed
        unpacker = zlib.decompressobj(31)
        try:
            text = unpacker.decompress(packed, MAX_BODY)
        except zlib.error as err:
            raise Refused(400, f"gzip: {err}") from None
        if unpacker.unconsumed_tail:
            raise Refused(413, "Request Entity Too Large", "request too large")
        return text


class _Answer:
    """Status, body and type of one answer."""

    __slots__ = ("body", "kind", "status", "words")

    def __init__(self, status: int, body: bytes = b"", kind: str = "application/json", words: str = "") -> None:
        self.status = status
        self.body = body
        self.kind = kind
        self.words = words


def _authorized(request: _Request, token: str) -> bool:
    """Accept the token as `Token …`, `Bearer …`, as password of basic authentication, or as parameter `p`."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given).decode().partition(":")[2]
        except (ValueError, UnicodeDecodeError):
            given = ""
    return hmac.compare_digest((given.strip() or request.param("p")).encode(), token.encode())


def _refusal(request: _Request, err: Refused) -> _Answer:
    """Return an error in the shape of the API that was spoken to."""
    words = str(err).replace("\n", " ")[:1000]
    if request.path.startswith("/api/v2"):
        return _Answer(err.status, _json({"code": err.code, "message": str(err)}), words=words)
    return _Answer(err.status, _json({"error": str(err)}), words=words)


def _json(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _headers(answer: _Answer) -> list[tuple[bytes, bytes]]:
    headers = [(b"x-influxdb-version", VERSION.encode()), (b"x-influxdb-build", b"OSS")]
    if answer.status != 204:
        headers += [(b"content-type", answer.kind.encode()), (b"content-length", str(len(answer.body)).encode())]
    if answer.words:
        headers.append((b"x-influxdb-error", answer.words.encode("latin-1", "replace")))
    return headers
