"""Readings to InfluxDB, real or embedded, one task per lane. Never lets the normal lane's backlog delay a fire."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from collector.counters import Counters
from collector.dead_letters import DeadLetter, DeadLetters
from collector.outputs.drain import Pace
from collector.spool import Entry
from standpipe.model import clock
from standpipe.model.errors import Rejected
from standpipe.model.settings import Influx
from standpipe.model.signal import Lane
from storage.influx.line_protocol import LineEncoder
from storage.influx.writer import RejectedLines

log = logging.getLogger(__name__)

NAME = "influxdb"


class Writer(Protocol):
    """Blocking; see storage.influx.writer.InfluxWriter."""

    def write(self, lines: bytes) -> None:
        """Store lines. Raises Retryable or Rejected."""


def paces(settings: Influx) -> dict[Lane, Pace]:
    """Return how each lane is delivered: fire at once, normal by size or age."""
    return {
        Lane.FIRE: Pace(readings=500, age=0, patience=2),
        Lane.NORMAL: Pace(readings=settings.batch_lines, age=settings.batch_age_ms, patience=30),
    }


class InfluxOutput:
    """One lane; has a writer and an encoder of its own, because the writer blocks in a thread."""

    def __init__(
        self, lane: Lane, writer: Writer, encoder: LineEncoder, dead_letters: DeadLetters, counters: Counters
    ) -> None:
        """Take the lane's own writer and encoder, and where refused lines are kept."""
        self._lane = lane
        self._writer = writer
        self._encoder = encoder
        self._dead_letters = dead_letters
        self._counters = counters

    async def deliver(self, entries: Sequence[Entry]) -> None:
        """Write the entries' readings. Raises Retryable; refused lines are dead-lettered with the server's words."""
        try:
            await asyncio.to_thread(self._write, entries)
        except RejectedLines as err:
            await self._bury(err.lines)

    def _write(self, entries: Sequence[Entry]) -> None:
        """Encode and write, off the event loop: a large batch would hold up a fire."""
        lines = self._encoder.encode([reading for entry in entries for reading in entry.readings])
        lines += b"".join([entry.lines for entry in entries if entry.lines])
        if not lines:
            return
        try:
            self._writer.write(lines)
        except RejectedLines:
            raise
        except Rejected as err:
            raise RejectedLines([(lines, str(err))]) from err

    async def _bury(self, refused: Sequence[tuple[bytes, str]]) -> None:
        now = clock.now()
        letters = [DeadLetter(output=NAME, lane=self._lane, at=now, reason=words, body=line) for line, words in refused]
        await self._dead_letters.keep(letters)
        self._counters.add("dead_letters", NAME, sum(line.count(b"\n") for line, _ in refused))
