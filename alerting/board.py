"""Open incidents, firing alerts and the newest closed incidents in memory, as the records have them. Writes nothing."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from storage.records import incidents as kept
from storage.records import notices
from storage.records.database import RecordsDatabase

_RECENT = 200


class CaseFile(msgspec.Struct):
    """An incident with everything attached to it, as rows."""

    incident: Row[Any]
    events: list[Row[Any]]
    alerts: list[Row[Any]]
    notices: list[Row[Any]]


class Board:
    """What a page may ask for without waiting for the database."""

    def __init__(self, records: RecordsDatabase) -> None:
        """Take the records; `load` fills the board."""
        self._records = records
        self.files: dict[str, CaseFile] = {}
        self.alerts: list[Row[Any]] = []

    async def load(self) -> None:
        """Read open incidents, the newest closed ones, and firing alerts."""
        rows = await self._records.read(lambda tx: [*kept.open_incidents(tx), *kept.recent_incidents(tx, _RECENT)])
        await self.refresh([row.id for row in rows])
        await self.refresh_alerts()

    async def refresh(self, ids: Iterable[str]) -> None:
        """Read some incidents again."""
        wanted = list(ids)
        if not wanted:
            return
        self.files.update(await self._records.read(lambda tx: _cases(tx, wanted)))
        self._forget()

    async def refresh_alerts(self) -> None:
        """Read the firing alerts again."""
        self.alerts = list(await self._records.read(kept.open_alerts))

    def open(self) -> list[CaseFile]:
        """Return open incidents, newest first."""
        found = [case for case in self.files.values() if case.incident.open_key is not None]
        return sorted(found, key=lambda case: case.incident.opened_at, reverse=True)

    def _forget(self) -> None:
        """Keep no more than the newest closed incidents."""
        closed = [case.incident for case in self.files.values() if case.incident.open_key is None]
        for row in sorted(closed, key=lambda row: row.opened_at)[: max(0, len(closed) - _RECENT)]:
            del self.files[row.id]


def _cases(tx: Connection, ids: list[str]) -> dict[str, CaseFile]:
    """Read incidents with everything attached to them."""
    cases = {row.id: CaseFile(row, [], [], []) for row in kept.incidents_by_id(tx, ids)}
    for row in kept.events_of(tx, ids):
        cases[row.incident_id].events.append(row)
    for row in kept.alerts_of(tx, ids):
        cases[row.incident_id].alerts.append(row)
    for row in notices.notices_of(tx, ids):
        cases[row.incident_id].notices.append(row)
    return cases
