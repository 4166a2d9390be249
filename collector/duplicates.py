"""Recognises an uplink that its sender repeats because our answer was late. Knows keys only, never contents."""

import asyncio
from typing import TypeAlias

Durable: TypeAlias = asyncio.Future[None]
"""Done when the uplink and its whole batch are on disk; raises when they are not."""

WINDOW = 60_000
"""How long a key is remembered, in ms: GB/T 26875.3 resends three times, ten seconds apart (6.5.4, 6.5.5)."""
MAX_KEYS = 250_000
"""Keys remembered at most, twice; the older half goes first."""


class Duplicates:
    """Two generations of keys; each lives between one and two windows."""

    def __init__(self, *, window: int = WINDOW, limit: int = MAX_KEYS) -> None:
        """Start empty."""
        self._window = window
        self._limit = limit
        self._turned_at = 0
        self._young: dict[bytes, Durable | None] = {}
        self._old: dict[bytes, Durable | None] = {}

    def remember(self, key: bytes, durable: Durable | None, *, now: int) -> None:
        """Take news; `durable` is None when it is on disk already, `now` is in ms of a clock that only rises."""
        if now - self._turned_at >= self._window or len(self._young) >= self._limit:
            self._old, self._young, self._turned_at = self._young, {}, now
        self._young[key] = durable

    def seen(self, key: bytes) -> bool:
        """Return whether this is a repetition of something that is on disk or about to be."""
        found = key in self._young or key in self._old
        return found and not _failed(self.first(key))

    def first(self, key: bytes) -> Durable | None:
        """Return the future of what a repetition repeats; None where that is on disk."""
        return self._young[key] if key in self._young else self._old[key]


def _failed(first: Durable | None) -> bool:
    return first is not None and first.done() and (first.cancelled() or first.exception() is not None)
