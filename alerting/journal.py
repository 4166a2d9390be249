"""What alerting has promised to handle, on disk: batches as they came, resets, and the engine's last snapshot.

Opens no incident and runs no rule. After a crash the state is the snapshot with everything behind it applied again.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from standpipe.model.reading import ReadingBatch
from standpipe.model.signal import Lane
from storage.durable_log import DurableLog

RESETS = "resets"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), fire INTEGER, normal INTEGER,"
    " resets INTEGER, body BLOB)"
)
_KEEP = (
    "INSERT INTO snapshot VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET fire = excluded.fire,"
    " normal = excluded.normal, resets = excluded.resets, body = excluded.body"
)


class Reset(msgspec.Struct, frozen=True):
    """A person's reset, as far as the engine is concerned."""

    rule: str
    device: str
    at: int
    """Event time after which the device's word is new."""


class Positions(msgspec.Struct):
    """How far each lane of the journal is applied."""

    fire: int = 0
    normal: int = 0
    resets: int = 0


class Snapshot(msgspec.Struct):
    """Everything in memory that must survive."""

    engine: bytes = b""
    applied: dict[str, int] = {}
    """`<collector>|<lane>` -> highest spool sequence applied."""
    contacts: dict[str, int] = {}
    """Collector -> last contact, epoch ms."""


class Journal:
    """The file and its lanes."""

    def __init__(self, log: DurableLog) -> None:
        """Take an open log; `open` is the way to one."""
        self._log = log
        self.positions = Positions()
        self._kept = Positions()

    @classmethod
    async def open(cls, path: Path) -> "Journal":
        """Open or make the journal."""
        log = await DurableLog.open(path, ("fire", "normal", RESETS), tail=0)
        await log.execute(_TABLE)
        return cls(log)

    async def append(self, lane: Lane, body: bytes) -> int:
        """Keep a batch; return its place once it is on disk. Raises Retryable when the disk refuses."""
        return await self._log.append(lane.value, body)

    async def append_resets(self, resets: list[Reset]) -> int:
        """Keep resets; return their place once on disk."""
        return await self._log.append(RESETS, msgspec.json.encode(resets))

    async def load(self) -> Snapshot | None:
        """Return the last snapshot, None for a new journal, and set the positions to it."""
        rows = await self._log.fetch("SELECT fire, normal, resets, body FROM snapshot")
        if not rows:
            return None
        fire, normal, resets, body = rows[0]
        self.positions = Positions(fire, normal, resets)
        self._kept = Positions(fire, normal, resets)
        return msgspec.msgpack.decode(body, type=Snapshot)

    async def batches(self, lane: Lane) -> AsyncIterator[tuple[int, int, ReadingBatch]]:
        """Yield (place, accepted at, batch) of a lane behind the snapshot, in order."""
        decoder = msgspec.json.Decoder(ReadingBatch)
        after = self.positions.fire if lane is Lane.FIRE else self.positions.normal
        while rows := await self._log.read(lane.value, after=after, limit=200):
            for seq, at, body in rows:
                yield seq, at, decoder.decode(body)
                after = seq

    async def resets(self) -> AsyncIterator[tuple[int, list[Reset]]]:
        """Yield (place, resets) behind the snapshot, in order."""
        after = self.positions.resets
        while rows := await self._log.read(RESETS, after=after, limit=200):
            for seq, _, body in rows:
                yield seq, msgspec.json.decode(body, type=list[Reset])
                after = seq

    def moved(self) -> bool:
        """Return whether anything was applied since the last snapshot."""
        return self.positions != self._kept

    async def keep(self, snapshot: Snapshot) -> None:
        """Replace the snapshot, and forget what lies before it. Everything must be applied up to the positions."""
        at = Positions(self.positions.fire, self.positions.normal, self.positions.resets)
        body = msgspec.msgpack.encode(snapshot)
        await self._log.execute(_KEEP, (at.fire, at.normal, at.resets, body))
        self._kept = at
        for lane, through in (("fire", at.fire), ("normal", at.normal), (RESETS, at.resets)):
            await self._log.truncate(lane, through=through)

    async def close(self) -> None:
        """Close the file."""
        await self._log.close()
