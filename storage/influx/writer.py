"""Hands line protocol to an InfluxDB and says how it went. Never keeps, batches or repeats: the spool does that."""

import gzip
import importlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx
import urllib3

from standpipe.model.errors import Rejected, Retryable
from standpipe.model.settings import Settings

TIMEOUT = 10.0
"""Seconds that one request may take."""
MAX_PROBES = 400
"""Requests spent at most on finding the refused lines of one batch."""

_log = logging.getLogger(__name__)


class RejectedLines(Rejected):
    """Some lines were refused for good; every other line of the batch is stored."""

    def __init__(self, lines: list[tuple[bytes, str]]) -> None:
        """Take each refused line (or lines that could not be told apart) with the server's words."""
        super().__init__(lines[0][1])
        self.lines = lines


class Transport(Protocol):
    """One request, no judgement: (status, body, headers). Raises Retryable when no answer came."""

    def post(self, body: bytes, *, encoding: str) -> tuple[int, str, Mapping[str, str]]:
        """Send line protocol."""

    def close(self) -> None:
        """Let connections go."""


class InfluxWriter:
    """Blocking writer for InfluxDB 1.x, 2.x, 3.x and the embedded tsdb. Use one per thread."""

    def __init__(self, transport: Transport, *, compress: bool = False) -> None:
        """Take how to reach the server, and whether bodies are gzipped on the way (worth it on a slow link)."""
        self._transport = transport
        self._compress = compress

    @classmethod
    def from_settings(cls, settings: Settings, *, precision: str = "ms") -> "InfluxWriter":
        """Build the writer that `[influx]` asks for; `precision` is the unit of the lines' times.

        Raises OSError when the token file cannot be read.
        """
        influx = settings.influx
        transport: Transport
        if influx.version == "1":
            login = (influx.username, influx.password) if influx.username else None
            transport = V1Transport(settings.influx_url, influx.bucket, login, precision=precision)
        else:
            transport = V2Transport(
                settings.influx_url, influx_token(settings), influx.org, influx.bucket, precision=precision
            )
        return cls(transport, compress=influx.gzip)

    def write(self, lines: bytes) -> None:
        """Store lines, returning when the server has said that they are.

        Raises Retryable when the same lines may be sent again later, RejectedLines (a Rejected) when some lines can
        never be stored; all others of the batch are stored then.
        """
        refused: list[tuple[bytes, str]] = []
        waiting = [lines] if lines else []
        probes = 0
        while waiting:
            part = waiting.pop()
            probes += 1
            reason = self._send(part)
            if not reason:
                continue
            rows = part.splitlines(keepends=True)
            middle = len(rows) // 2
            if middle == 0 or probes > MAX_PROBES:
                refused.append((part, reason))
            else:
                waiting += (b"".join(rows[middle:]), b"".join(rows[:middle]))
        if refused:
            _log.warning("lines refused count=%d reason=%s", len(refused), refused[0][1])
            raise RejectedLines(refused)

    def close(self) -> None:
        """Close connections."""
        self._transport.close()

    def _send(self, lines: bytes) -> str:
        """Send one request; return why lines of it were refused, empty when all are stored. Raises Retryable.

        Which lines is found by sending halves: writing a line twice changes nothing.
        """
        body = gzip.compress(lines, 1) if self._compress else lines
        status, text, headers = self._transport.post(body, encoding="gzip" if self._compress else "identity")
        if status < 300:
            return ""
        reason = server_words(text, headers) or f"HTTP {status}"
        if status in (400, 413, 422):
            return reason
        raise _not_now(status, reason, headers)


class V1Transport:
    """`POST /write?db=` of InfluxDB 1.x."""

    def __init__(self, url: str, database: str, login: tuple[str, str] | None, *, precision: str = "ms") -> None:
        """Take the base URL; `login` is sent as basic authentication."""
        self._client = httpx.Client(base_url=url, auth=login, timeout=TIMEOUT)
        self._params = {"db": database, "precision": precision}

    def post(self, body: bytes, *, encoding: str) -> tuple[int, str, Mapping[str, str]]:
        """Send the lines. Raises Retryable when no answer came."""
        try:
            answer = self._client.post(
                "/write", params=self._params, content=body, headers={"Content-Encoding": encoding}
            )
        except httpx.HTTPError as err:
            raise Retryable(f"{type(err).__name__}: {err}") from err
        return answer.status_code, answer.text, answer.headers

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


class V2Transport:
    """`POST /api/v2/write` through influxdb-client: its plain write call, none of its batching."""

    def __init__(self, url: str, token: str, org: str, bucket: str, *, precision: str = "ms") -> None:
        """Take the base URL, an API token with write access, and where the lines go. The import costs 1 s and 35 MB."""
        influxdb_client: Any = importlib.import_module("influxdb_client")
        self._refusal: type[Any] = influxdb_client.rest.ApiException
        self._client = influxdb_client.InfluxDBClient(url=url, token=token, org=org, timeout=int(TIMEOUT * 1000))
        self._service = influxdb_client.WriteService(self._client.api_client)
        self._org = org
        self._bucket = bucket
        self._precision = precision

    def post(self, body: bytes, *, encoding: str) -> tuple[int, str, Mapping[str, str]]:
        """Send the lines. Raises Retryable when no answer came."""
        try:
            self._service.post_write(
                org=self._org,
                bucket=self._bucket,
                body=body,
                precision=self._precision,
                content_encoding=encoding,
                content_type="text/plain; charset=utf-8",
            )
        except self._refusal as err:
            if not err.status:
                raise Retryable(str(err.reason)) from err
            return int(err.status), str(err.body or ""), dict(err.headers or {})
        except (urllib3.exceptions.HTTPError, OSError) as err:
            raise Retryable(f"{type(err).__name__}: {err}") from err
        return 204, "", {}

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def influx_token(settings: Settings) -> str:
    """Return the API token: from the settings, its file, or the embedded tsdb's own. Raises OSError."""
    influx = settings.influx
    if influx.token_file:
        return Path(settings.path(influx.token_file)).read_text(encoding="utf-8").strip()
    return influx.token or ("" if influx.url else settings.tsdb.token)


def server_words(text: str, headers: Mapping[str, str]) -> str:
    """Return what the server says is wrong: 1.x puts it under `error`, 2.x under `message`, both in a header."""
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    words = (body.get("message") or body.get("error")) if isinstance(body, dict) else None
    return str(words or headers.get("X-Influxdb-Error") or text.strip())


def _not_now(status: int, reason: str, headers: Mapping[str, str]) -> Retryable:
    """Return the error for an answer that is not about single lines: nothing is wrong with the lines themselves."""
    if status in (401, 403):
        return Retryable(f"InfluxDB refuses our token or login (HTTP {status}): {reason}", after=30)
    if status == 404:
        return Retryable(f"InfluxDB does not know the bucket or database (HTTP 404): {reason}", after=30)
    after = headers.get("Retry-After", "")
    return Retryable(f"HTTP {status}: {reason}", after=float(after) if after.isdigit() else None)
