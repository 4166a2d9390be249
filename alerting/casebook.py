"""Writes down what the engine and people say: alerts, incidents, their events and notices, one transaction at a time.

Decides by the tables of `incidents` and `escalation`; sends nothing. Nothing is written twice: alerts and events carry
the key of what caused them, so a replay after a crash changes nothing.
"""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from alerting import escalation
from alerting.clerk import Clerk, Written, entry, recipient_of
from alerting.engine.compiled import LATCHED, OPENS_INCIDENT
from alerting.engine.events import AlertFired, AlertResolved
from alerting.engine.events import Event as EngineEvent
from alerting.errands import columns
from alerting.incidents import Event, IllegalTransition, State, transition
from alerting.triggers import Triggers
from standpipe.model.contacts import Contacts
from standpipe.model.registry import Registry
from standpipe.model.signal import Signal
from storage.records import incidents as kept
from storage.records import notices
from storage.records.database import RecordsDatabase

LOGIC_WINDOW = 300_000
"""Two independent triggers of one zone within this confirm by logic, ms (GB 55036-2022 12.0.11; the window is ours)."""


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
        self._clerk = Clerk(owner=owner, lease=lease)

    async def apply(self, events: Sequence[EngineEvent], *, now: int) -> Written:
        """Write engine events down; all or none. Raises SQLAlchemyError when the records cannot be written."""

        def work(tx: Connection) -> Written:
            written = Written()
            for event in events:
                if isinstance(event, AlertFired):
                    self._fired(tx, event, now, written)
                else:
                    self._resolved(tx, event, now, written)
            return written

        return await self._records.write(work)

    async def act(
        self, incident_id: str, event: Event, *, person: str, note: str, cause: str, now: int, key: str | None = None
    ) -> Written:
        """Write a person's event down; one with a `key` that is known changes nothing.

        Raises IllegalTransition, or KeyError for an unknown incident.
        """

        def work(tx: Connection) -> Written:
            written = Written()
            row = kept.incident(tx, incident_id)
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
            self._clerk.enter(
                tx, row, event, change, written, now=now, actor=person, values=values,
                text={"zh": note, "en": note} if note else {}, detail={"cause": cause} if cause else {}, key=key,
            )  # fmt: skip
            return written

        return await self._records.write(work)

    async def watch(self, incident_id: str, event: Event, *, text: dict[str, str], now: int) -> Written:
        """Write down what the watchdog found; nothing when the state does not care any more."""

        def work(tx: Connection) -> Written:
            written = Written()
            row = kept.incident(tx, incident_id)
            if row is not None:
                try:
                    change = transition(State(row.state), event, Signal(row.signal))
                except IllegalTransition:
                    return written
                self._clerk.enter(tx, row, event, change, written, now=now, actor="watchdog", text=text)
            return written

        return await self._records.write(work)

    async def answer(self, told: Row[Any], *, purpose: str, now: int) -> Written:
        """Write down that the person of the notice row `told` is to be answered."""

        def work(tx: Connection) -> Written:
            written = Written(incidents={told.incident_id})
            case = kept.incident(tx, told.incident_id)
            assert case is not None
            step = max(row.step for row in notices.notices_of(tx, [case.id])) + 1
            planned = escalation.to_all(case.id, [recipient_of(told)], at=now, step=step, purpose=purpose)
            self._clerk.plan(tx, columns(case), planned, now, written)
            return written

        return await self._records.write(work)

    async def next_rung(self, incident_id: str, missing: Sequence[int], *, text: dict[str, str], now: int) -> Written:
        """Bring the next waiting step of an incident forward, because the notices `missing` got no receipt."""

        def work(tx: Connection) -> Written:
            notices.mark_overdue(tx, missing)
            rows = notices.notices_of(tx, [incident_id])
            waiting = [row for row in rows if row.state == "due" and not row.attempts]
            step = min((row.step for row in waiting), default=None)
            for row in waiting:
                if row.step == step:
                    notices.set_due(tx, row.id, due_at=min(row.due_at, now))
            case = kept.incident(tx, incident_id)
            if case is not None:
                kept.append_event(
                    tx, entry(case.id, "no_receipt", case.state, at=now, actor="delivery", text=text, detail={})
                )
            return Written(incidents={incident_id})

        return await self._records.write(work)

    def _fired(self, tx: Connection, event: AlertFired, now: int, written: Written) -> None:
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
        if not kept.enter_alert(tx, values):
            if kept.alert_is_known(tx, event.key):
                return
            again = True
            earlier = kept.open_alert(tx, open_key)
            if earlier is not None and (not earlier.latched or (earlier.historic and not event.historic)):
                kept.change_alert(tx, earlier.id, {"open_key": None, "resolved_at": now, "reason": "replaced"})
            else:
                values |= {"open_key": None, "resolved_at": now, "reason": "part of the alert before it"}
            kept.enter_alert(tx, values)
        written.alerts = True
        if signal in OPENS_INCIDENT:
            self._alarm(tx, event, now, written, again=again)

    def _alarm(self, tx: Connection, event: AlertFired, now: int, written: Written, *, again: bool) -> None:
        key = self._triggers.open_key(event)
        row = kept.incident_of_zone(tx, key) or self._spoken_for(tx, event)
        if row is None:
            self._open(tx, event, key, now, written)
            return
        earlier = kept.alerts_of(tx, [row.id])
        kept.attach_alert(tx, event.key, row.id)
        known = again or any(one.device == event.device for one in earlier)
        kind = Event.RE_ALARM if known else Event.ALARM
        change = transition(State(row.state), kind, Signal(row.signal))
        text = _said(event)
        detail = {"device": event.device, "rule": event.rule.id, "start": event.start}
        self._clerk.enter(
            tx, row, kind, change, written, now=now, actor=event.device, text=text, key=event.key, detail=detail
        )
        other = self._triggers.independent(event, earlier, window=LOGIC_WINDOW)
        if other is None or event.historic:
            return
        fresh = kept.incident(tx, row.id)
        assert fresh is not None
        if fresh.state in (State.TEST, State.DRILL, State.CONFIRMED):
            return
        change = transition(State(fresh.state), Event.LOGIC, Signal(fresh.signal))
        values = {} if fresh.confirmed_at else {"confirmed_at": now, "confirmed_by": "logic"}
        text = {"zh": "两个独立触发，逻辑确认", "en": "two independent triggers, confirmed by logic"}
        self._clerk.enter(
            tx, fresh, Event.LOGIC, change, written, now=now, actor="logic", text=text, values=values,
            key=f"logic|{event.key}", detail={"devices": [other, event.device]},
        )  # fmt: skip

    def _spoken_for(self, tx: Connection, event: AlertFired) -> Row[Any] | None:
        """Return the open incident of the detector whose fire this panel repeats, in whatever zone the panel stands."""
        for alert in kept.open_alerts_of_site(tx, event.site):
            if alert.incident_id and alert.historic == event.historic and self._triggers.repeats(event, alert):
                return kept.incident(tx, alert.incident_id)
        return None

    def _open(self, tx: Connection, event: AlertFired, open_key: str, now: int, written: Written) -> None:
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
        kept.open_incident(tx, row)
        kept.attach_alert(tx, event.key, id_)
        detail = {"device": event.device, "rule": event.rule.id, "start": event.start}
        first = entry(id_, Event.ALARM, State.SUSPECTED, at=now, actor=event.device, text=_said(event), detail=detail)
        kept.append_event(tx, first | {"key": event.key})
        if not event.historic:
            self._clerk.plan(tx, row, escalation.first_round(id_, plan, at=now), now, written)
        written.incidents.add(id_)

    def _resolved(self, tx: Connection, event: AlertResolved, now: int, written: Written) -> None:
        reason = "clear"
        rows = [kept.resolve_alert(tx, key, at=event.at, reason=reason) for key in (event.key, f"{event.key}|live")]
        for alert in rows:
            if alert is None:
                continue
            written.alerts = True
            row = kept.incident(tx, alert.incident_id) if alert.incident_id else None
            if row is not None and row.open_key is not None:
                change = transition(State(row.state), Event.CLEAR, Signal(row.signal))
                text = {"zh": "设备报告恢复", "en": "the device reports clear"}
                key = f"clear|{alert.key}"
                self._clerk.enter(
                    tx, row, Event.CLEAR, change, written, now=now, actor=event.device, text=text, key=key
                )


def _said(event: AlertFired) -> dict[str, str]:
    """Return what a time line says of an alarm."""
    words = dict(event.rule.label) or {"en": event.rule.id}
    return {language: f"{text} ({event.cause.text})" if event.cause.text else text for language, text in words.items()}
