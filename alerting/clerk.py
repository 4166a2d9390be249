"""Carries one event into an incident: its entry, the new state, and what follows by the table. Sends nothing.

Works inside a transaction that somebody else has begun.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from alerting import escalation
from alerting.errands import Errand, columns, errand
from alerting.escalation import FrozenPlan, PlannedNotice
from alerting.incidents import Effect, Event, Transition
from storage.records import incidents as kept
from storage.records import notices


class Written(msgspec.Struct):
    """What a transaction changed, to be acted upon after it is on disk."""

    incidents: set[str] = msgspec.field(default_factory=set)
    errands: list[Errand] = msgspec.field(default_factory=list)
    """Notices that are already under this sender's lease: hand them over now."""
    alerts: bool = False
    closed: list[str] = msgspec.field(default_factory=list)


class Clerk:
    """Writes for one sender, who takes notices that are due at once straight from here."""

    def __init__(self, *, owner: str, lease: int) -> None:
        """`owner` and `lease` (ms) are the sender's."""
        self._owner = owner
        self._lease = lease

    def enter(  # noqa: PLR0913 - one entry's parts
        self,
        tx: Connection,
        row: Row[Any],
        event: Event,
        change: Transition,
        written: Written,
        *,
        now: int,
        actor: str,
        text: dict[str, str],
        values: dict[str, Any] | None = None,
        key: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Append the event, change the state, carry out the effects. Nothing when the event's key is known."""
        line = entry(row.id, event, change.state, at=now, actor=actor, text=text, detail=detail or {})
        if not kept.append_event(tx, line | {"key": key}):
            return
        values = dict(values or {}) | {"state": change.state.value}
        if Effect.CLOSE in change.effects:
            values |= {"open_key": None, "closed_at": now}
        kept.change_incident(tx, row.id, values)
        for effect in change.effects:
            self._effect(tx, row, effect, now, written)
        written.incidents.add(row.id)

    def _effect(self, tx: Connection, row: Row[Any], effect: Effect, now: int, written: Written) -> None:
        plan = msgspec.convert(row.plan, FrozenPlan)
        known = notices.notices_of(tx, [row.id])
        offset = max((notice.step for notice in known), default=-1) + 1
        planned: list[PlannedNotice] = []
        match effect:
            case Effect.HOLD:
                notices.cancel_waiting(tx, row.id)
            case Effect.RING:
                notices.cancel_waiting(tx, row.id)
                planned = escalation.round_of(row.id, plan, at=now, offset=offset)
            case Effect.REMIND:
                planned = escalation.round_of(row.id, plan, at=now, offset=offset, purpose="reminder", at_once=True)
            case Effect.RING_SENIOR:
                for notice in known:
                    if notice.purpose == "alarm":
                        due = escalation.senior_due(notice.delay, at=now)
                        notices.set_due(tx, notice.id, due_at=min(due, notice.due_at))
            case Effect.FORWARD:
                if not any(notice.purpose == "forward" for notice in known):
                    planned = escalation.to_all(row.id, plan.forward, at=now, step=offset, purpose="forward")
            case Effect.STAND_DOWN:
                told = {(notice.person, notice.channel): recipient_of(notice) for notice in known if notice.attempts}
                planned = escalation.to_all(row.id, told.values(), at=now, step=offset, purpose="stand_down")
            case Effect.CLOSE:
                kept.resolve_alerts_of(tx, row.id, at=now, reason="reset")
                written.alerts = True
                written.closed.append(row.id)
        if planned:
            fresh = kept.incident(tx, row.id)
            assert fresh is not None
            self.plan(tx, columns(fresh), planned, now, written)

    def plan(
        self,
        tx: Connection,
        incident: Mapping[str, Any],
        planned: Sequence[PlannedNotice],
        now: int,
        written: Written,
    ) -> None:
        """Enter notices; those due now are entered as already taken by this process's sender."""
        rows = []
        for notice in planned:
            at_once = notice.due_at <= now
            row = {
                "key": notice.key,
                "incident_id": incident["id"],
                "step": notice.step,
                "delay": notice.delay,
                "purpose": notice.purpose,
                "person": notice.recipient.person,
                "name": notice.recipient.name,
                "locale": notice.recipient.locale,
                "channel": notice.recipient.channel,
                "address": notice.recipient.phone,
                "state": "sending" if at_once else "due",
                "due_at": notice.due_at,
                "lease_owner": self._owner if at_once else "",
                "lease_until": now + self._lease if at_once else 0,
                "attempts": 1 if at_once else 0,
                "tried_at": now if at_once else None,
            }
            rows.append(row)
            if at_once:
                written.errands.append(errand(row, incident))
        notices.enter_notices(tx, rows)


def entry(
    incident_id: str, event: str, state: str, *, at: int, actor: str, text: dict[str, str], detail: dict[str, Any]
) -> dict[str, Any]:
    """Return one row of an incident's time line."""
    return {
        "incident_id": incident_id,
        "key": None,
        "at": at,
        "event": str(event),
        "actor": actor,
        "state": str(state),
        "text": text,
        "detail": detail,
    }


def recipient_of(notice: Row[Any]) -> escalation.Recipient:
    """Return the person of a notice row as they were told."""
    return escalation.Recipient(
        person=notice.person,
        name=notice.name,
        phone=notice.address,
        locale=notice.locale,
        channel=notice.channel,
    )
