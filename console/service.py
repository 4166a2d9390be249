"""What the console asks of alerting and of the time-series store. Names the calls, implements none of them."""

from collections.abc import AsyncIterator
from typing import Protocol

from alerting.views import Change, HydrantView, IncidentView, WallView


class Service(Protocol):
    """The part of `alerting.service.Alerting` that pages are made of."""

    def wall(self, now: int) -> WallView:
        """Return the wall at `now`, epoch ms."""

    async def find(self, incident_id: str) -> IncidentView | None:
        """Return any incident that was ever recorded; None when there is none of that id."""

    def hydrant(self, hydrant_id: str, now: int) -> HydrantView | None:
        """Return one hydrant at `now`; None when the registry does not know it."""

    async def act(self, incident_id: str, event: str, person: str, note: str, cause: str) -> IncidentView:
        """Raise a person's event. Raises IllegalTransition when the state does not allow it."""

    async def displayed(self, incident_id: str, at: int) -> None:
        """Record when a screen first showed the incident; later calls change nothing."""

    def changes(self) -> AsyncIterator[Change]:
        """Yield a hint each time something on the wall may have changed."""
