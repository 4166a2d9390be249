"""Readings to the alerting process, each lane on a connection of its own. Fire goes at once and waits for nothing."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import httpx
import msgspec

from collector.counters import Counters
from collector.dead_letters import DeadLetter
from collector.outputs.drain import Pace
from collector.spool import Entry, Spool
from standpipe.model import clock
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.reading import ReadingBatch, SpooledReading
from standpipe.model.signal import Lane

log = logging.getLogger(__name__)

NAME = "alerting"
ALIVE_SECONDS = 5.0
"""Alerting misses us when it hears nothing for three times as long."""
PACES = {
    Lane.FIRE: Pace(readings=50, age=0, patience=1),
    Lane.NORMAL: Pace(readings=1_000, age=20, patience=5),
}
PLACE_BITS = 20
"""A reading's sequence is its row's, shifted by so many bits, and its place in the row: each has one of its own."""
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
        """Post the entries. Raises Retryable; what is refused for good is dead-lettered with alerting's words."""
        items = [
            SpooledReading(seq=(entry.seq << PLACE_BITS) + place, spooled_at=entry.spooled_at, reading=reading)
            for entry in entries
            for place, reading in enumerate(entry.readings)
        ]
        if items:
            await self._insist(items)

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

    async def _insist(self, items: Sequence[SpooledReading]) -> None:
        """Post; halve what is refused until the refused reading stands alone."""
        try:
            await self._post(items)
        except Rejected as err:
            if len(items) == 1:
                await self._bury(items[0], str(err))
                return
            middle = len(items) // 2
            await self._insist(items[:middle])
            await self._insist(items[middle:])

    async def _post(self, items: Sequence[SpooledReading], troubles: Sequence[dict[str, str]] = ()) -> None:
        batch = ReadingBatch(
            collector=self._spool.id,
            lane=self._lane,
            readings=list(items),
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

    async def _bury(self, item: SpooledReading, reason: str) -> None:
        log.error("alerting refuses a reading lane=%s seq=%d reason=%s", self._lane, item.seq, reason)
        body = self._encoder.encode(item.reading)
        letter = DeadLetter(output=NAME, lane=self._lane, at=clock.now(), reason=reason, body=body)
        await self._spool.dead_letters.keep([letter])
        self._counters.add("dead_letters", NAME)
