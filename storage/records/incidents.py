"""Incidents, their events and alerts, in the duty room's words: each function is one question or one entry.

All take a connection inside a transaction of `RecordsDatabase`. They decide nothing about states.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from storage.records.database import insert_once
from storage.records.tables import Alert, Incident, IncidentEvent


def open_incident(tx: Connection, values: dict[str, Any]) -> None:
    """Enter a new incident. Raises IntegrityError when its zone already has an open one of its class."""
    tx.execute(insert(Incident), values)


def incident_of_zone(tx: Connection, open_key: str) -> Row[Any] | None:
    """Return the open incident of (site, zone, class), locked for this transaction."""
    query = select(Incident.__table__).where(Incident.open_key == open_key).with_for_update()
    return (tx.execute(query)).first()


def incident(tx: Connection, id_: str) -> Row[Any] | None:
    """Return one incident, locked for this transaction where that is a writing one."""
    return (tx.execute(select(Incident.__table__).where(Incident.id == id_).with_for_update())).first()


def incidents_by_id(tx: Connection, ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return some incidents."""
    return (tx.execute(select(Incident.__table__).where(Incident.id.in_(ids)))).all()


def open_incidents(tx: Connection) -> Sequence[Row[Any]]:
    """Return all incidents that are not closed, newest first."""
    query = select(Incident.__table__).where(Incident.open_key.is_not(None)).order_by(Incident.opened_at.desc())
    return (tx.execute(query)).all()


def recent_incidents(tx: Connection, limit: int) -> Sequence[Row[Any]]:
    """Return the newest closed incidents."""
    query = select(Incident.__table__).where(Incident.open_key.is_(None)).order_by(Incident.opened_at.desc())
    return (tx.execute(query.limit(limit))).all()


def change_incident(tx: Connection, id_: str, values: dict[str, Any]) -> None:
    """Change columns of one incident."""
    tx.execute(update(Incident).where(Incident.id == id_).values(**values))


def record_displayed(tx: Connection, id_: str, *, at: int) -> None:
    """Record when an incident was first on a screen; later calls change nothing."""
    tx.execute(update(Incident).where(Incident.id == id_, Incident.displayed_at.is_(None)).values(displayed_at=at))


def append_event(tx: Connection, values: dict[str, Any]) -> bool:
    """Append one event; return False when its key was there already."""
    if values.get("key") is None:
        tx.execute(insert(IncidentEvent), values)
        return True
    return insert_once(tx, IncidentEvent, [values]) > 0


def events_of(tx: Connection, incident_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the events of some incidents in the order in which they were entered."""
    query = select(IncidentEvent.__table__).where(IncidentEvent.incident_id.in_(incident_ids))
    return (tx.execute(query.order_by(IncidentEvent.id))).all()


def enter_alert(tx: Connection, values: dict[str, Any]) -> bool:
    """Enter an alert; return False when this episode, or an open one of its rule and device, is entered already."""
    return insert_once(tx, Alert, [values]) > 0


def alert_is_known(tx: Connection, key: str) -> bool:
    """Return whether an episode was entered."""
    return (tx.execute(select(Alert.id).where(Alert.key == key))).first() is not None


def open_alert(tx: Connection, open_key: str) -> Row[Any] | None:
    """Return the firing alert of (rule, device)."""
    return (tx.execute(select(Alert.__table__).where(Alert.open_key == open_key))).first()


def open_alerts(tx: Connection) -> Sequence[Row[Any]]:
    """Return all firing alerts, newest first."""
    query = select(Alert.__table__).where(Alert.open_key.is_not(None)).order_by(Alert.since.desc())
    return (tx.execute(query)).all()


def open_alerts_of_site(tx: Connection, site: str) -> Sequence[Row[Any]]:
    """Return the firing alerts of a site that are attached to an incident, oldest first."""
    query = select(Alert.__table__).where(
        Alert.open_key.is_not(None), Alert.site == site, Alert.incident_id.is_not(None)
    )
    return (tx.execute(query.order_by(Alert.id))).all()


def alerts_of(tx: Connection, incident_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the alerts attached to some incidents, oldest first."""
    query = select(Alert.__table__).where(Alert.incident_id.in_(incident_ids)).order_by(Alert.id)
    return (tx.execute(query)).all()


def attach_alert(tx: Connection, key: str, incident_id: str) -> None:
    """Make an alert part of an incident's evidence."""
    tx.execute(update(Alert).where(Alert.key == key).values(incident_id=incident_id))


def change_alert(tx: Connection, id_: int, values: dict[str, Any]) -> None:
    """Change columns of one alert."""
    tx.execute(update(Alert).where(Alert.id == id_).values(**values))


def resolve_alert(tx: Connection, key: str, *, at: int, reason: str) -> Row[Any] | None:
    """Take the end of an episode: an alert that is not latched is resolved, a latched one marked as cleared.

    Returns the alert as it was, None when there is none that is still firing.
    """
    query = select(Alert.__table__).where(Alert.key == key, Alert.open_key.is_not(None))
    row = (tx.execute(query)).first()
    if row is None or (row.latched and row.cleared_at is not None):
        return None
    values = {"cleared_at": at} if row.latched else {"resolved_at": at, "open_key": None, "reason": reason}
    tx.execute(update(Alert).where(Alert.id == row.id).values(**values))
    return row


def resolve_alerts_of(tx: Connection, incident_id: str, *, at: int, reason: str) -> None:
    """Resolve every alert of an incident, latched or not."""
    query = update(Alert).where(Alert.incident_id == incident_id, Alert.open_key.is_not(None))
    tx.execute(query.values(resolved_at=at, open_key=None, reason=reason))
