"""Moves one lane of the spool into one output: batches, retries, goes on where it stopped. Never skips a record."""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Protocol

import msgspec

from collector.counters import Counters
from collector.spool import Cursor, Entry
from standpipe.model import clock
from standpipe.model.errors import Retryable

log = logging.getLogger(__name__)

ROWS = 64
"""Rows read from the spool at a time."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane is cut into deliveries."""

    readings: int
    """Most readings in one delivery; a row is never split."""
    age: int
    """How long a delivery that is not full may wait for more, in ms."""
    patience: float
    """Longest pause between two tries, in s."""


class Output(Protocol):
    """One lane's way out."""

    async def deliver(self, entries: Sequence[Entry]) -> None:
        """Return when all entries are taken, or dead-lettered. Raises Retryable when they must be tried again."""


async def drain(cursor: Cursor, output: Output, pace: Pace, counters: Counters) -> None:
    """Deliver everything in the lane, in order, until cancelled."""
    ahead: list[Entry] = []
    while True:
        if not ahead:
            await cursor.wait()
        await _fill(ahead, cursor, pace.readings)
        if not ahead:
            # The rows were dropped between the news and the read; nothing is left below the lane's end.
            await asyncio.sleep(0)
            continue
        if pace.age and _size(ahead) < pace.readings:
            missing = pace.age - (clock.now() - ahead[0].spooled_at)
            if missing > 0:
                await asyncio.sleep(min(missing, pace.age) / 1000)
                await _fill(ahead, cursor, pace.readings)
        batch = cut(ahead, pace.readings)
        await _insist(output, batch, pace, cursor, counters)
        cursor.advance(batch[-1].seq)
        counters.add("delivered", cursor.output, _size(batch))
        del ahead[: len(batch)]


async def _fill(ahead: list[Entry], cursor: Cursor, readings: int) -> None:
    """Read until there is a full delivery, or no more; forget what was dropped from the spool meanwhile."""
    if ahead and ahead[-1].seq <= cursor.position:
        ahead.clear()
    size = _size(ahead)
    while size < readings:
        more = await cursor.read(ROWS, after=ahead[-1].seq if ahead else 0)
        if not more:
            return
        ahead += more
        size += _size(more)


def _size(entries: Sequence[Entry]) -> int:
    return sum(entry.size for entry in entries)


def cut(entries: Sequence[Entry], readings: int) -> Sequence[Entry]:
    """Return the first entries that hold no more than `readings`, at least one entry."""
    total = 0
    for index, entry in enumerate(entries):
        total += entry.size
        if total > readings and index:
            return entries[:index]
    return entries


async def _insist(output: Output, batch: Sequence[Entry], pace: Pace, cursor: Cursor, counters: Counters) -> None:
    """Try until it is delivered; say so once when it starts to fail and once when it works again."""
    pause = 0.05
    tries = 0
    while True:
        try:
            await output.deliver(batch)
        except Retryable as err:
            tries += 1
            counters.add("retried", cursor.output)
            if tries == 1:
                log.warning("output stalled output=%s lane=%s reason=%s", cursor.output, cursor.lane, err)
            pause = min(pace.patience, pause * 2)
            asked = min(err.after or 0.0, pace.patience)
            await asyncio.sleep(max(asked, pause * random.uniform(0.5, 1.0)))  # noqa: S311 - spreads retries, hides nothing
            continue
        if tries:
            log.info("output goes on output=%s lane=%s tries=%d", cursor.output, cursor.lane, tries + 1)
        return
