"""The live stream of the pages: one look at the wall per change, told to every screen. Never renders, never decides.

A beat says when the wall was last seen as a whole, and a version for each region of the page. A screen fetches the
regions whose version differs from what it shows, so a lost beat costs nothing. When the wall cannot be seen, there is
no beat, and every screen raises its band.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from alerting.views import WallView
from console.service import Service

HEARTBEAT = 5.0
"""Seconds between beats when nothing changes."""
GAP = 0.2
"""Least seconds between two looks; longer when looking is costly, so that it never takes more than a 20th of a core."""
MAX_SCREENS = 256

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """The wall as it was seen at one moment, with a version (a hash of what is shown) for each region."""

    view: WallView
    versions: dict[str, str]


class Feed:
    """Watches the service while somebody is watching the feed."""

    def __init__(self, service: Service, *, now: Callable[[], int], build: str) -> None:
        """`build` identifies the templates and scripts in use: a screen that shows another one reloads itself."""
        self._service = service
        self._now = now
        self._build = build
        self._look: Look | None = None
        self._looked = 0.0
        self._beat = b""
        self._serial = 0
        self._published = asyncio.Event()
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()
        self._screens = 0
        self._pump: asyncio.Task[None] | None = None

    @property
    def screens(self) -> int:
        """How many screens are connected."""
        return self._screens

    def look(self) -> Look:
        """Return the wall as last told to the screens, looking again when that is more than a heartbeat ago."""
        if self._look is None or self._pump is None or time.monotonic() - self._looked > HEARTBEAT:
            return self._see()
        return self._look

    def stale(self) -> None:
        """Forget the last look: a person has just changed something and is about to be shown the result."""
        self._look = None
        self._urgent.set()
        self._dirty.set()

    async def beats(self) -> AsyncIterator[bytes]:
        """Yield server-sent events: the newest beat at once, then each new one. A slow screen misses, never queues."""
        self._screens += 1
        if self._pump is None:
            self._pump = asyncio.create_task(self._run(), name="console-feed")
        serial = self._serial
        try:
            if self._look is not None and time.monotonic() - self._looked < GAP:
                yield self._beat
            while True:
                while self._serial == serial:
                    await self._published.wait()
                serial = self._serial
                yield self._beat
        finally:
            self._screens -= 1
            if self._screens == 0 and self._pump is not None:
                self._pump.cancel()
                self._pump = None

    def _see(self) -> Look:
        view = self._service.wall(self._now())
        self._looked = time.monotonic()
        self._look = look = Look(view, _versions(view))
        return look

    async def _run(self) -> None:
        """Look and tell, on each change and on each heartbeat, for as long as there is a screen."""
        listener = asyncio.create_task(self._listen(), name="console-feed-changes")
        try:
            while True:
                started = time.monotonic()
                try:
                    self._publish(self._see())
                except Exception:  # the screens must learn of it by silence, and of its end by the next beat
                    _log.exception("the wall cannot be seen, no beat sent screens=%d", self._screens)
                await _wait(self._urgent, max(GAP, 20 * (time.monotonic() - started)))
                await _wait(self._dirty, HEARTBEAT)
                self._urgent.clear()
                self._dirty.clear()
        finally:
            listener.cancel()

    async def _listen(self) -> None:
        """Turn the service's hints into wake-ups; incidents do not wait for the gap."""
        while True:
            try:
                async for change in self._service.changes():
                    if change.topic == "incidents":
                        self._urgent.set()
                    self._dirty.set()
            except Exception:  # the heartbeat goes on looking meanwhile
                _log.exception("the change feed broke, listening again")
            await asyncio.sleep(1)
            self._dirty.set()

    def _publish(self, look: Look) -> None:
        beat = {
            "at": look.view.at,
            "silent": look.view.data_silent,
            "contact": max((source.last_contact for source in look.view.sources), default=None),
            "build": self._build,
            "versions": look.versions,
        }
        self._beat = b"event: beat\ndata: " + msgspec.json.encode(beat) + b"\n\n"
        self._serial += 1
        self._published.set()
        self._published = asyncio.Event()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, `seconds` at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


def _versions(view: WallView) -> dict[str, str]:
    """Return a hash of what each region shows. Ages are left out: the screens count them themselves."""
    hydrants = [replace(hydrant, age=None) for hydrant in view.hydrants]
    heard = (view.devices_total, view.devices_heard)
    regions: dict[str, Any] = {
        "incidents": (view.incidents, [(alert.device, alert.name) for alert in view.alerts]),
        "counts": (view.counts, heard, len(view.incidents), len(view.alerts)),
        "hydrants": hydrants,
        "alerts": view.alerts,
        "platform": (view.sources, view.problems, heard),
    }
    return {
        name: hashlib.blake2b(msgspec.json.encode(shown), digest_size=6).hexdigest() for name, shown in regions.items()
    }
