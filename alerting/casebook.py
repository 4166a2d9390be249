"""Writes down what the engine and people say: alerts, incidents, their events and notices, one transaction at a time.

Decides by the tables of `incidents` and `escalation`; sends nothing. Nothing is written twice: alerts and events carry
the key of what caused them, so a replay after a crash changes nothing.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from alerting import escalation
from alerting.engine.compiled import LATCHED, OPENS_INCIDENT
from alerting.engine.events import AlertFired, AlertResolved
from alerting.engine.events import Event as EngineEvent
from alerting.errands import Errand, columns, errand
from alerting.escalation import FrozenPlan, PlannedNotice
from alerting.incidents import Effect, Event, IllegalTransition, State, Transition, transition
from alerting.triggers import Triggers
from standpipe.model.contacts import Contacts
from standpipe.model.registry import Registry
from standpipe.model.signal import Signal
from storage.records import incidents as kept
from storage.records import notices
from storage.records.database import RecordsDatabase

LOGIC_WINDOW = 300_000
"""Two independent triggers of one zone within this confirm by logic, ms (GB 55036-2022 12.0.11; the window is ours)."""


class Written(msgspec.Struct):
    """What a transaction changed, to be acted upon after it is on disk."""

    incidents: set[str] = msgspec.field(default_factory=set)
    errands: list[Errand] = msgspec.field(default_factory=list)
    """Notices that are already under this sender's lease: hand them over now."""
    alerts: bool = False
    closed: list[str] = msgspec.field(default_factory=list)


class Casebook:
    """The only writer of incidents."""

    def __init__(
        self, records: RecordsDatabase, *, contacts: Contacts, registry: Registry, owner: str, lease: int
    ) -> None:
        """`owner` and `lease` (ms) are the sender's, who takes notices that are due at once straight from here."""
        self._records = records
        self._contacts = contacts
        self._registry = registry
        self._triggers = Triggers(registry)
        self._owner = owner
        self._lease = lease

    async def apply(self, events: Sequence[EngineEvent], *, now: int) -> Written:
        """Write engine events down; all or none. Raises SQLAlchemyError when the records cannot be written."""
        written = Written()
        async with self._records.write() as tx:
            for event in events:
                if isinstance(event, AlertFired):
                    await self._fired(tx, event, now, written)
                else:
                    await self._resolved(tx, event, now, written)
        return written

    async def act(self, incident_id: str, event: Event, *, person: str, note: str, cause: str, now: int) -> Written:
        """Write a person's event down. Raises IllegalTransition, or KeyError for an unknown incident."""
        written = Written()
        async with self._records.write() as tx:
            row = await kept.incident(tx, incident_id)
            if row is None:
                raise KeyError(incident_id)
            change = transition(State(row.state), event, Signal(row.signal))
            values: dict[str, Any] = {}
            if row.acknowledged_at is None and event in (Event.ACKNOWLEDGE, Event.CONFIRM):
                values["acknowledged_at"] = now
            if event is Event.CONFIRM and row.confirmed_by in ("", "logic"):
                values |= {"confirmed_at": row.confirmed_at or now, "confirmed_by": person}
            if cause:
                values["cause"] = cause
            text = {"zh": note, "en": note} if note else {}
            detail = {"cause": cause} if cause else {}
            await self._enter(
                tx, row, event, change, written, now=now, actor=person, text=text, values=values, detail=detail
            )
        return written

    async def watch(self, incident_id: str, event: Event, *, text: dict[str, str], now: int) -> Written:
        """Write down what the watchdog found; nothing when the state does not care any more."""
        written = Written()
        async with self._records.write() as tx:
            row = await kept.incident(tx, incident_id)
            if row is not None:
                try:
                    change = transition(State(row.state), event, Signal(row.signal))
                except IllegalTransition:
                    return written
                await self._enter(tx, row, event, change, written, now=now, actor="watchdog", text=text)
        return written

    async def next_rung(self, incident_id: str, missing: Sequence[int], *, text: dict[str, str], now: int) -> Written:
        """Bring the next waiting step of an incident forward, because the notices `missing` got no receipt."""
        written = Written(incidents={incident_id})
        async with self._records.write() as tx:
            await notices.mark_overdue(tx, missing)
            waiting = [
                one for one in await notices.notices_of(tx, [incident_id]) if one.state == "due" and not one.attempts
            ]
            step = min((one.step for one in waiting), default=None)
            for one in waiting:
                if one.step == step:
                    await notices.set_due(tx, one.id, due_at=min(one.due_at, now))
            row = await kept.incident(tx, incident_id)
            if row is not None:
                await kept.append_event(
                    tx, _entry(row.id, "no_receipt", row.state, at=now, actor="delivery", text=text, detail={})
                )
        return written

    async def _fired(self, tx: AsyncConnection, event: AlertFired, now: int, written: Written) -> None:
        signal = event.rule.signal
        open_key = f"{event.rule.id}|{event.device}"
        values = {
            "key": event.key,
            "open_key": open_key,
            "rule": event.rule.id,
            "device": event.device,
            "signal": signal.value,
            "site": event.site,
            "zone": event.zone,
            "label": event.rule.label,
            "since": event.start,
            "fired_at": now,
            "value": event.value,
            "historic": event.historic,
            "latched": signal in LATCHED,
        }
        again = False
        if not await kept.enter_alert(tx, values):
            if await kept.alert_is_known(tx, event.key):
                return
            again = True
            earlier = await kept.open_alert(tx, open_key)
            if earlier is not None and (not earlier.latched or (earlier.historic and not event.historic)):
                await kept.change_alert(tx, earlier.id, {"open_key": None, "resolved_at": now, "reason": "replaced"})
            else:
                values |= {"open_key": None, "resolved_at": now, "reason": "part of the alert before it"}
            await kept.enter_alert(tx, values)
        written.alerts = True
        if signal in OPENS_INCIDENT:
            await self._alarm(tx, event, now, written, again=again)

    async def _alarm(self, tx: AsyncConnection, event: AlertFired, now: int, written: Written, *, again: bool) -> None:
        key = self._triggers.open_key(event)
        row = await kept.incident_of_zone(tx, key)
        if row is None:
            await self._open(tx, event, key, now, written)
            return
        earlier = await kept.alerts_of(tx, [row.id])
        await kept.attach_alert(tx, event.key, row.id)
        known = again or any(one.device == event.device for one in earlier)
        kind = Event.RE_ALARM if known else Event.ALARM
        change = transition(State(row.state), kind, Signal(row.signal))
        text = _said(event)
        detail = {"device": event.device, "rule": event.rule.id, "start": event.start}
        await self._enter(
            tx, row, kind, change, written, now=now, actor=event.device, text=text, key=event.key, detail=detail
        )
        other = self._triggers.independent(event, earlier, window=LOGIC_WINDOW)
        if other is None or event.historic:
            return
        fresh = await kept.incident(tx, row.id)
        assert fresh is not None
        if fresh.state in (State.TEST, State.DRILL, State.CONFIRMED):
            return
        change = transition(State(fresh.state), Event.LOGIC, Signal(fresh.signal))
        values = {} if fresh.confirmed_at else {"confirmed_at": now, "confirmed_by": "logic"}
        text = {"zh": "两个独立触发，逻辑确认", "en": "two independent triggers, confirmed by logic"}
        await self._enter(
            tx, fresh, Event.LOGIC, change, written, now=now, actor="logic", text=text, values=values,
            key=f"logic|{event.key}", detail={"devices": [other, event.device]},
        )  # fmt: skip

    async def _open(self, tx: AsyncConnection, event: AlertFired, open_key: str, now: int, written: Written) -> None:
        plan = escalation.freeze(self._contacts, self._registry, event.site)
        id_ = secrets.token_hex(8)
        row = {
            "id": id_,
            "open_key": open_key,
            "signal": event.rule.signal.value,
            "state": State.SUSPECTED.value,
            "site": event.site,
            "zone": event.zone,
            "device": event.device,
            "label": event.rule.label,
            "historic": event.historic,
            "opened_at": now,
            "plan": msgspec.to_builtins(plan),
            "device_at": event.cause.observed_at,
            "received_at": event.cause.received_at,
            "stored_at": event.cause.stored_at,
            "accepted_at": event.cause.accepted_at,
            "acknowledged_at": None,
            "confirmed_at": None,
        }
        await kept.open_incident(tx, row)
        await kept.attach_alert(tx, event.key, id_)
        detail = {"device": event.device, "rule": event.rule.id, "start": event.start}
        entry = _entry(id_, Event.ALARM, State.SUSPECTED, at=now, actor=event.device, text=_said(event), detail=detail)
        await kept.append_event(tx, entry | {"key": event.key})
        if not event.historic:
            await self._plan(tx, row, escalation.first_round(id_, plan, at=now), now, written)
        written.incidents.add(id_)

    async def _resolved(self, tx: AsyncConnection, event: AlertResolved, now: int, written: Written) -> None:
        reason = "clear"
        rows = [
            await kept.resolve_alert(tx, key, at=event.at, reason=reason) for key in (event.key, f"{event.key}|live")
        ]
        for alert in rows:
            if alert is None:
                continue
            written.alerts = True
            row = await kept.incident(tx, alert.incident_id) if alert.incident_id else None
            if row is not None and row.open_key is not None:
                change = transition(State(row.state), Event.CLEAR, Signal(row.signal))
                text = {"zh": "设备报告恢复", "en": "the device reports clear"}
                key = f"clear|{alert.key}"
                await self._enter(
                    tx, row, Event.CLEAR, change, written, now=now, actor=event.device, text=text, key=key
                )

    async def _enter(  # noqa: PLR0913 - one entry's parts
        self,
        tx: AsyncConnection,
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
        entry = _entry(row.id, event, change.state, at=now, actor=actor, text=text, detail=detail or {})
        if not await kept.append_event(tx, entry | {"key": key}):
            return
        values = dict(values or {}) | {"state": change.state.value}
        if Effect.CLOSE in change.effects:
            values |= {"open_key": None, "closed_at": now}
        await kept.change_incident(tx, row.id, values)
        for effect in change.effects:
            await self._effect(tx, row, effect, now, written)
        written.incidents.add(row.id)

    async def _effect(self, tx: AsyncConnection, row: Row[Any], effect: Effect, now: int, written: Written) -> None:
        plan = msgspec.convert(row.plan, FrozenPlan)
        known = await notices.notices_of(tx, [row.id])
        offset = max((notice.step for notice in known), default=-1) + 1
        planned: list[PlannedNotice] = []
        match effect:
            case Effect.HOLD:
                await notices.cancel_waiting(tx, row.id)
            case Effect.RING:
                await notices.cancel_waiting(tx, row.id)
                planned = escalation.round_of(row.id, plan, at=now, offset=offset)
            case Effect.REMIND:
                planned = escalation.round_of(row.id, plan, at=now, offset=offset, purpose="reminder", at_once=True)
            case Effect.RING_SENIOR:
                for notice in known:
                    if notice.purpose == "alarm":
                        due = escalation.senior_due(notice.delay, at=now)
                        await notices.set_due(tx, notice.id, due_at=min(due, notice.due_at))
            case Effect.FORWARD:
                if not any(notice.purpose == "forward" for notice in known):
                    planned = escalation.to_all(row.id, plan.forward, at=now, step=offset, purpose="forward")
            case Effect.STAND_DOWN:
                told = {
                    (notice.person, notice.channel): escalation.Recipient(
                        person=notice.person, name=notice.name, phone=notice.address, locale=notice.locale,
                        channel=notice.channel,
                    )
                    for notice in known
                    if notice.attempts
                }  # fmt: skip
                planned = escalation.to_all(row.id, told.values(), at=now, step=offset, purpose="stand_down")
            case Effect.CLOSE:
                await kept.resolve_alerts_of(tx, row.id, at=now, reason="reset")
                written.alerts = True
                written.closed.append(row.id)
        if planned:
            fresh = await kept.incident(tx, row.id)
            assert fresh is not None
            await self._plan(tx, columns(fresh), planned, now, written)

    async def _plan(
        self,
        tx: AsyncConnection,
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
        await notices.enter_notices(tx, rows)


def _entry(
    incident_id: str, event: str, state: str, *, at: int, actor: str, text: dict[str, str], detail: dict[str, Any]
) -> dict[str, Any]:
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


def _said(event: AlertFired) -> dict[str, str]:
    """Return what a time line says of an alarm."""
    words = dict(event.rule.label) or {"en": event.rule.id}
    return {language: f"{text} ({event.cause.text})" if event.cause.text else text for language, text in words.items()}
