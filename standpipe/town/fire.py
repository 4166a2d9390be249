"""The fire of the story: a detector in the warehouse, followed to the duty officer's telephone. Puts nothing out."""

from alerting.views import IncidentView, NoticeView, WallView
from standpipe.model.registry import Registry
from standpipe.model.signal import Signal
from standpipe.town.chapters import PATIENCE, Chapters
from standpipe.town.life import PANEL, TownLife
from standpipe.town.panel import FIRE
from standpipe.town.terminal import Mark, Terminal
from standpipe.town.transmitter import Ticket
from standpipe.town.watch import Watch

SECOND_STEP_PATIENCE = 35.0
"""Seconds to wait for an acknowledgement or the second step of the plan."""
DETECTOR = (40, 131_082)
"""Component type (smoke detector) and address of the detector that sees the fire."""
COMPONENT = f"1.1.{DETECTOR[0]}.{DETECTOR[1]}"


class Fire:
    """One alarm on its road."""

    def __init__(
        self, life: TownLife, watch: Watch, *, registry: Registry, terminal: Terminal, chapters: Chapters
    ) -> None:
        """Take the town, the eyes, names, where to tell it, and the list to tick."""
        self._life = life
        self._watch = watch
        self._registry = registry
        self._terminal = terminal
        self._chapters = chapters
        self._ticket: Ticket | None = None
        self.incident: IncidentView | None = None
        """The incident as last seen."""

    async def run(self) -> None:
        """Let the detector see smoke and follow the alarm; tell each point with its latency."""
        name = _english(self._registry.devices[PANEL].components[COMPONENT].name)
        ticket = self._ticket = self._life.panel.component(*DETECTOR, status=FIRE, text="二层配件库A排感烟")
        self._terminal.event("fire", f"{name}, over GB/T 26875.3")
        device = f"{PANEL}/{COMPONENT}"

        def opened(wall: WallView) -> IncidentView | None:
            return next(
                (each for each in wall.incidents if each.signal == Signal.FIRE and device in each.devices), None
            )

        self.incident = await self._watch.on_wall(opened, patience=PATIENCE)
        sent_at = ticket.first_sent_at or ticket.submitted_at
        if ticket.confirmed_at is not None:
            self._terminal.event("confirm", "collector: on disk, panel told", latency=ticket.confirmed_at - sent_at)
        if self.incident is None:
            self._chapters.missing("incident", "message", "receipt")
            return
        self._chapters.came_true("incident")
        incident = self.incident
        where = incident.zone_name.get("en", incident.zone)
        self._terminal.event("incident", f"on the wall: {where}", latency=incident.opened_at - sent_at)
        self._terminal.event("", self._watch.page(incident.id))
        notice = await self._watch.on_incident(incident.id, _sent, patience=PATIENCE)
        if notice is None:
            self._chapters.missing("message", "receipt")
            return
        self._chapters.came_true("message")
        text = f"step {notice.step + 1}: {_english(notice.person)}, {notice.to}"
        self._terminal.event("SMS", text, latency=(notice.sent_at or 0) - sent_at)
        notice = await self._watch.on_incident(incident.id, _delivered, patience=PATIENCE)
        if notice is None:
            self._chapters.missing("receipt")
            return
        self._chapters.came_true("receipt")
        self._terminal.event("receipt", "gateway: delivered", latency=(notice.receipt_at or 0) - sent_at)
        self.incident = await self._watch.incident(incident.id) or self.incident
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
        self.incident = incident
        if incident.state != "suspected":
            self._terminal.event("incident", f"is {incident.state.replace('_', ' ')}: escalation stops")
            return
        for notice in incident.notices:
            if notice.step > 0 and notice.sent_at is not None:
                text = f"nobody acknowledged; step {notice.step + 1}: {_english(notice.person)}, {notice.to}"
                self._terminal.event("SMS", text)

    def marks(self) -> list[Mark]:
        """Return the road of the alarm, from the panel to the telephone, in the order in which it was travelled."""
        if self._ticket is None or self.incident is None:
            return []
        ledger = self.incident.ledger
        road = [
            Mark(what="frame leaves the panel", at=self._ticket.first_sent_at),
            Mark(what="received by the collector", at=ledger.received),
            Mark(what="on the collector's disk", at=ledger.stored),
            Mark(what="accepted by alerting, on its disk", at=ledger.accepted),
            Mark(what="incident opened", at=ledger.opened),
            Mark(what="shown on a screen", at=ledger.displayed, absent="no wall open"),
            Mark(what="SMS handed to the gateway", at=ledger.handed_over),
            Mark(what="SMS delivered, says the receipt", at=ledger.delivered),
            Mark(what="acknowledged by a person", at=ledger.acknowledged, absent="nobody did"),
        ]
        return [*sorted((mark for mark in road if mark.at), key=_time), *(mark for mark in road if not mark.at)]


def _time(mark: Mark) -> int:
    return mark.at or 0


def _english(name: str) -> str:
    """Return the English words of a name in two languages; the terminal speaks English."""
    return " ".join(word for word in name.split() if word.isascii()) or name


def _sent(incident: IncidentView) -> NoticeView | None:
    return next((notice for notice in incident.notices if notice.sent_at is not None), None)


def _delivered(incident: IncidentView) -> NoticeView | None:
    return next((notice for notice in incident.notices if notice.receipt_at is not None), None)
