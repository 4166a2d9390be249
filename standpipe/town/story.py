"""The demo's script: what happens in the first 90 seconds, and whether the platform saw it. Acts only on the town."""

import asyncio

from alerting.views import AlertView, IncidentView, NoticeView, WallView
from standpipe.model.registry import Registry
from standpipe.model.signal import Signal
from standpipe.town.life import PANEL, TownLife
from standpipe.town.panel import FIRE
from standpipe.town.terminal import Mark, Terminal
from standpipe.town.transmitter import Ticket
from standpipe.town.watch import Watch

HYDRANT_AT, FIRE_AT, CLOSE_AT = 20.0, 45.0, 88.0
"""Seconds after the town came alive."""
PATIENCE = 25.0
"""Seconds to wait for what must follow; then it counts as missing."""
SECOND_STEP_PATIENCE = 35.0
HYDRANT_ZONE, HYDRANT_FLOW = "old-town", 28.0
"""Where the hydrant is opened, in the dead-end lane, and L/s that it gives at 100 kPa."""
DETECTOR = (40, 131_082)
"""Component type (smoke detector) and address of the detector that sees the fire."""
COMPONENT = f"1.1.{DETECTOR[0]}.{DETECTOR[1]}"

CHAPTERS = {
    "usable": "every hydrant usable on the wall",
    "pressure": "low pressure alert of the opened hydrant",
    "incident": "fire incident on the wall",
    "message": "SMS handed to the gateway",
    "receipt": "delivery receipt of the SMS",
}
"""What must happen for the demo to have worked."""


class Story:
    """The script and its memory of what came true."""

    def __init__(self, life: TownLife, watch: Watch, *, registry: Registry, terminal: Terminal) -> None:
        """Take the town, the eyes, names, and where to tell it."""
        self._life = life
        self._watch = watch
        self._registry = registry
        self._terminal = terminal
        self._ticket: Ticket | None = None
        self.opened = life.town.lane(HYDRANT_ZONE)[1]
        self.done: dict[str, bool] = dict.fromkeys(CHAPTERS, False)
        self.fire: IncidentView | None = None
        """The fire's incident as last seen."""

    @property
    def complete(self) -> bool:
        """Return whether every chapter came true."""
        return all(self.done.values())

    async def run(self) -> None:
        """Play the script once; what does not happen is said and left behind."""
        start = asyncio.get_running_loop().time()

        async def wait_until(second: float) -> None:
            await asyncio.sleep(max(0.0, start + second - asyncio.get_running_loop().time()))

        await self._first_readings()
        await wait_until(HYDRANT_AT)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hydrant())
            await wait_until(FIRE_AT)
            tasks.create_task(self._fire())
        await wait_until(CLOSE_AT)
        await self._recovery()

    async def _first_readings(self) -> None:
        """Wait for the town on the wall."""
        hydrants = len(self._life.hydrants)
        seen = await self._watch.on_wall(
            lambda wall: wall if wall.counts.get("usable", 0) == hydrants else None, patience=min(PATIENCE, HYDRANT_AT)
        )
        if seen is None:
            self._missing("usable")
            return
        self.done["usable"] = True
        text = f"{hydrants} of {hydrants} hydrants usable, {seen.devices_heard} of {seen.devices_total} devices heard"
        self._terminal.event("wall", text)

    async def _hydrant(self) -> None:
        """Open the hydrant and wait for its alert."""
        life, hydrant = self._life, self.opened
        before, opened_at = life.pressures[hydrant.id], self._now()
        life.open_hydrant(hydrant.id, flow=HYDRANT_FLOW)
        flow, after = life.water.outflow(hydrant.id), life.pressures[hydrant.id]
        text = f"{hydrant.en} {hydrant.id} opened, {flow:.0f} L/s; pressure {before:.0f} -> {after:.0f} kPa"
        self._terminal.event("hydrant", text)

        def find(wall: WallView) -> AlertView | None:
            return next((alert for alert in wall.alerts if alert.device == hydrant.id and _about_low(alert)), None)

        alert = await self._watch.on_wall(find, patience=PATIENCE)
        if alert is None:
            self._missing("pressure")
            return
        self.done["pressure"] = True
        value = "" if alert.value is None else f" at {alert.value:.0f} kPa"
        self._terminal.event(
            "alert", f"{alert.label.get('en', alert.rule)}{value} (the rule waits 8 s)", latency=self._now() - opened_at
        )

    async def _fire(self) -> None:
        """Let the detector see smoke and follow the alarm to the duty officer's telephone."""
        name = _english(self._registry.devices[PANEL].components[COMPONENT].name)
        ticket = self._ticket = self._life.panel.component(*DETECTOR, status=FIRE, text="二层配件库A排感烟")
        self._terminal.event("fire", f"{name}, over GB/T 26875.3")
        device = f"{PANEL}/{COMPONENT}"

        def opened(wall: WallView) -> IncidentView | None:
            return next(
                (each for each in wall.incidents if each.signal == Signal.FIRE and device in each.devices), None
            )

        self.fire = await self._watch.on_wall(opened, patience=PATIENCE)
        sent_at = ticket.first_sent_at or ticket.submitted_at
        if ticket.confirmed_at is not None:
            self._terminal.event("confirm", "collector: on disk, panel told", latency=ticket.confirmed_at - sent_at)
        if self.fire is None:
            self._missing("incident", "message", "receipt")
            return
        self.done["incident"] = True
        incident = self.fire
        title = incident.title.get("en", "fire")
        self._terminal.event("incident", f"{title}", latency=incident.opened_at - sent_at)
        notice = await self._watch.on_incident(incident.id, _sent, patience=PATIENCE)
        if notice is None:
            self._missing("message", "receipt")
            return
        self.done["message"] = True
        text = f"step {notice.step + 1}: {_english(notice.person)}, {notice.to}"
        self._terminal.event("SMS", text, latency=(notice.sent_at or 0) - sent_at)
        notice = await self._watch.on_incident(incident.id, _delivered, patience=PATIENCE)
        if notice is None:
            self._missing("receipt")
            return
        self.done["receipt"] = True
        self._terminal.event("receipt", "gateway: delivered", latency=(notice.receipt_at or 0) - sent_at)
        self.fire = await self._watch.incident(incident.id) or self.fire
        await self._second_step(incident.id)

    async def _second_step(self, id_: str) -> None:
        """Tell what comes next: somebody acknowledges in the console, or the second step is due."""

        def find(incident: IncidentView) -> IncidentView | None:
            moved = incident.state != "suspected" or any(
                notice.step > 0 and notice.sent_at is not None for notice in incident.notices
            )
            return incident if moved else None

        incident = await self._watch.on_incident(id_, find, patience=SECOND_STEP_PATIENCE)
        if incident is None:
            return
        if incident.state != "suspected":
            self._terminal.event("incident", f"is {incident.state.replace('_', ' ')}: escalation stops")
            return
        for notice in incident.notices:
            if notice.step > 0 and notice.sent_at is not None:
                text = f"nobody acknowledged; step {notice.step + 1}: {_english(notice.person)}, {notice.to}"
                self._terminal.event("SMS", text)

    async def _recovery(self) -> None:
        """Shut the hydrant and see the pressure come back."""
        hydrant = self.opened
        self._life.close_hydrant(hydrant.id)
        shut_at = self._now()
        pressure = self._life.pressures[hydrant.id]
        self._terminal.event("hydrant", f"{hydrant.en} shut; pressure {pressure:.0f} kPa")

        def find(wall: WallView) -> bool | None:
            return None if any(alert.device == hydrant.id for alert in wall.alerts) else True

        if await self._watch.on_wall(find, patience=PATIENCE):
            self._terminal.event("alert", "low pressure resolved", latency=self._now() - shut_at)

    def marks(self) -> list[Mark]:
        """Return the road of the fire's first alarm, from the panel to the telephone."""
        ticket, ledger = self._ticket, self.fire.ledger if self.fire else None
        if ticket is None or ledger is None:
            return [Mark(what="frame leaves the panel", at=ticket.first_sent_at if ticket else None)]
        return [
            Mark(what="frame leaves the panel", at=ticket.first_sent_at),
            Mark(what="received by the collector", at=ledger.received),
            Mark(what="on the collector's disk", at=ledger.stored),
            Mark(what="accepted by alerting, on its disk", at=ledger.accepted),
            Mark(what="incident opened", at=ledger.opened),
            Mark(what="SMS handed to the gateway", at=ledger.handed_over),
            Mark(what="SMS delivered, says the receipt", at=ledger.delivered),
            Mark(what="shown on a screen", at=ledger.displayed, absent="no wall open"),
        ]

    def _now(self) -> int:
        return self._life.now()

    def _missing(self, *chapters: str) -> None:
        for chapter in chapters:
            self._terminal.event("MISSING", CHAPTERS[chapter])


def _english(name: str) -> str:
    """Return the English words of a name in two languages; the terminal speaks English."""
    return " ".join(word for word in name.split() if word.isascii()) or name


def _about_low(alert: AlertView) -> bool:
    return alert.rule.endswith("low_pressure")


def _sent(incident: IncidentView) -> NoticeView | None:
    return next((notice for notice in incident.notices if notice.sent_at is not None), None)


def _delivered(incident: IncidentView) -> NoticeView | None:
    return next((notice for notice in incident.notices if notice.receipt_at is not None), None)
