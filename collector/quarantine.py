"""The quarantine: uplinks that could not be used, by sender and reason, in the spool's file. Never loses the reason."""

import asyncio
import sqlite3
from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from collector.record import Quarantined
from standpipe.model.errors import Retryable
from storage.durable_log import DurableLog

PAYLOAD_LIMIT = 512
"""Bytes kept of the last payload."""
_TABLE = """CREATE TABLE IF NOT EXISTS quarantine (
    address TEXT NOT NULL, device_type TEXT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, count INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (address, device_type, cause)) WITHOUT ROWID"""
_UPSERT = """INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (address, device_type, cause) DO UPDATE SET reason = excluded.reason, last_seen = excluded.last_seen,
    count = count + excluded.count, payload = excluded.payload"""
_TRIM = """DELETE FROM quarantine WHERE (address, device_type, cause) IN (
    SELECT address, device_type, cause FROM quarantine ORDER BY last_seen LIMIT max(0, ?))"""


class QuarantineRow(msgspec.Struct, frozen=True, kw_only=True):
    """One sender and one cause, as `GET /quarantine` lists them."""

    address: str
    device_type: str
    cause: str
    reason: str
    """Words of the last time."""
    first_seen: int
    last_seen: int
    count: int
    payload_hex: str
    """The last payload, at most 512 bytes of it."""


class _Entry:
    """What came since the last flush for one key."""

    __slots__ = ("count", "first", "last")

    def __init__(self, item: Quarantined) -> None:
        self.first = item
        self.last = item
        self.count = 1


class Quarantine:
    """A bounded table: when it is full, the senders not heard for longest go."""

    def __init__(self, log: DurableLog, *, limit: int) -> None:
        """Take an open log; `open` is the way to make one."""
        self._log = log
        self._limit = limit
        self._rows = 0
        self._pending: dict[tuple[str, str, str], _Entry] = {}
        self._waiting: asyncio.Future[None] | None = None
        self._flushing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, log: DurableLog, *, limit: int) -> "Quarantine":
        """Make the table where it is missing."""
        quarantine = cls(log, limit=limit)
        await log.execute(_TABLE)
        quarantine._rows = (await log.fetch("SELECT count(*) FROM quarantine"))[0][0]
        return quarantine

    def keep(self, items: Iterable[Quarantined]) -> "asyncio.Future[None]":
        """Keep some; the future is done when they are on disk, or raises Retryable. Many calls share one commit."""
        for item in items:
            key = (item.address, item.device_type, item.cause)
            entry = self._pending.get(key)
            if entry is None:
                self._pending[key] = _Entry(item)
            else:
                entry.last = item
                entry.count += 1
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
        waiting = self._waiting
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return waiting

    async def listing(self, *, limit: int = 1000) -> list[QuarantineRow]:
        """Return the rows heard last, newest first."""
        rows = await self._log.fetch("SELECT * FROM quarantine ORDER BY last_seen DESC LIMIT ?", (limit,))
        return [
            QuarantineRow(
                address=address,
                device_type=device_type,
                cause=cause,
                reason=reason,
                first_seen=first,
                last_seen=last,
                count=count,
                payload_hex=payload.hex(),
            )
            for address, device_type, cause, reason, first, last, count, payload in rows
        ]

    async def _flush(self) -> None:
        """Write what is pending until nothing is."""
        while self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            pending, self._pending = self._pending, {}
            rows = [_row(key, entry) for key, entry in pending.items()]
            try:
                self._rows = await self._log.transact(partial(self._write, rows))
            except (Retryable, sqlite3.Error) as err:
                if not waiting.cancelled():
                    waiting.set_exception(Retryable(f"quarantine: {err}"))
                    waiting.exception()  # an input that went away meanwhile is no reason for a warning
                continue
            if not waiting.cancelled():
                waiting.set_result(None)
        self._flushing = None

    def _write(self, rows: list[tuple[Any, ...]], db: sqlite3.Connection) -> int:
        """On the writer thread: upsert, trim when over the limit, return how many rows there may be."""
        db.executemany(_UPSERT, rows)
        count = self._rows + len(rows)
        if count <= self._limit:
            return count
        exact = int(db.execute("SELECT count(*) FROM quarantine").fetchone()[0])
        if exact > self._limit:
            keep = self._limit * 9 // 10
            db.execute(_TRIM, (exact - keep,))
            return keep
        return exact


def _row(key: tuple[str, str, str], entry: _Entry) -> tuple[Any, ...]:
    last = entry.last
    return (*key, last.reason, entry.first.at, last.at, entry.count, last.payload[:PAYLOAD_LIMIT])
