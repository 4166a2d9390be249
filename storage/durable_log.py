"""A durable append-only log on SQLite (WAL, synchronous=FULL) with group commit. Never interprets the bodies it keeps.

One writer thread owns the connection. Everything waiting when a commit starts goes into that commit, so a thousand
appenders cost one fsync; nobody is told "kept" before the disk said so. Lanes are separate tables with sequences of
their own; sequences rise and are never used twice, also after truncation and restart.
"""

import asyncio
import logging
import sqlite3
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from standpipe.model import clock
from standpipe.model.errors import Retryable

log = logging.getLogger(__name__)

Row: TypeAlias = tuple[int, int, bytes]
"""(seq, appended_at in epoch ms, body)."""
_Job: TypeAlias = "tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]"
_DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
}
"""Errors of the file rather than of a statement: the whole commit fails."""


class DurableLog:
    """See the module. Made by `open`; all methods belong to the event loop that opened it."""

    def __init__(self, path: Path, lanes: Iterable[str], *, tail: int) -> None:
        """Open or make the file. Raises sqlite3.Error when it is not a log or cannot be written."""
        self.path = path
        self._loop = asyncio.get_running_loop()
        self._db = _connect(path)
        self._reader = _connect(path)
        self._read_pool = ThreadPoolExecutor(1, thread_name_prefix=f"{path.name}-read")
        self._wake = threading.Condition()
        self._appends: list[tuple[str, bytes, asyncio.Future[int]]] = []
        self._jobs: list[_Job] = []
        self._closing = False
        self._last: dict[str, int] = {}
        self._tail: dict[str, deque[Row]] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._db.execute("CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, seq INTEGER NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL)")
        if not self._db.execute("SELECT 1 FROM identity").fetchone():
            self._db.execute("INSERT INTO identity VALUES (?)", (uuid.uuid4().hex,))
        self._db.commit()
        self.id: str = self._db.execute("SELECT id FROM identity").fetchone()[0]
        """Made once with the file: tells this log from another, and a new file from the one before it."""
        self._marks: dict[str, int] = dict(self._db.execute("SELECT name, seq FROM mark"))
        self._tail_rows = tail
        for lane in lanes:
            self._make_lane(lane)
        self._thread = threading.Thread(target=self._write, name=f"{path.name}-write", daemon=True)
        self._thread.start()

    @classmethod
    async def open(cls, path: Path, lanes: Iterable[str] = ("fire", "normal"), *, tail: int = 4096) -> "DurableLog":
        """Open the log at `path`, making it and its folder where missing; `tail` rows a lane are kept in memory."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path, lanes, tail=tail)

    def append_nowait(self, lane: str, body: bytes) -> "asyncio.Future[int]":
        """Queue one body; the future gives its sequence once it is on disk, or raises Retryable if the disk refused."""
        future: asyncio.Future[int] = self._loop.create_future()
        with self._wake:
            if self._closing:
                raise Retryable("the log is being closed")
            self._appends.append((lane, body, future))
            self._wake.notify()
        return future

    async def append(self, lane: str, body: bytes) -> int:
        """Append one body and return its sequence when it is on disk. Raises Retryable if the disk refused."""
        seq: int = await self.append_nowait(lane, body)
        return seq

    async def read(self, lane: str, *, after: int, limit: int) -> Sequence[Row]:
        """Return at most `limit` rows with a sequence above `after`, in order. Recent rows come from memory."""
        tail = self._tail[lane]
        if tail and tail[0][0] <= after + 1:
            start = max(0, after + 1 - tail[0][0])  # a lane's tail has no gaps, so the place is known
            return list(islice(tail, start, start + limit))
        if after >= self._last[lane]:
            return []
        sql = f"SELECT seq, at, body FROM lane_{lane} WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - a checked name
        return await self.fetch(sql, (after, limit))

    async def wait(self, lane: str, *, after: int) -> None:
        """Return as soon as the lane has a row above `after` on disk."""
        while self._last[lane] <= after:
            await self._news[lane].wait()

    def last(self, lane: str) -> int:
        """Return the highest sequence on disk, 0 for a lane never written."""
        return self._last[lane]

    def mark(self, name: str) -> int:
        """Return a named cursor, 0 if never set."""
        return self._marks.get(name, 0)

    async def set_mark(self, name: str, seq: int) -> None:
        """Keep a named cursor; it is on disk when this returns."""
        sql = "INSERT INTO mark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq"
        await self.execute(sql, (name, seq))
        self._marks[name] = seq

    async def truncate(self, lane: str, *, through: int) -> None:
        """Delete the lane's rows up to and including `through`."""
        await self.execute(f"DELETE FROM lane_{lane} WHERE seq <= ?", (through,))  # noqa: S608 - a checked name
        tail = self._tail[lane]
        while tail and tail[0][0] <= through:
            tail.popleft()

    async def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one writing statement of the owner's on the writer thread; return the rows touched, on disk."""
        return int(await self.transact(lambda db: db.execute(sql, params).rowcount))

    async def transact(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run `work` on the writer thread inside the next commit; return its result once that is on disk."""
        future: asyncio.Future[Any] = self._loop.create_future()
        with self._wake:
            if self._closing:
                raise Retryable("the log is being closed")
            self._jobs.append((work, future))
            self._wake.notify()
        return await future

    async def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        """Run one reading statement on the reader thread and return all its rows."""
        return await self._loop.run_in_executor(self._read_pool, lambda: self._reader.execute(sql, params).fetchall())

    async def close(self) -> None:
        """Write what is queued and close. Later appends raise Retryable."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await self._loop.run_in_executor(None, self._thread.join)
        self._read_pool.shutdown(wait=True)
        self._reader.close()
        self._db.close()

    def _make_lane(self, lane: str) -> None:
        if not lane.isidentifier():
            raise ValueError(f"lane {lane!r} is no identifier")
        self._db.execute(
            f"CREATE TABLE IF NOT EXISTS lane_{lane} (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, body BLOB)"
        )
        self._db.commit()
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (f"lane_{lane}",)).fetchone()
        self._last[lane] = row[0] if row else 0
        self._tail[lane] = deque(maxlen=self._tail_rows)
        self._news[lane] = asyncio.Event()

    def _write(self) -> None:
        """Writer thread: take everything that waits, one commit, tell everybody."""
        sequences = dict(self._last)
        while True:
            with self._wake:
                while not (self._appends or self._jobs or self._closing):
                    self._wake.wait()
                appends, self._appends = self._appends, []
                jobs, self._jobs = self._jobs, []
                if self._closing and not (appends or jobs):
                    return
            try:
                rows, results = self._commit(appends, jobs, dict(sequences))
            except sqlite3.Error as err:
                self._db.rollback()
                log.error("commit refused file=%s waiting=%d reason=%s", self.path, len(appends) + len(jobs), err)
                self._tell(self._failed, [f for *_, f in appends] + [f for _, f in jobs], f"{self.path}: {err}")
                continue
            for lane, row, _ in rows:
                sequences[lane] = row[0]
            self._tell(self._committed, rows, results)

    def _commit(
        self,
        appends: list[tuple[str, bytes, "asyncio.Future[int]"]],
        jobs: list[_Job],
        sequences: dict[str, int],
    ) -> tuple[list[tuple[str, Row, "asyncio.Future[int]"]], list[tuple["asyncio.Future[Any]", Any]]]:
        """One transaction for all; a job that fails is undone alone, and its caller gets the exception."""
        at = clock.now()
        rows: list[tuple[str, Row, asyncio.Future[int]]] = []
        by_lane: dict[str, list[Row]] = {}
        self._db.execute("BEGIN IMMEDIATE")
        for lane, body, future in appends:
            sequences[lane] += 1
            row = (sequences[lane], at, body)
            by_lane.setdefault(lane, []).append(row)
            rows.append((lane, row, future))
        for lane, lane_rows in by_lane.items():
            self._db.executemany(f"INSERT INTO lane_{lane} VALUES (?, ?, ?)", lane_rows)  # noqa: S608 - a checked name
        results: list[tuple[asyncio.Future[Any], Any]] = []
        for work, future in jobs:
            self._db.execute("SAVEPOINT job")
            try:
                result = work(self._db)
            except Exception as err:  # handed to the caller, who handles it
                if isinstance(err, sqlite3.OperationalError) and (err.sqlite_errorcode & 0xFF) in _DISK:
                    raise
                self._db.execute("ROLLBACK TO job")
                result = err
            self._db.execute("RELEASE job")
            results.append((future, result))
        self._db.execute("COMMIT")
        return rows, results

    def _tell(self, what: Callable[..., None], *args: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *args)

    def _committed(
        self,
        rows: list[tuple[str, Row, "asyncio.Future[int]"]],
        results: list[tuple["asyncio.Future[Any]", Any]],
    ) -> None:
        """On the loop: hand out sequences and results, wake those who wait for news."""
        for lane, row, future in rows:
            self._last[lane] = row[0]
            self._tail[lane].append(row)
            if not future.done():
                future.set_result(row[0])
        for lane in {lane for lane, _, _ in rows}:
            news, self._news[lane] = self._news[lane], asyncio.Event()
            news.set()
        for job, result in results:
            if job.done():
                continue
            if isinstance(result, Exception):
                job.set_exception(result)
            else:
                job.set_result(result)

    def _failed(self, futures: list["asyncio.Future[Any]"], reason: str) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(Retryable(reason))


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA busy_timeout = 30000")
    return db
