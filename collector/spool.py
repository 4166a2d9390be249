"""The durable log between intake and outputs: lanes, a cursor per output and lane. Never waits for an output.

A record is acknowledged to its device when it is here on disk; it goes when every output has passed it.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from collector.counters import Counters
from collector.dead_letters import DeadLetter, DeadLetters
from collector.quarantine import Quarantine
from collector.record import Kept, Record, decode, join
from standpipe.model import clock
from standpipe.model.errors import Retryable
from standpipe.model.reading import Reading
from standpipe.model.settings import Spool as SpoolSettings
from standpipe.model.signal import Lane
from storage.durable_log import DurableLog

log = logging.getLogger(__name__)

KEEP_ROWS = 500
"""Passed rows left in each lane: after a crash they tell a resend from news."""
GROUP = 100
"""Most uplinks in one row: those that an input hands over together share one, which costs them a tenth."""
GROUP_READINGS = 200
"""Most readings in one row, as far as whole uplinks can keep to it: outputs take rows whole."""
_TAIL_ROWS = 1_024
_CACHE = 16_384
"""Readings that stay decoded in memory, per lane, so that live outputs do not decode what was just encoded."""
_MARK_SECONDS = 0.5
_SIZE_SECONDS = 5.0
_WARN_AT = 0.8
_FULL_STEP = 20
"""When the spool is full, one such share of its normal records is dropped at a time."""


class Entry(msgspec.Struct, frozen=True):
    """One row as an output sees it: the uplinks that were kept together."""

    seq: int
    spooled_at: int
    """Epoch ms when it was on disk."""
    readings: list[Reading]
    lines: bytes = b""
    """See `Record.lines`."""

    @property
    def size(self) -> int:
        """Return how many points an output makes of it."""
        return len(self.readings) + (self.lines.count(b"\n") if self.lines else 0)


class Cursor:
    """Where one output stands in one lane. Moves in memory at once, on disk soon after: things may go out twice."""

    def __init__(self, spool: "Spool", output: str, lane: Lane, position: int) -> None:
        """Take the place; `Spool.cursor` is the way to get one."""
        self._spool = spool
        self.output = output
        self.lane = lane
        self.position = position
        """Highest sequence that the output has taken."""

    @property
    def mark(self) -> str:
        """Return the name under which the position is kept."""
        return f"{self.output}.{self.lane}"

    @property
    def lag(self) -> int:
        """Return how many sequences are waiting."""
        return max(0, self._spool.last(self.lane) - self.position)

    async def wait(self) -> None:
        """Return when there is something to read."""
        await self._spool.log.wait(self.lane, after=self.position)

    async def read(self, limit: int, *, after: int = 0) -> list[Entry]:
        """Return the next rows above the position, or above `after` beyond it, at most `limit`, without moving."""
        return await self._spool.read(self.lane, after=max(after, self.position), limit=limit)

    def advance(self, seq: int) -> None:
        """Move: everything through `seq` was delivered or is dead-lettered."""
        self.position = max(self.position, seq)


class Spool:
    """See the module. Made by `open`; `run` is its housekeeping and must run beside it."""

    def __init__(self, log_: DurableLog, settings: SpoolSettings, counters: Counters, *, group: int = GROUP) -> None:
        """Take an open log; `group` is the most uplinks in one row."""
        self.log = log_
        self._settings = settings
        self._counters = counters
        self._cursors: list[Cursor] = []
        self._written: dict[str, int] = {}
        self._group = group
        self._decoded: dict[Lane, dict[int, list[Record]]] = {lane: {} for lane in Lane}
        self._decoded_readings: dict[Lane, int] = dict.fromkeys(Lane, 0)
        self._truncated: dict[Lane, int] = dict.fromkeys(Lane, 0)
        self.full = 0.0
        """Share of the size bound in use."""
        self._appended = 0
        self._opened_at = time.monotonic()
        self._refusing = ""
        self.quarantine: Quarantine
        self.dead_letters: DeadLetters

    @classmethod
    async def open(cls, path: Path, settings: SpoolSettings, counters: Counters, *, group: int = GROUP) -> "Spool":
        """Open or make the spool file. Raises sqlite3.Error when it cannot be written."""
        log_ = await DurableLog.open(path, tuple(Lane), tail=_TAIL_ROWS)
        spool = cls(log_, settings, counters, group=group)
        spool.quarantine = await Quarantine.open(log_, limit=settings.max_quarantine)
        spool.dead_letters = await DeadLetters.open(log_)
        return spool

    @property
    def id(self) -> str:
        """Return the identity of the spool file."""
        return self.log.id

    def last(self, lane: Lane) -> int:
        """Return the highest sequence on disk."""
        return self.log.last(lane)

    def cursor(self, output: str, lane: Lane) -> Cursor:
        """Return the cursor of an output, standing where it stood. Records wait for every cursor handed out."""
        cursor = Cursor(self, output, lane, 0)
        cursor.position = self._written[cursor.mark] = self.log.mark(cursor.mark)
        self._cursors.append(cursor)
        return cursor

    @property
    def cursors(self) -> Sequence[Cursor]:
        """Return all cursors handed out."""
        return self._cursors

    @property
    def hours(self) -> float:
        """Return for how many hours of the intake so far the bound has room, were every output to stop now."""
        rate = self._appended / max(1.0, time.monotonic() - self._opened_at) * 3600
        room = self._settings.max_mb * 1_048_576 * max(0.0, 1 - self.full)
        return min(room / rate, 8760.0) if rate else 8760.0

    def troubles(self) -> list[dict[str, str]]:
        """Return what a person must mend, in words by language."""
        found = []
        if self._refusing:
            found.append({"zh": "采集缓存无法写入，未确认任何数据", "en": f"nothing can be spooled: {self._refusing}"})
        if self.full >= _WARN_AT:
            share = f"{self.full:.0%}"
            zh = f"采集缓存已用 {share}，按当前速率剩余 {self.hours:.1f} 小时"
            found.append({"zh": zh, "en": f"spool {share} full, {self.hours:.1f} h left at the present rate"})
        return found

    def append(self, items: Sequence[Kept]) -> "asyncio.Future[None]":
        """Write records; the future is done when all are on disk. It raises Retryable: acknowledge nothing then."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting: list[tuple[list[Kept], asyncio.Future[int]]] = []
        try:
            for row in self._rows(items):
                body = join([item.body for item in row])
                waiting.append((row, self.log.append_nowait(row[0].lane, body)))
                self._appended += len(body)
        except Retryable as err:
            done.set_exception(err)
            done.exception()
        if waiting:
            # Commits are in order: when the last one is decided, all are.
            waiting[-1][1].add_done_callback(lambda _: self._settle(waiting, done))
        elif not done.done():
            done.set_result(None)
        return done

    async def read(self, lane: Lane, *, after: int, limit: int) -> list[Entry]:
        """Return records above a sequence, in order; recent ones from memory."""
        decoded = self._decoded[lane]
        entries = []
        for seq, at, body in await self.log.read(lane, after=after, limit=limit):
            records = decoded.get(seq)
            if records is None:
                records = await self._decode(lane, seq, body)
            readings = [reading for record in records for reading in record.readings]
            entries.append(Entry(seq, at, readings, b"".join([record.lines for record in records])))
        return entries

    async def _decode(self, lane: Lane, seq: int, body: bytes) -> list[Record]:
        """Return a row's records; one that cannot be read becomes a dead letter, so that it stops nobody."""
        try:
            return decode(body)
        except msgspec.MsgspecError as err:
            log.error("row cannot be read lane=%s seq=%d spool=%s reason=%s", lane, seq, self.log.path, err)
            letter = DeadLetter(output="spool", lane=lane, at=clock.now(), reason=str(err), body=body)
            await self.dead_letters.keep([letter])
            self._counters.add("dead_letters", "spool")
            return []

    def _rows(self, items: Sequence[Kept]) -> Iterator[list[Kept]]:
        """Cut items into rows; each lane keeps its order."""
        for lane in Lane:
            row: list[Kept] = []
            readings = 0
            for item in items:
                if item.lane is not lane:
                    continue
                count = len(item.record.readings)
                if row and (len(row) >= self._group or readings + count > GROUP_READINGS):
                    yield row
                    row, readings = [], 0
                row.append(item)
                readings += count
            if row:
                yield row

    async def recent_keys(self) -> list[bytes]:
        """Return the resend keys of the newest records, so that a resend after a crash is recognised."""
        keys = []
        for lane in Lane:
            start = max(0, self.last(lane) - KEEP_ROWS)
            for seq, _, body in await self.log.read(lane, after=start, limit=KEEP_ROWS):
                keys += [record.key for record in await self._decode(lane, seq, body)]
        return [key for key in keys if key]

    async def run(self) -> None:
        """Keep cursors on disk, delete what all outputs have passed, keep the size bound. Until cancelled."""
        passes = 0
        try:
            while True:
                await asyncio.sleep(_MARK_SECONDS)
                try:
                    await self.save_marks()
                    if passes % int(_SIZE_SECONDS / _MARK_SECONDS) == 0:
                        await self.sweep()
                except Retryable as err:
                    log.warning("housekeeping refused by the disk spool=%s reason=%s", self.log.path, err)
                passes += 1
        finally:
            await self._save_at_exit()

    async def save_marks(self) -> None:
        """Write every cursor that moved."""
        moved = {c.mark: c.position for c in self._cursors if self._written[c.mark] != c.position}
        for mark, position in moved.items():
            await self.log.set_mark(mark, position)
            self._written[mark] = position

    async def sweep(self) -> None:
        """Delete passed records; where the file is over its bound, drop the oldest normal ones."""
        for lane in Lane:
            positions = [self._written[c.mark] for c in self._cursors if c.lane is lane]
            await self._truncate(lane, min([*positions, self.last(lane) - KEEP_ROWS]))
        self.full = await self._share_used()
        if self.full >= 1:
            await self._drop_oldest()
            self.full = await self._share_used()

    async def lags(self, now: int) -> dict[str, dict[str, Any]]:
        """Return the state of each lane: its last sequence and each output's cursor, lag in rows and seconds."""
        found: dict[str, dict[str, Any]] = {str(lane): {"last": self.last(lane), "outputs": {}} for lane in Lane}
        for cursor in self._cursors:
            waiting = await self.log.read(cursor.lane, after=cursor.position, limit=1)
            found[cursor.lane]["outputs"][cursor.output] = {
                "cursor": cursor.position,
                "lag_rows": cursor.lag,
                "lag_seconds": max(0, now - waiting[0][1]) / 1000 if waiting else 0.0,
            }
        return found

    async def close(self) -> None:
        """Write what is queued and close the file."""
        await self.log.close()

    def _settle(self, waiting: list[tuple[list[Kept], "asyncio.Future[int]"]], done: "asyncio.Future[None]") -> None:
        """When a batch's last record is decided: remember the readings, tell the input."""
        failure: BaseException | None = None
        for row, future in waiting:
            if error := future.exception():
                failure = error
                continue
            self._remember(row[0].lane, future.result(), [item.record for item in row])
        self._refusing = "" if failure is None else str(failure)
        if done.done():
            return
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)
            done.exception()  # an input that went away meanwhile is no reason for a warning

    def _remember(self, lane: Lane, seq: int, records: list[Record]) -> None:
        """Keep a row decoded, the newest ones only."""
        decoded = self._decoded[lane]
        decoded[seq] = records
        count = self._decoded_readings[lane] + sum(len(record.readings) for record in records)
        while count > _CACHE and len(decoded) > 1:
            count -= sum(len(record.readings) for record in decoded.pop(next(iter(decoded))))
        self._decoded_readings[lane] = count

    async def _truncate(self, lane: Lane, through: int) -> None:
        if through <= self._truncated[lane]:
            return
        await self.log.truncate(lane, through=through)
        self._truncated[lane] = through
        decoded = self._decoded[lane]
        for seq in [seq for seq in decoded if seq <= through]:
            self._decoded_readings[lane] -= sum(len(record.readings) for record in decoded.pop(seq))

    async def _share_used(self) -> float:
        sql = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, "
        used = (await self.log.fetch(sql + "pragma_page_size"))[0][0]
        return float(used) / (self._settings.max_mb * 1_048_576)

    async def _drop_oldest(self) -> None:
        """Drop a share of the oldest normal records. Never touches the fire lane."""
        first = await self.log.read(Lane.NORMAL, after=self._truncated[Lane.NORMAL], limit=1)
        if not first:
            return
        start, end = first[0][0], self.last(Lane.NORMAL)
        through = min(end, start + max(1, (end - start) // _FULL_STEP))
        slowest = min((c.position for c in self._cursors if c.lane is Lane.NORMAL), default=end)
        self._counters.add("spool_dropped", "spool", max(0, through - max(slowest, start - 1)))
        log.error("spool full, oldest normal records dropped through=%d spool=%s", through, self.log.path)
        for cursor in self._cursors:
            if cursor.lane is Lane.NORMAL:
                cursor.advance(through)
        await self._truncate(Lane.NORMAL, through)

    async def _save_at_exit(self) -> None:
        try:
            await self.save_marks()
        except Retryable as err:
            log.warning("cursors not written at exit spool=%s reason=%s", self.log.path, err)
