"""Asks an InfluxDB questions in InfluxQL. Never writes, and never puts a raw value into a question."""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import httpx
import msgspec

from standpipe.model.errors import Rejected, Retryable
from standpipe.model.settings import Settings
from storage.influx.writer import influx_token, server_words

TIMEOUT = 15.0
"""Seconds that one question may take."""

Cell: TypeAlias = float | int | bool | str | None


class Series(msgspec.Struct, frozen=True):
    """One series of an answer. `time` columns are epoch ms."""

    name: str
    columns: list[str]
    values: list[list[Any]] = []
    """Rows of Cell, in the order of `columns`."""
    tags: dict[str, str] = {}

    def rows(self) -> list[dict[str, Cell]]:
        """Return each row by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.values]


class Name(str):
    """A measurement, field or tag name in `params`: quoted as an identifier, not as a string."""

    __slots__ = ()


class Instant(int):
    """A moment in `params`, epoch ms."""


class Span(int):
    """A duration in `params`, ms."""


Param: TypeAlias = Name | Instant | Span | str | int | float | bool

_PLACEHOLDER = re.compile(r"\$([a-z_]+)")


class _Result(msgspec.Struct):
    series: list[Series] = []
    error: str = ""


class _Answer(msgspec.Struct):
    results: list[_Result] = []
    error: str = ""


class InfluxQuery:
    """`/query` of InfluxDB 1.x, 2.x (bucket = database), 3.x and of the embedded tsdb."""

    def __init__(self, client: httpx.AsyncClient, database: str) -> None:
        """Take a client with base URL and credentials, and the database (bucket) to ask."""
        self._client = client
        self._database = database

    @classmethod
    def from_settings(cls, settings: Settings) -> "InfluxQuery":
        """Build the query side of `[influx]`. Raises OSError when the token file cannot be read."""
        influx = settings.influx
        token = influx_token(settings)
        login = (influx.username, influx.password) if influx.version == "1" and influx.username else None
        headers = {"Authorization": f"Token {token}"} if token and not login else {}
        client = httpx.AsyncClient(base_url=settings.influx_url, auth=login, headers=headers, timeout=TIMEOUT)
        return cls(client, influx.bucket)

    async def query(self, q: str, params: Mapping[str, Param] | None = None) -> list[Series]:
        """Ask one question whose `$name` placeholders are filled from `params`, each quoted by its type.

        Raises Rejected with the server's words when the question is refused, Retryable when no answer came.
        """
        data = {"db": self._database, "epoch": "ms", "q": bind(q, params or {})}
        try:
            response = await self._client.post("/query", data=data)
        except httpx.HTTPError as err:
            raise Retryable(f"{type(err).__name__}: {err}") from err
        if response.status_code >= 500 or response.status_code in (401, 403, 408, 429):
            words = server_words(response.text, response.headers)
            raise Retryable(f"HTTP {response.status_code}: {words}")
        if response.status_code >= 400:
            raise Rejected(server_words(response.text, response.headers) or f"HTTP {response.status_code}")
        try:
            answer = msgspec.json.decode(response.content, type=_Answer)
        except msgspec.MsgspecError as err:
            raise Retryable(f"not an InfluxDB answer: {err}") from err
        faults = [answer.error, *(result.error for result in answer.results)]
        if any(faults):
            raise Rejected("; ".join(filter(None, faults)))
        return [series for result in answer.results for series in result.series]

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()


def bind(q: str, params: Mapping[str, Param]) -> str:
    """Return `q` with each `$name` replaced by its value as an InfluxQL literal. Raises KeyError for one not given.

    Done here because only 1.x takes bind parameters reliably, and the text is then the same on every server.
    """
    return _PLACEHOLDER.sub(lambda found: literal(params[found[1]]), q)


def literal(value: Param) -> str:
    """Return a value in InfluxQL: 'text', "name", 12ms, 1.5, true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Instant | Span):
        return f"{int(value)}ms"
    if isinstance(value, int | float):
        return repr(value)
    quote = '"' if isinstance(value, Name) else "'"
    text = value.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("\n", "\\n")
    return quote + text + quote
