"""A service that makes up its states, for looking at the pages and for testing them. Never part of a running stack.

`python -m console.rehearsal --scene busy` serves the console with sixty hydrants, a fire and some trouble.
"""

import argparse
import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Literal

import uvicorn
from msgspec.structs import replace

from alerting import incidents
from alerting.views import AlertView, Change, EntryView, HydrantView, IncidentView, Readiness, SourceView, WallView
from console import made_up
from console.app import build_app
from standpipe.model import clock
from standpipe.model.settings import Settings, split_listen
from standpipe.model.signal import Signal

SCENES = ("empty", "quiet", "busy", "silent")


class Rehearsal:
    """Answers like `alerting.service.Alerting`, from memory."""

    def __init__(self, *, now: Callable[[], int] = clock.now, seed: int = 7) -> None:
        """Start with nothing registered and one collector in contact."""
        self.now = now
        self.hydrants: dict[str, HydrantView] = {}
        self.incidents: dict[str, IncidentView] = {}
        self.alerts: list[AlertView] = []
        self.problems: list[dict[str, str]] = []
        self.silent_since: int | None = None
        self.broken = False
        """True makes every look at the wall fail, as a service that hangs or crashes would."""
        self.displayed_at: dict[str, int] = {}
        self.acted: list[tuple[str, str, str, str, str]] = []
        self.looks = 0
        self._random = random.Random(seed)  # noqa: S311 - made-up pressures
        self._listeners: set[asyncio.Queue[Change]] = set()

    def wall(self, now: int) -> WallView:
        """Return the wall at `now`."""
        self.looks += 1
        if self.broken:
            raise RuntimeError("rehearsed failure")
        hydrants = [made_up.aged(hydrant, now) for hydrant in self.hydrants.values()]
        counts: dict[str, int] = {
            name: sum(hydrant.readiness == name for hydrant in hydrants) for name in made_up.REASONS
        }
        contact = self.silent_since or now - now % 1000
        sources = [SourceView(collector="c0ffee12ab", last_contact=contact, silent=self.silent_since is not None)]
        unheard = counts["unknown"]
        return WallView(
            at=now,
            incidents=[incident for incident in reversed(self.incidents.values()) if incident.state != "closed"],
            alerts=self.alerts,
            hydrants=hydrants,
            counts=counts,
            devices_total=len(hydrants) + 2,
            devices_heard=len(hydrants) + 2 - unheard,
            sources=sources,
            data_silent=self.silent_since is not None,
            problems=self.problems,
        )

    async def find(self, incident_id: str) -> IncidentView | None:
        """Return one incident."""
        return self.incidents.get(incident_id)

    def hydrant(self, hydrant_id: str, now: int) -> HydrantView | None:
        """Return one hydrant."""
        hydrant = self.hydrants.get(hydrant_id)
        return None if hydrant is None else made_up.aged(hydrant, now)

    async def act(self, incident_id: str, event: str, person: str, note: str, cause: str) -> IncidentView:
        """Move an incident by the real table. Raises IllegalTransition, and KeyError for an unknown incident."""
        incident = self.incidents[incident_id]
        signal = Signal(incident.signal)
        state = incidents.transition(incidents.State(incident.state), incidents.Event(event), signal).state
        self.acted.append((incident_id, event, person, note, cause))
        now = self.now()
        text = {"zh": note or "", "en": note or ""}
        ledger = incident.ledger
        if event == "acknowledge":
            ledger = replace(ledger, acknowledged=now)
        if event == "confirm":
            ledger = replace(ledger, confirmed=now)
        moved = replace(
            incident,
            state=state.value,
            actions=[action.value for action in incidents.actions(state, signal)],
            entries=[*incident.entries, EntryView(at=now, event=event, actor=person, text=text)],
            ledger=ledger,
        )
        self.incidents[incident_id] = moved
        self.tell("incidents", incident_id)
        return moved

    async def displayed(self, incident_id: str, at: int) -> None:
        """Keep the first time that an incident was shown."""
        if self.displayed_at.setdefault(incident_id, at) != at:
            return
        incident = self.incidents[incident_id]
        self.incidents[incident_id] = replace(incident, ledger=replace(incident.ledger, displayed=at))
        self.tell("incidents", incident_id)

    async def changes(self) -> AsyncIterator[Change]:
        """Yield what `tell` says."""
        queue: asyncio.Queue[Change] = asyncio.Queue(1000)
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    def tell(self, topic: Literal["incidents", "hydrants", "sources"], id_: str = "") -> None:
        """Tell every listener that something changed."""
        for queue in self._listeners:
            queue.put_nowait(Change(topic=topic, id=id_))

    def add_hydrants(self, count: int) -> None:
        """Register hydrants, all usable and fresh, on a grid of streets."""
        for number in range(1, count + 1):
            one = made_up.hydrant(number, self.now(), self._random)
            self.hydrants[one.id] = one

    def grade(self, id_: str, readiness: Readiness, pressure: float | None, age: int = 5_000) -> None:
        """Put one hydrant into a state, with data `age` ms old."""
        observed = None if pressure is None else self.now() - age
        hydrant = self.hydrants[id_]
        self.hydrants[id_] = replace(
            hydrant, readiness=readiness, reason=made_up.REASONS[readiness], pressure=pressure, observed_at=observed
        )
        self.tell("hydrants", id_)

    def add_alert(self, device: str, zh: str, en: str, value: float | None, since: int) -> None:
        """Let a rule fire on a device since `since` ms ago."""
        hydrant = self.hydrants.get(device)
        label, since_at = {"zh": zh, "en": en}, self.now() - since
        self.alerts.append(made_up.alert(f"{device}-{len(self.alerts)}", device, hydrant, label, value, since_at))
        if hydrant:
            self.hydrants[device] = replace(hydrant, alerts=["hydrant.low_pressure"])

    def open_incident(self, id_: str, *, signal: str = "fire", site: tuple[str, str], zone: tuple[str, str]) -> None:
        """Open a suspected incident with its first notices."""
        now = self.now()
        self.incidents[id_] = made_up.incident(id_, now, signal=signal, site=site, zone=zone)
        self.tell("incidents", id_)

    def play(self, scene: str) -> None:
        """Set up one of the SCENES."""
        if scene == "empty":
            return
        self.add_hydrants(60)
        if scene == "quiet":
            return
        self.grade("HY-012", "degraded", 128.4)
        self.grade("HY-017", "degraded", 121.0)
        self.grade("HY-022", "degraded", 134.9)
        self.grade("HY-037", "unusable", 61.2)
        self.grade("HY-041", "unknown", 310.0, 5_400_000)
        self.grade("HY-055", "unknown", None)
        self.add_alert("HY-037", "水压不足，无法供水", "pressure too low to use", 61.2, 312_000)
        self.add_alert("HY-012", "水压低", "low pressure", 128.4, 815_000)
        self.add_alert("HY-017", "水压低", "low pressure", 121.0, 801_000)
        self.add_alert("HY-008", "电量低", "low battery", 17.0, 86_000_000)
        self.open_incident(
            "inc-1", site=("城北物流仓库", "North Logistics Warehouse"), zone=("2 号防火分区", "Fire zone 2")
        )
        if scene == "silent":
            self.silent_since = self.now() - 47_000


def main() -> None:
    """Serve one scene until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m console.rehearsal", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scene", choices=SCENES, default="busy")
    parser.add_argument("--listen", default="127.0.0.1:8090")
    options = parser.parse_args()
    service = Rehearsal()
    service.play(options.scene)
    host, port = split_listen(options.listen)
    app = build_app(service, None, Settings())
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
