"""What comes back from people: receipts and replies, matched to notices and incidents. Sends nothing by itself.

A reply counts from a number that was told of an incident, for the newest open one; anything else is logged and dropped.
"""

import logging
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection, Row

from alerting.casebook import Casebook
from alerting.clerk import Written
from alerting.incidents import IllegalTransition
from alerting.notifiers.listening import Heard, Receipt, Reply
from alerting.notifiers.phone import sender
from alerting.notifiers.replies import read_reply
from standpipe.model.contacts import Contacts
from storage.records import notices
from storage.records.database import RecordsDatabase

log = logging.getLogger(__name__)


class Hearing:
    """Takes what notifiers hear."""

    def __init__(
        self,
        records: RecordsDatabase,
        casebook: Casebook,
        contacts: Contacts,
        *,
        now: Callable[[], int],
        changed: Callable[[Written], Awaitable[None]],
    ) -> None:
        """Take the parts; `changed` is told what was written."""
        self._records = records
        self._casebook = casebook
        self._contacts = contacts
        self._now = now
        self._changed = changed

    async def take(self, notifier: str, heard: Heard, *, country: str = "86") -> bool:
        """Take one receipt or reply; return whether it belongs to something of ours. Raises SQLAlchemyError."""
        if isinstance(heard, Receipt):
            return await self._receipt(notifier, heard)
        return await self._reply(notifier, heard, country)

    async def _receipt(self, notifier: str, receipt: Receipt) -> bool:
        values = {
            "notifier": notifier,
            "notice_key": receipt.notice,
            "message_id": receipt.id,
            "status": receipt.status,
            "reason": receipt.reason[:200],
            "at": receipt.at,
            "received_at": self._now(),
        }
        incident = await self._records.write(lambda tx: notices.record_receipt(tx, values))
        if incident is None:
            return False
        await self._changed(Written(incidents={incident}))
        return True

    async def _reply(self, notifier: str, reply: Reply, country: str) -> bool:
        number = sender(reply.from_, country)
        known = self._contacts.person.items()
        people = {id_: one for id_, one in known if number and sender(one.phone, country) == number}
        if not people:
            log.warning("reply from an unknown number dropped notifier=%s", notifier)
            return False

        def newest(tx: Connection) -> Row | None:  # type: ignore[type-arg]
            return notices.newest_told(tx, [one.phone for one in people.values()])

        told = await self._records.read(newest)
        if told is None:
            log.warning("reply without an open incident dropped notifier=%s person=%s", notifier, next(iter(people)))
            return False
        event = read_reply(reply.text)
        purpose = "unclear"
        if event is not None:
            purpose = "answer"
            key = f"reply|{notifier}|{reply.id}" if reply.id else None
            try:
                written = await self._casebook.act(
                    told.incident_id, event, person=told.name, note="", cause="", now=self._now(), key=key
                )
            except IllegalTransition as err:
                log.info("reply changes nothing incident=%s reason=%s", told.incident_id, err)
            else:
                if not written.incidents:
                    return True
                await self._changed(written)
        await self._changed(await self._casebook.answer(told, purpose=purpose, now=self._now()))
        return True
