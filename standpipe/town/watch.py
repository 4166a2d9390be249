"""Looks at the wall and at incidents through alerting's HTTP API, as any program could. Changes nothing there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import msgspec

from alerting.views import IncidentView, WallView
from standpipe.model.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")
V = TypeVar("V")
PAUSE = 0.2
"""Seconds between two looks."""


class Watch:
    """A reader of `GET /api/wall` and `GET /api/incidents/{id}`."""

    def __init__(self, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Take where alerting is; `transport` replaces the network in tests."""
        headers = {"authorization": f"Bearer {settings.alerting.token}"} if settings.alerting.token else {}
        self._said = ""
        self._client = httpx.AsyncClient(
            base_url=settings.alerting_url, headers=headers, timeout=5.0, transport=transport, trust_env=False
        )

    async def wall(self) -> WallView | None:
        """Return the wall now, or None while alerting does not answer."""
        return await self._get("/api/wall", WallView)

    async def incident(self, id_: str) -> IncidentView | None:
        """Return an incident now, or None while alerting does not answer."""
        return await self._get(f"/api/incidents/{id_}", IncidentView)

    def page(self, incident: str) -> str:
        """Return the address of an incident's page."""
        return str(self._client.base_url.join(f"/incidents/{incident}"))

    async def on_wall(self, find: Callable[[WallView], T | None], *, patience: float) -> T | None:
        """Look until `find` sees something on the wall and return that; None after `patience` seconds."""
        return await _look(self.wall, find, patience=patience)

    async def on_incident(self, id_: str, find: Callable[[IncidentView], T | None], *, patience: float) -> T | None:
        """Look until `find` sees something in an incident and return that; None after `patience` seconds."""
        return await _look(lambda: self.incident(id_), find, patience=patience)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(self, path: str, shape: type[T]) -> T | None:
        try:
            answer = await self._client.get(path)
        except httpx.HTTPError as err:
            self._trouble(path, repr(err))
            return None
        if not answer.is_success:
            self._trouble(path, f"status {answer.status_code}")
            return None
        self._said = ""
        return msgspec.json.decode(answer.content, type=shape)

    def _trouble(self, path: str, reason: str) -> None:
        """Log why there is no answer, once for as long as it stays the same."""
        if reason != self._said:
            log.warning("path=%s reason=%s", path, reason)
        self._said = reason


async def _look(look: Callable[[], Awaitable[V | None]], find: Callable[[V], T | None], *, patience: float) -> T | None:
    """Look again and again until `find` is satisfied or patience ends."""
    try:
        async with asyncio.timeout(patience):
            while True:
                seen = await look()
                if seen is not None and (found := find(seen)) is not None:
                    return found
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        return None
