"""Dead letters: what an output refused for good, with the server's words, in the spool's file. Never retries itself."""

import sqlite3
from collections.abc import Sequence

import msgspec

from storage.durable_log import DurableLog

LIMIT = 100_000
"""Rows kept; beyond that the oldest go."""
_TABLE = """CREATE TABLE IF NOT EXISTS dead_letter (
    id INTEGER PRIMARY KEY, output TEXT NOT NULL, lane TEXT NOT NULL, at INTEGER NOT NULL,
    reason TEXT NOT NULL, body BLOB NOT NULL)"""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing an output could not deliver."""

    id: int = 0
    output: str
    lane: str
    at: int
    """Epoch ms when it was refused."""
    reason: str
    """The server's words."""
    body: bytes
    """What was sent: a line for influxdb, a reading in JSON for alerting."""


class DeadLetters:
    """A bounded table, oldest out first."""

    def __init__(self, log: DurableLog) -> None:
        """Take an open log; `open` is the way to make one."""
        self._log = log

    @classmethod
    async def open(cls, log: DurableLog) -> "DeadLetters":
        """Make the table where it is missing."""
        await log.execute(_TABLE)
        return cls(log)

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """Keep some, on disk when this returns. Raises Retryable."""
        rows = [(letter.output, letter.lane, letter.at, letter.reason, letter.body) for letter in letters]

        def write(db: sqlite3.Connection) -> None:
            db.executemany("INSERT INTO dead_letter (output, lane, at, reason, body) VALUES (?, ?, ?, ?, ?)", rows)
            db.execute("DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?", (LIMIT,))

        await self._log.transact(write)

    async def listing(self, *, output: str = "", limit: int = 1000) -> list[DeadLetter]:
        """Return the oldest first, of one output or of all."""
        sql = "SELECT id, output, lane, at, reason, body FROM dead_letter WHERE ? IN ('', output) ORDER BY id LIMIT ?"
        return [
            DeadLetter(id=id_, output=name, lane=lane, at=at, reason=reason, body=body)
            for id_, name, lane, at, reason, body in await self._log.fetch(sql, (output, limit))
        ]

    async def count(self) -> int:
        """Return how many there are."""
        return int((await self._log.fetch("SELECT count(*) FROM dead_letter"))[0][0])

    async def remove(self, ids: Sequence[int]) -> None:
        """Forget those that were delivered after all."""
        rows = [(id_,) for id_ in ids]
        await self._log.transact(lambda db: db.executemany("DELETE FROM dead_letter WHERE id = ?", rows).rowcount)
