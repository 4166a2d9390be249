"""The tables of incidents, alerts, notices and receipts. Append and update only; nothing here decides anything.

Times are epoch ms, UTC. Works on SQLite and PostgreSQL alike.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_Id = BigInteger().with_variant(Integer, "sqlite")


class Records(DeclarativeBase):
    """Root of the tables."""


class Incident(Records):
    """What people work on. `state` is the fold of its events."""

    __tablename__ = "incident"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    open_key: Mapped[str | None] = mapped_column(String(300), unique=True)
    """site, zone and class while it is open, NULL once closed: one open incident of a class in a zone."""
    signal: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), index=True)
    site: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(300))
    """The device that opened it."""
    label: Mapped[dict[str, str]] = mapped_column(JSON)
    historic: Mapped[bool]
    opened_at: Mapped[int] = mapped_column(BigInteger, index=True)
    closed_at: Mapped[int | None] = mapped_column(BigInteger)
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Escalation as it stood when the incident opened."""
    device_at: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[int | None] = mapped_column(BigInteger)
    stored_at: Mapped[int | None] = mapped_column(BigInteger)
    accepted_at: Mapped[int | None] = mapped_column(BigInteger)
    displayed_at: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_at: Mapped[int | None] = mapped_column(BigInteger)
    confirmed_at: Mapped[int | None] = mapped_column(BigInteger)
    confirmed_by: Mapped[str] = mapped_column(String(100), default="")
    """A person's name, `logic` for two independent triggers, empty while unconfirmed."""
    cause: Mapped[str] = mapped_column(String(200), default="")


class IncidentEvent(Records):
    """One thing that happened to an incident. Never changed, never deleted."""

    __tablename__ = "incident_event"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    key: Mapped[str | None] = mapped_column(String(500), unique=True)
    """Identity of what caused it, where the same thing may be said twice."""
    at: Mapped[int] = mapped_column(BigInteger)
    event: Mapped[str] = mapped_column(String(30))
    actor: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    """State of the incident after it."""
    text: Mapped[dict[str, str]] = mapped_column(JSON)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class Alert(Records):
    """A rule that fired on a device."""

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(500), unique=True)
    """rule, device and start of the episode: the same episode is recorded once."""
    open_key: Mapped[str | None] = mapped_column(String(400), unique=True)
    """rule and device while it is firing, NULL once resolved."""
    rule: Mapped[str] = mapped_column(String(150))
    device: Mapped[str] = mapped_column(String(300))
    signal: Mapped[str] = mapped_column(String(20))
    site: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(64))
    label: Mapped[dict[str, str]] = mapped_column(JSON)
    since: Mapped[int] = mapped_column(BigInteger)
    fired_at: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[float | None]
    historic: Mapped[bool]
    latched: Mapped[bool]
    """Ends by a person's reset only."""
    cleared_at: Mapped[int | None] = mapped_column(BigInteger)
    """When the device said that it is over."""
    resolved_at: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(60), default="")
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incident.id"), index=True)


class Notice(Records):
    """One message to one person through one notifier; its key makes it one message however often it is sent."""

    __tablename__ = "notice"
    __table_args__ = (Index("notice_due", "state", "due_at"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(300), unique=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    step: Mapped[int] = mapped_column(Integer)
    delay: Mapped[int] = mapped_column(BigInteger)
    """The step's `after`, ms."""
    purpose: Mapped[str] = mapped_column(String(20))
    """alarm, forward or reminder."""
    person: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    locale: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(100))
    """Telephone number or whatever the channel needs: personal data."""
    state: Mapped[str] = mapped_column(String(20))
    """due, sending, sent, delivered, failed or cancelled."""
    due_at: Mapped[int] = mapped_column(BigInteger)
    lease_owner: Mapped[str] = mapped_column(String(40), default="")
    lease_until: Mapped[int] = mapped_column(BigInteger, default=0)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    tried_at: Mapped[int | None] = mapped_column(BigInteger)
    """When it was first tried."""
    text: Mapped[str] = mapped_column(Text, default="")
    """Words as sent."""
    message_id: Mapped[str] = mapped_column(String(200), default="")
    sent_at: Mapped[int | None] = mapped_column(BigInteger)
    receipt_at: Mapped[int | None] = mapped_column(BigInteger)
    overdue: Mapped[bool] = mapped_column(default=False)
    """No receipt came in time, and the next step was told."""
    error: Mapped[str] = mapped_column(Text, default="")


class Receipt(Records):
    """What a gateway said about a message, as it said it."""

    __tablename__ = "receipt"

    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    notifier: Mapped[str] = mapped_column(String(60))
    notice_key: Mapped[str] = mapped_column(String(300), index=True)
    message_id: Mapped[str] = mapped_column(String(200), index=True)
    status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200), default="")
    """Why it failed, in the gateway's words."""
    at: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[int] = mapped_column(BigInteger)
