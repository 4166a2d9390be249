"""Notices and receipts: who is to be told, who is being told, who was. Sends nothing and waits for nothing.

A notice that is being sent is held under a lease: a row that says who sends it and until when. Whoever finds a lease
run out may take it over, so a sender that died is replaced and two senders never send one notice at a time.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, insert, or_, select, update
from sqlalchemy.orm import aliased

from storage.records.database import insert_once
from storage.records.tables import Incident, Notice, Receipt


def enter_notices(tx: Connection, rows: list[dict[str, Any]]) -> None:
    """Enter notices; one whose key is there already is left as it is."""
    if rows:
        insert_once(tx, Notice, rows)


def notices_of(tx: Connection, incident_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the notices of some incidents in the order of their steps."""
    query = select(Notice.__table__).where(Notice.incident_id.in_(incident_ids)).order_by(Notice.step, Notice.id)
    return (tx.execute(query)).all()


def notices_by_key(tx: Connection, keys: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the notices with these keys."""
    return (tx.execute(select(Notice.__table__).where(Notice.key.in_(keys)).order_by(Notice.id))).all()


def next_due(tx: Connection) -> int | None:
    """Return when the earliest waiting or leased notice wants attention, None when none does."""
    due = select(Notice.due_at).where(Notice.state == "due").order_by(Notice.due_at).limit(1)
    leased = select(Notice.lease_until).where(Notice.state == "sending").order_by(Notice.lease_until).limit(1)
    times = [row[0] for query in (due, leased) for row in tx.execute(query)]
    return min(times, default=None)


def claim_due(tx: Connection, *, owner: str, now: int, lease: int, limit: int) -> Sequence[Row[Any]]:
    """Take due notices, and those whose lease ran out, under a lease of `lease` ms; return them."""
    ready = or_(
        and_(Notice.state == "due", Notice.due_at <= now), and_(Notice.state == "sending", Notice.lease_until <= now)
    )
    ids = select(Notice.id).where(ready).order_by(Notice.due_at).limit(limit).with_for_update(skip_locked=True)
    found = [row.id for row in tx.execute(ids)]
    if not found:
        return []
    change = update(Notice).where(Notice.id.in_(found), ready)
    tx.execute(
        change.values(
            state="sending",
            lease_owner=owner,
            lease_until=now + lease,
            attempts=Notice.attempts + 1,
            tried_at=func.coalesce(Notice.tried_at, now),
        )
    )
    taken = select(Notice.__table__).where(
        Notice.id.in_(found), Notice.lease_owner == owner, Notice.lease_until == now + lease
    )
    return (tx.execute(taken.order_by(Notice.due_at, Notice.id))).all()


def release_leases(tx: Connection) -> None:
    """Give back every lease: for a process that knows to be the only one and has just started."""
    tx.execute(update(Notice).where(Notice.state == "sending").values(lease_until=0))


def record_sent(tx: Connection, key: str, *, at: int, message_id: str, text: str, receipt: bool) -> None:
    """Record that a notifier took the notice; `receipt` when that was the receipt, which may also have come first."""
    state = "delivered" if receipt else "sent"
    values: dict[str, Any] = {"sent_at": at, "message_id": message_id, "text": text, "error": ""}
    tx.execute(update(Notice).where(Notice.key == key).values(**values))
    change = update(Notice).where(Notice.key == key, Notice.state.not_in(("delivered", "failed")))
    tx.execute(change.values(state=state, **({"receipt_at": at} if receipt else {})))
    if not message_id or receipt:
        return
    row = tx.execute(select(Notice.id, Notice.channel).where(Notice.key == key)).one()
    waiting = and_(Receipt.notifier == row.channel, Receipt.message_id == message_id, Receipt.notice_key == "")
    early = tx.execute(select(Receipt.__table__).where(waiting)).first()
    if early is not None:
        tx.execute(update(Receipt).where(Receipt.id == early.id).values(notice_key=key))
        _settle(tx, row.id, status=early.status, at=early.received_at, reason=early.reason)


def record_retry(tx: Connection, key: str, *, due_at: int, error: str) -> None:
    """Put a notice back that could not be sent now, unless it was cancelled or answered meanwhile."""
    change = update(Notice).where(Notice.key == key, Notice.state == "sending")
    tx.execute(change.values(state="due", due_at=due_at, lease_until=0, error=error))


def record_failed(tx: Connection, key: str, *, error: str) -> None:
    """Record that a notice was refused for good."""
    change = update(Notice).where(Notice.key == key, Notice.state != "delivered")
    tx.execute(change.values(state="failed", lease_until=0, error=error))


def record_receipt(tx: Connection, values: dict[str, Any]) -> str | None:
    """Keep a receipt, and settle its notice: found by its key, else by what the notifier called the message.

    Return the incident's id. None for a notice that is not known: with a message id, it may only not be recorded as
    sent yet, and the receipt is kept for `record_sent` to find.
    """
    by_message = and_(Notice.channel == values["notifier"], Notice.message_id == values["message_id"])
    which = Notice.key == values["notice_key"] if values["notice_key"] else by_message
    found = (tx.execute(select(Notice.__table__).where(which))).first()
    if found is None and (values["notice_key"] or not values["message_id"]):
        return None
    tx.execute(insert(Receipt), values | {"notice_key": found.key if found is not None else ""})
    if found is None:
        return None
    _settle(tx, found.id, status=values["status"], at=values["received_at"], reason=values.get("reason", ""))
    return str(found.incident_id)


def _settle(tx: Connection, id_: int, *, status: str, at: int, reason: str) -> None:
    """Give a notice the state that its receipt says; a delivered one stays delivered."""
    change = update(Notice).where(Notice.id == id_, Notice.state != "delivered")
    settled = {"state": "delivered", "receipt_at": at, "error": ""}
    refused = {"state": "failed", "error": f"the gateway reports: {reason or status}"}
    tx.execute(change.values(**(settled if status == "delivered" else refused)))


def cancel_waiting(tx: Connection, incident_id: str) -> None:
    """Cancel the steps of an incident that wait. What is being sent now is sent."""
    change = update(Notice).where(
        Notice.incident_id == incident_id, Notice.state == "due", Notice.purpose.in_(("alarm", "reminder"))
    )
    tx.execute(change.values(state="cancelled"))


def set_due(tx: Connection, id_: int, *, due_at: int) -> None:
    """Bring a waiting or cancelled notice forward to `due_at`."""
    change = update(Notice).where(Notice.id == id_, Notice.state.in_(("due", "cancelled")), Notice.attempts == 0)
    tx.execute(change.values(state="due", due_at=due_at))


def newest_told(tx: Connection, addresses: Sequence[str]) -> Row[Any] | None:
    """Return the newest notice of an open incident that was sent to one of these addresses."""
    query = (
        select(Notice.__table__)
        .join(Incident, Incident.id == Notice.incident_id)
        .where(Notice.address.in_(addresses), Notice.attempts > 0, Incident.open_key.is_not(None))
        .order_by(Incident.opened_at.desc(), Notice.id.desc())
        .limit(1)
    )
    return tx.execute(query).first()


def mark_overdue(tx: Connection, ids: Sequence[int]) -> None:
    """Remember that no receipt came in time."""
    tx.execute(update(Notice).where(Notice.id.in_(ids)).values(overdue=True))


def unanswered(tx: Connection) -> Sequence[Row[Any]]:
    """Return alarm notices that were tried and have no receipt, of steps from which no receipt came at all."""
    other = aliased(Notice)
    reached = exists().where(
        other.incident_id == Notice.incident_id, other.step == Notice.step, other.state == "delivered"
    )
    query = select(Notice.__table__).where(
        Notice.state.in_(("sent", "sending", "due", "failed")),
        Notice.attempts > 0,
        Notice.overdue.is_(False),
        Notice.purpose == "alarm",
        ~reached,
    )
    return (tx.execute(query.order_by(Notice.id))).all()
