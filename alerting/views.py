"""What the console is shown: plain structs made by the service, with nothing to call and nothing to write."""

from typing import Literal

import msgspec

Readiness = Literal["usable", "degraded", "unusable", "unknown"]
"""usable: >= 140 kPa and fresh; degraded: 100-140 kPa or suspect; unusable: < 100 kPa; unknown: no fresh data."""

IncidentState = Literal["suspected", "acknowledged", "confirmed", "false_alarm", "fault", "test", "drill", "closed"]


class HydrantView(msgspec.Struct, frozen=True, kw_only=True):
    """One hydrant on the wall. Never green without fresh data."""

    id: str
    name: str
    zone: str
    site: str
    readiness: Readiness
    reason: dict[str, str]
    """Why it is graded so, by language."""
    pressure: float | None
    """kPa, gauge, last value; None when none was ever seen."""
    observed_at: int | None
    age: int | None
    """Milliseconds since observed_at."""
    battery: float | None
    latitude: float | None
    longitude: float | None
    alerts: list[str]
    """Labels of firing rules."""


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """One rule firing on one device."""

    id: str
    rule: str
    device: str
    name: str
    zone: str
    signal: str
    since: int
    value: float | None
    label: dict[str, str]


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one person. The telephone number is masked."""

    step: int
    person: str
    channel: str
    to: str
    state: Literal["due", "sending", "sent", "delivered", "failed", "cancelled"]
    due_at: int
    sent_at: int | None
    receipt_at: int | None
    attempts: int
    error: str


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's time line."""

    at: int
    event: str
    actor: str
    text: dict[str, str]


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """When the incident's first alarm passed each point of the road, epoch ms; None for what has not happened."""

    device: int | None
    received: int | None
    stored: int | None
    accepted: int | None
    opened: int | None
    displayed: int | None
    handed_over: int | None
    delivered: int | None
    acknowledged: int | None
    confirmed: int | None


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """One incident with all that a duty officer needs."""

    id: str
    signal: str
    state: IncidentState
    title: dict[str, str]
    site: str
    site_name: dict[str, str]
    zone: str
    zone_name: dict[str, str]
    devices: list[str]
    opened_at: int
    historic: bool
    actions: list[str]
    """Events that a person may raise in this state, in the order in which they are offered."""
    entries: list[EntryView]
    notices: list[NoticeView]
    ledger: LedgerView


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """Freshness of one collector."""

    collector: str
    last_contact: int
    silent: bool


class WallView(msgspec.Struct, frozen=True, kw_only=True):
    """The wall at one moment."""

    at: int
    incidents: list[IncidentView]
    """Open ones, newest first."""
    alerts: list[AlertView]
    hydrants: list[HydrantView]
    counts: dict[str, int]
    """Readiness -> number of hydrants."""
    devices_total: int
    devices_heard: int
    """How many registered devices were heard within 2.5 times their interval."""
    sources: list[SourceView]
    data_silent: bool
    """No collector was in contact within alerting.data_silent: the band is shown."""
    problems: list[dict[str, str]]
    """What is wrong with the platform itself, by language (no notifier, next step missing …)."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A hint that something changed; the page asks for what it shows."""

    topic: Literal["incidents", "hydrants", "sources"]
    id: str = ""
