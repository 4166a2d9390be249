"""Readings to the alerting process, each lane on a connection of its own. Fire goes at once and waits for nothing."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import httpx
import msgspec

from collector.counters import Counters
from collector.dead_letters import DeadLetter
from collector.outputs.drain import Pace
from collector.record import Kept, Record, encode
from collector.spool import Entry, Spool
from standpipe.model import clock
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.reading import Reading, ReadingBatch, SpooledReading
from standpipe.model.signal import Lane

log = logging.getLogger(__name__)

NAME = "alerting"
ALIVE_SECONDS = 5.0
"""Alerting misses us when it hears nothing for three times as long."""
PACES = {
    Lane.FIRE: Pace(readings=50, age=0, patience=1),
    Lane.NORMAL: Pace(readings=1_000, age=20, patience=5),
}
_TIMEOUT = 10.0
_REFUSALS = frozenset({400, 413, 422})
"""Answers that are about the batch itself; all others may pass."""


def client(url: str, token: str) -> httpx.AsyncClient:
    """Return a client with one connection to alerting. The token travels in a header and is never logged."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    secure = url.startswith("https:")  # reading the certificates costs memory and start-up time, for nothing otherwise
    return httpx.AsyncClient(
        base_url=url, headers=headers, timeout=_TIMEOUT, limits=limits, trust_env=False, verify=secure
    )


class AlertingOutput:
    """One lane's feed."""

    def __init__(
        self,
        lane: Lane,
        client: httpx.AsyncClient,
        *,
        spool: Spool,
        counters: Counters,
    ) -> None:
        """Take a connection of the lane's own."""
        self._lane = lane
        self._client = client
        self._spool = spool
        self._counters = counters
        self._encoder = msgspec.json.Encoder()

    async def deliver(self, entries: Sequence[Entry]) -> None:
        """Post the entries; halve what is refused until the refused record stands alone. Raises Retryable."""
        if not any(entry.readings for entry in entries):
            return
        try:
            await self._post(entries)
        except Rejected as err:
            if len(entries) == 1:
                await self._bury(entries[0], str(err))
                return
            middle = len(entries) // 2
            await self.deliver(entries[:middle])
            await self.deliver(entries[middle:])

    async def sign_of_life(self, troubles: Callable[[], list[dict[str, str]]] = list) -> None:
        """Post an empty batch every few seconds, until cancelled, with what is wrong here by language.

        A failure is alerting's to notice.
        """
        while True:
            try:
                await self._post((), troubles())
            except (Retryable, Rejected) as err:
                log.debug("sign of life not taken reason=%s", err)
            await asyncio.sleep(ALIVE_SECONDS)

    async def _post(self, entries: Sequence[Entry], troubles: Sequence[dict[str, str]] = ()) -> None:
        batch = ReadingBatch(
            collector=self._spool.id,
            lane=self._lane,
            readings=[
                SpooledReading(seq=entry.seq, spooled_at=entry.spooled_at, reading=reading)
                for entry in entries
                for reading in entry.readings
            ],
            sent_at=clock.now(),
            troubles=list(troubles),
        )
        try:
            answer = await self._client.post("/readings", content=self._encoder.encode(batch))
        except httpx.HTTPError as err:
            raise Retryable(f"{type(err).__name__}: {err}") from err
        if answer.status_code == 200:
            return
        words = f"HTTP {answer.status_code}: {answer.text[:300]}"
        if answer.status_code in _REFUSALS:
            raise Rejected(words)
        after = answer.headers.get("retry-after", "")
        raise Retryable(words, after=float(after) if after.isdigit() else None)

    async def _bury(self, entry: Entry, reason: str) -> None:
        """Keep a refused row's readings as dead letters; of several, each is first tried again alone."""
        if len(entry.readings) > 1:
            await self._again(entry.readings)
            return
        log.error("alerting refuses a record lane=%s seq=%d reason=%s", self._lane, entry.seq, reason)
        now = clock.now()
        letters = [
            DeadLetter(output=NAME, lane=self._lane, at=now, reason=reason, body=self._encoder.encode(reading))
            for reading in entry.readings
        ]
        await self._spool.dead_letters.keep(letters)
        self._counters.add("dead_letters", NAME, len(letters))

    async def _again(self, readings: Sequence[Reading]) -> None:
        """Put readings into the spool once more, one a row. InfluxDB has them twice then, which changes nothing."""
        log.warning(
            "alerting refuses a row, each reading is tried alone lane=%s readings=%d", self._lane, len(readings)
        )
        for reading in readings:
            record = Record(NAME, "", b"", b"", [reading])
            await self._spool.append([Kept(self._lane, record, encode(record))])
