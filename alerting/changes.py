"""Hints to whoever shows the wall: something changed, ask for it. A slow listener loses its place, never our time."""

import asyncio
from collections.abc import AsyncIterator

from alerting.views import Change

_WAITING = 256


class Changes:
    """Any number of listeners, each with a bounded queue."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._queues: set[asyncio.Queue[Change | None]] = set()

    def tell(self, change: Change) -> None:
        """Tell everybody; drop the listener that does not keep up (it asks again, and sees everything)."""
        for queue in list(self._queues):
            try:
                queue.put_nowait(change)
            except asyncio.QueueFull:
                self._queues.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)

    async def listen(self) -> AsyncIterator[Change]:
        """Yield changes from now on; ends for a listener that was too slow."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue(_WAITING)
        self._queues.add(queue)
        try:
            while (change := await queue.get()) is not None:
                yield change
        finally:
            self._queues.discard(queue)
