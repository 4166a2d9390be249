"""Batches from collectors into the engine: durable first, fire before normal, each reading once. Knows no HTTP."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

import msgspec

from alerting.engine.bare import bare_alarms
from alerting.engine.engine import Engine
from alerting.ink import Ink
from alerting.journal import Journal, Reset, Snapshot
from standpipe.model.errors import Retryable
from standpipe.model.reading import ReadingBatch, SpooledReading
from standpipe.model.signal import Lane

log = logging.getLogger(__name__)

_CHUNK = 50
"""Readings between two breaths of the event loop."""
_PROBE = "doctor"
"""Asks whether the way in works, and is no collector."""
_FRESH = 60_000
"""A collector that hands over older readings has a backlog: until it is through, silence means nothing, ms."""
_WAITING = 50_000
"""Readings of the normal lane that may wait in memory before collectors are asked to."""


class _Item(msgspec.Struct):
    seq: int
    at: int
    cursor: str
    readings: list[SpooledReading]


class Feed:
    """The way in, with a cursor per collector and lane."""

    def __init__(self, journal: Journal, engine: Engine, ink: Ink, *, now: Callable[[], int]) -> None:
        """Take the parts; `open` brings them to where they were before the last stop."""
        self._journal = journal
        self._engine = engine
        self._ink = ink
        self._now = now
        self._accepted: dict[str, int] = {}
        self._applied: dict[str, int] = {}
        self._doors: dict[str, asyncio.Lock] = {}
        self._queues: dict[Lane, deque[_Item]] = {Lane.FIRE: deque(), Lane.NORMAL: deque()}
        self._news = {Lane.FIRE: asyncio.Event(), Lane.NORMAL: asyncio.Event()}
        self._waiting = 0
        self._behind = 0
        self._started = now()
        self.contacts: dict[str, int] = {}
        """Collector -> last contact, epoch ms."""
        self.troubles: dict[str, list[dict[str, str]]] = {}
        """Collector -> what it says is wrong with itself, as of its last sign of life."""
        self.heard: set[str] = set()
        """Devices heard since somebody last emptied this."""
        self.snapshot_took = 0.0
        """Seconds for which the last snapshot held the event loop."""
        self.broken = 0
        """Readings that the engine could not take: a mistake of ours, shown on the wall."""

    @property
    def idle(self) -> bool:
        """Return whether everything accepted is applied."""
        return not any(self._queues.values()) and self._ink.dry

    async def recover(self) -> None:
        """Take the snapshot and apply everything behind it; what was written before is not written twice."""
        snapshot = await self._journal.load()
        if snapshot is not None:
            self._engine.restore(snapshot.engine)
            self._applied = dict(snapshot.applied)
            self.contacts = dict(snapshot.contacts)
        count = 0
        for lane in (Lane.FIRE, Lane.NORMAL):
            async for seq, at, batch in self._journal.batches(lane):
                item = _Item(seq, at, f"{batch.collector}|{lane}", batch.readings)
                for start in range(0, len(item.readings), _CHUNK):
                    self._observe(item, start)
                    await self._ink.flush()
                self._done(lane, seq)
                count += 1
        async for seq, resets in self._journal.resets():
            self._reset(resets)
            self._journal.positions.resets = seq
        await self._ink.flush()
        self._accepted = dict(self._applied)
        if count:
            log.info("journal applied batches=%d", count)

    async def accept(self, batch: ReadingBatch, body: bytes) -> tuple[int, int]:
        """Keep a batch; return (applied, skipped) once it is on disk. Raises Retryable when it cannot be kept now."""
        cursor = f"{batch.collector}|{batch.lane}"
        now = self._now()
        if batch.collector != _PROBE:
            self.contacts[batch.collector] = now
        if batch.readings and now - max(one.reading.received_at for one in batch.readings) > _FRESH:
            self._behind = now
        if not batch.readings:
            self.troubles[batch.collector] = batch.troubles
            return 0, 0
        if batch.lane is Lane.NORMAL and self._waiting > _WAITING:
            raise Retryable(f"{self._waiting} readings wait already", after=1.0)
        async with self._doors.setdefault(cursor, asyncio.Lock()):
            known = self._accepted.get(cursor, 0)
            fresh = [one for one in batch.readings if one.seq > known]
            if fresh:
                seq = await self._journal.append(batch.lane, body)
                self._accepted[cursor] = max(one.seq for one in fresh)
                self._queues[batch.lane].append(_Item(seq, self._now(), cursor, fresh))
                self._waiting += len(fresh) if batch.lane is Lane.NORMAL else 0
                self._news[batch.lane].set()
        return len(fresh), len(batch.readings) - len(fresh)

    async def work(self, lane: Lane) -> None:
        """Apply a lane's batches as they come, with a breath after every chunk; one task per lane."""
        queue, news = self._queues[lane], self._news[lane]
        while True:
            await news.wait()
            while queue:
                item = queue[0]
                for start in range(0, len(item.readings), _CHUNK):
                    if self._observe(item, start):
                        await self._ink.flush()
                    else:
                        await asyncio.sleep(0)
                self._done(lane, item.seq)
                queue.popleft()
                self._waiting -= len(item.readings) if lane is Lane.NORMAL else 0
            news.clear()

    async def tick(self) -> None:
        """Let time pass in the engine, and try again what could not be written."""
        now = self._now()
        self._ink.add(self._engine.tick(now))
        contact = max(self.contacts.values(), default=0)
        if now - contact <= _FRESH and now - max(self._behind, self._started) > _FRESH:
            self._ink.add(self._engine.silence(contact))
        await self._ink.flush()

    async def reset(self, alerts: list[tuple[str, str]]) -> None:
        """Take a person's reset of (rule, device) pairs: durable, then known to the engine."""
        resets = []
        for rule, device in alerts:
            at = self._engine.clear_point(rule, device)
            if at is not None:
                resets.append(Reset(rule, device, at))
        if resets:
            seq = await self._journal.append_resets(resets)
            self._reset(resets)
            self._journal.positions.resets = max(self._journal.positions.resets, seq)
            await self._ink.flush()

    async def snapshot(self) -> bool:
        """Keep a snapshot if there is news and nothing is half-way; return whether it was kept or not needed."""
        if not self._journal.moved():
            return True
        if not self._ink.dry:
            return False
        began = time.perf_counter()
        snapshot = Snapshot(self._engine.snapshot(), dict(self._applied), dict(self.contacts))
        self.snapshot_took = time.perf_counter() - began
        await self._journal.keep(snapshot)
        return True

    def _observe(self, item: _Item, start: int) -> bool:
        """Show one chunk to the engine; return whether it said anything."""
        applied = self._applied.get(item.cursor, 0)
        said = False
        for one in item.readings[start : start + _CHUNK]:
            if one.seq <= applied:
                continue
            applied = one.seq
            try:
                events = self._engine.observe(one.reading, stored_at=one.spooled_at, accepted_at=item.at)
            except Exception:  # one reading must not stop the others, and after a restart stop them again
                log.exception(
                    "a reading broke the engine device=%s uplink=%s", one.reading.device, one.reading.uplink_id
                )
                self.broken += 1
                events = bare_alarms(one.reading, stored_at=one.spooled_at, accepted_at=item.at)
            else:
                self.heard.add(one.reading.device)
            if events:
                self._ink.add(events)
                said = True
        self._applied[item.cursor] = applied
        return said

    def _reset(self, resets: list[Reset]) -> None:
        for one in resets:
            self._ink.add(self._engine.reset(one.rule, one.device, one.at))

    def _done(self, lane: Lane, seq: int) -> None:
        if lane is Lane.FIRE:
            self._journal.positions.fire = seq
        else:
            self._journal.positions.normal = seq
