"""Incidents, their events and alerts, in the duty room's words: each function is one question or one entry.

All take a connection inside a transaction of `RecordsDatabase`. They decide nothing about states.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.records.database import insert_once
from storage.records.tables import Alert, Incident, IncidentEvent


async def open_incident(tx: AsyncConnection, values: dict[str, Any]) -> None:
    """Enter a new incident. Raises IntegrityError when its zone already has an open one of its class."""
    await tx.execute(insert(Incident).values(**values))


async def incident_of_zone(tx: AsyncConnection, open_key: str) -> Row[Any] | None:
    """Return the open incident of (site, zone, class), locked for this transaction."""
    query = select(Incident.__table__).where(Incident.open_key == open_key).with_for_update()
    return (await tx.execute(query)).first()


async def incident(tx: AsyncConnection, id_: str) -> Row[Any] | None:
    """Return one incident, locked for this transaction where that is a writing one."""
    return (await tx.execute(select(Incident.__table__).where(Incident.id == id_).with_for_update())).first()


async def incidents_by_id(tx: AsyncConnection, ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return some incidents."""
    return (await tx.execute(select(Incident.__table__).where(Incident.id.in_(ids)))).all()


async def open_incidents(tx: AsyncConnection) -> Sequence[Row[Any]]:
    """Return all incidents that are not closed, newest first."""
    query = select(Incident.__table__).where(Incident.open_key.is_not(None)).order_by(Incident.opened_at.desc())
    return (await tx.execute(query)).all()


async def recent_incidents(tx: AsyncConnection, limit: int) -> Sequence[Row[Any]]:
    """Return the newest closed incidents."""
    query = select(Incident.__table__).where(Incident.open_key.is_(None)).order_by(Incident.opened_at.desc())
    return (await tx.execute(query.limit(limit))).all()


async def change_incident(tx: AsyncConnection, id_: str, values: dict[str, Any]) -> None:
    """Change columns of one incident."""
    await tx.execute(update(Incident).where(Incident.id == id_).values(**values))


async def append_event(tx: AsyncConnection, values: dict[str, Any]) -> bool:
    """Append one event; return False when its key was there already."""
    if values.get("key") is None:
        await tx.execute(insert(IncidentEvent).values(**values))
        return True
    return await insert_once(tx, IncidentEvent, values)


async def events_of(tx: AsyncConnection, incident_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the events of some incidents in the order in which they were entered."""
    query = select(IncidentEvent.__table__).where(IncidentEvent.incident_id.in_(incident_ids))
    return (await tx.execute(query.order_by(IncidentEvent.id))).all()


async def enter_alert(tx: AsyncConnection, values: dict[str, Any]) -> bool:
    """Enter an alert; return False when this episode, or an open one of its rule and device, is entered already."""
    return await insert_once(tx, Alert, values)


async def alert_is_known(tx: AsyncConnection, key: str) -> bool:
    """Return whether an episode was entered."""
    return (await tx.execute(select(Alert.id).where(Alert.key == key))).first() is not None


async def open_alert(tx: AsyncConnection, open_key: str) -> Row[Any] | None:
    """Return the firing alert of (rule, device)."""
    return (await tx.execute(select(Alert.__table__).where(Alert.open_key == open_key))).first()


async def open_alerts(tx: AsyncConnection) -> Sequence[Row[Any]]:
    """Return all firing alerts, newest first."""
    query = select(Alert.__table__).where(Alert.open_key.is_not(None)).order_by(Alert.since.desc())
    return (await tx.execute(query)).all()


async def alerts_of(tx: AsyncConnection, incident_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the alerts attached to some incidents, oldest first."""
    query = select(Alert.__table__).where(Alert.incident_id.in_(incident_ids)).order_by(Alert.id)
    return (await tx.execute(query)).all()


async def attach_alert(tx: AsyncConnection, key: str, incident_id: str) -> None:
    """Make an alert part of an incident's evidence."""
    await tx.execute(update(Alert).where(Alert.key == key).values(incident_id=incident_id))


async def change_alert(tx: AsyncConnection, id_: int, values: dict[str, Any]) -> None:
    """Change columns of one alert."""
    await tx.execute(update(Alert).where(Alert.id == id_).values(**values))


async def resolve_alert(tx: AsyncConnection, key: str, *, at: int, reason: str) -> Row[Any] | None:
    """Take the end of an episode: an alert that is not latched is resolved, a latched one marked as cleared.

    Returns the alert as it was, None when there is none that is still firing.
    """
    query = select(Alert.__table__).where(Alert.key == key, Alert.open_key.is_not(None))
    row = (await tx.execute(query)).first()
    if row is None or (row.latched and row.cleared_at is not None):
        return None
    values = {"cleared_at": at} if row.latched else {"resolved_at": at, "open_key": None, "reason": reason}
    await tx.execute(update(Alert).where(Alert.id == row.id).values(**values))
    return row


async def resolve_alerts_of(tx: AsyncConnection, incident_id: str, *, at: int, reason: str) -> None:
    """Resolve every alert of an incident, latched or not."""
    query = update(Alert).where(Alert.incident_id == incident_id, Alert.open_key.is_not(None))
    await tx.execute(query.values(resolved_at=at, open_key=None, reason=reason))
