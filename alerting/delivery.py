"""Takes due notices under a lease, sends them, THEN records that. Plans nothing: when and whom is written in the rows.

A message sent twice is a nuisance, one not sent can cost a life: a crash between sending and recording sends again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from alerting.casebook import Casebook
from alerting.clerk import Written
from alerting.errands import Errand, columns, errand
from alerting.messages import Places, compose, pick, title
from alerting.notifiers import Notice, Notifier
from alerting.receipts import unreached
from standpipe.model.errors import Rejected, Retryable
from storage.records import incidents as kept
from storage.records import notices
from storage.records.database import RecordsDatabase

log = logging.getLogger(__name__)

Clock: TypeAlias = Callable[[], int]
LEASE = 15_000
"""How long a sender may hold a notice, ms: more than a notifier's timeout and a slow commit."""
_AT_ONCE = 64
"""Notices sent at the same time."""
_POLL = 0.5
"""Longest wait between two looks at the rows, seconds."""
_BACKOFF = (500, 1_000, 2_000, 4_000, 5_000)
"""Between tries, ms: a gateway that comes back is used within seconds."""


class Delivery:
    """The sender of one process."""

    def __init__(  # noqa: PLR0913 - what a sender needs
        self,
        records: RecordsDatabase,
        casebook: Casebook,
        notifiers: Mapping[str, Notifier],
        *,
        timeouts: Mapping[str, int],
        places: Places,
        owner: str,
        receipt_base: str,
        now: Clock,
        changed: Callable[[Written], Awaitable[None]],
    ) -> None:
        """`timeouts` are receipt timeouts by notifier, ms; `changed` is told what was written."""
        self._records = records
        self._casebook = casebook
        self._notifiers = notifiers
        self._timeouts = timeouts
        self._places = places
        self._owner = owner
        self._receipt_base = receipt_base
        self._now = now
        self._changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def hand_over(self, errands: Iterable[Errand]) -> None:
        """Start sending notices that are under our lease already, without waiting for the next look."""
        for one in errands:
            task = asyncio.create_task(self._send(one), name=f"notice-{one.key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._wake.set()

    async def run(self) -> None:
        """Look at the rows when one is due, when something changed, and twice a second."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self.look()
                except (SQLAlchemyError, OSError) as err:
                    log.error("notices cannot be read, trying again reason=%s", err)
                try:
                    async with asyncio.timeout(_POLL):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            for task in self._tasks:
                task.cancel()

    async def look(self) -> None:
        """Send what is due; bring the next rung forward where receipts are missing."""
        now = self._now()
        due, waiting = await self._records.read(lambda tx: (notices.next_due(tx), notices.unanswered(tx)))
        for incident, missing, text in unreached(waiting, self._timeouts, now=now):
            log.warning("no receipt, next rung incident=%s notices=%d", incident, len(missing))
            await self._changed(await self._casebook.next_rung(incident, missing, text=text, now=now))
            due = now
        if due is not None and due <= now:
            self.hand_over(await self._claim(now))

    @property
    def busy(self) -> bool:
        """Return whether notices are on their way."""
        return bool(self._tasks)

    async def drain(self) -> None:
        """Wait until everything handed over is sent or put back."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _claim(self, now: int) -> list[Errand]:
        def work(tx: Connection) -> list[Errand]:
            rows = notices.claim_due(tx, owner=self._owner, now=now, lease=LEASE, limit=_AT_ONCE)
            cases = {row.id: row for row in kept.incidents_by_id(tx, list({row.incident_id for row in rows}))}
            return [errand(columns(row), columns(cases[row.incident_id])) for row in rows]

        return await self._records.write(work)

    async def _send(self, one: Errand) -> None:
        """Send one notice, then record what became of it."""
        async with self._slots:
            notice = self._notice(one)
            notifier = self._notifiers.get(one.channel)
            try:
                if notifier is None:
                    raise Rejected(f"no notifier {one.channel!r} in settings")
                async with asyncio.timeout(LEASE / 1000 * 0.6):
                    message_id = await notifier.send(notice)
            except (Retryable, TimeoutError) as err:
                reason, after = str(err) or "timed out", getattr(err, "after", None)
                wait = int(after * 1000) if after is not None else _BACKOFF[min(one.attempts, len(_BACKOFF)) - 1]
                log.warning("notice put back notice=%s channel=%s reason=%s", one.key, one.channel, reason)
                await self._settle(one, notices.record_retry, due_at=self._now() + wait, error=reason)
            except Rejected as err:
                log.error("notice refused notice=%s channel=%s reason=%s", one.key, one.channel, err)
                await self._settle(one, notices.record_failed, error=str(err))
            else:
                at = self._now()
                log.info("notice sent notice=%s channel=%s message=%s", one.key, one.channel, message_id)
                receipt = notifier.receipts == "on_sending"
                await self._settle(
                    one, notices.record_sent, at=at, message_id=message_id, text=notice.text, receipt=receipt
                )
        self._wake.set()

    async def _settle(self, one: Errand, record: Callable[..., None], **values: object) -> None:
        """Record an outcome. If the records refuse, the lease runs out and the notice is sent again."""
        try:
            await self._records.write(lambda tx: record(tx, one.key, **values))
        except (SQLAlchemyError, OSError) as err:
            log.error("outcome not recorded notice=%s reason=%s", one.key, err)
            return
        await self._changed(Written(incidents={one.incident}))

    def _notice(self, one: Errand) -> Notice:
        language = "zh" if one.locale.startswith("zh") else "en"
        return Notice(
            id=one.key,
            incident=one.incident,
            step=one.step,
            person=one.person,
            channel=one.channel,
            to=one.address,
            title=pick(title(one.facts.signal), language),
            text=compose(one.facts, one.locale, self._places),
            site=one.facts.site,
            zone=one.facts.zone,
            state=one.facts.state,
            opened_at=one.facts.at,
            observed_at=one.observed_at,
            received_at=one.received_at,
            spooled_at=one.stored_at,
            sent_at=self._now(),
            receipt_url=f"{self._receipt_base}/receipts/{one.channel}",
        )
