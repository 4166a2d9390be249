"""The wall and its incidents as points of the platform's measurements. Pure; sends nothing."""

import math
from collections.abc import Iterable, Iterator, Mapping
from statistics import median
from typing import Literal

from alerting.views import AlertView, HydrantView, IncidentView, WallView
from standpipe.model.reading import Value
from standpipe.model.registry import Registry
from storage.influx.platform_points import Point

Language = Literal["zh", "en"]

EVENTS = {
    "alarm": "opened",
    "acknowledge": "acknowledged",
    "confirm": "confirmed",
    "logic": "confirmed_by_logic",
    "false_alarm": "false_alarm",
    "fault": "fault",
    "test": "test",
    "drill": "drill",
    "reset": "closed",
    "close": "closed",
}
"""Event of the incident table -> value of the tag `event`; others are not drawn on charts."""
DISPOSITIONS = {"confirmed", "false_alarm", "fault"}
"""Those that count for the share of false alarms; tests and drills do not."""
STAGES = ("stored", "accepted", "handed_over", "delivered")
"""Points of an incident's ledger that are shown as latency; with so few fires p99 is the worst of them."""
NEAREST = 5
SLOTS = 20
_METRES_PER_DEGREE = 111_320.0


def wall_points(view: WallView, registry: Registry, *, language: Language) -> Iterator[Point]:
    """Yield totals, sources, open incidents and the hydrants near them, all at the moment of the view."""
    states = [incident.state for incident in view.incidents]
    yield Point(
        "wall",
        {},
        {
            "suspected": sum(state in ("suspected", "acknowledged") for state in states),
            "confirmed": states.count("confirmed"),
            "incidents": len(states),
            "alerts": len(view.alerts),
            "devices_total": view.devices_total,
            "devices_heard": view.devices_heard,
            "problems": len(view.problems),
            **{grade: view.counts.get(grade, 0) for grade in ("usable", "degraded", "unusable", "unknown")},
        },
        view.at,
    )
    for source in view.sources:
        age = max(0, view.at - source.last_contact) / 1000
        yield Point("source", {"source": source.collector}, {"age": age, "silent": int(source.silent)}, view.at)
    for number, incident in enumerate(view.incidents[:SLOTS], start=1):
        slot = f"{number:02d}"
        tags = {"slot": slot, **_place(incident, registry)}
        fields = {"incident": incident.id, "title": incident.title[language], "state": incident.state}
        yield Point("open_incident", tags, {**fields, "age": (view.at - incident.opened_at) / 1000}, view.at)
        for rank, (distance, hydrant) in enumerate(_nearest(incident, view.hydrants, registry), start=1):
            yield _near(incident, hydrant, distance, {"slot": slot, "rank": f"{rank:02d}"}, language, view.at)


def incident_points(incident: IncidentView, registry: Registry, *, language: Language) -> Iterator[Point]:
    """Yield an incident's events and notices at their own times: written again they are the same points."""
    place = _place(incident, registry)
    opened = False
    for entry in incident.entries:
        event = EVENTS.get(entry.event, "")
        if not event or (event == "opened" and opened):
            continue
        opened = opened or event == "opened"
        words = {
            "incident": incident.id,
            "title": incident.title[language],
            "text": entry.text.get(language, ""),
            "tags": ",".join(filter(None, (incident.signal, event, incident.site))),
        }
        disposed = int(event == "false_alarm") if event in DISPOSITIONS else None
        after = (entry.at - incident.opened_at) / 1000
        yield Point("incident", {"event": event, **place}, {**words, "after": after, "false_alarm": disposed}, entry.at)
    for number, notice in enumerate(incident.notices):
        if notice.sent_at is None:
            continue
        receipt = None if notice.receipt_at is None else (notice.receipt_at - notice.sent_at) / 1000
        tags = {"channel": notice.channel, "step": str(notice.step), "site": incident.site}
        fields = {"attempts": notice.attempts, "delivered": int(notice.state == "delivered"), "receipt": receipt}
        yield Point("notice", tags, {"incident": incident.id, **fields}, notice.sent_at + number)


def latency_points(incidents: Iterable[IncidentView], *, at: int) -> Iterator[Point]:
    """Yield how long fires of the open and latest incidents took to each stage, since their frame was received."""
    ledgers = [incident.ledger for incident in incidents if not incident.historic]
    for stage in STAGES:
        ends = [(getattr(ledger, stage), ledger.received) for ledger in ledgers]
        took = sorted((end - start) / 1000 for end, start in ends if end is not None and start is not None)
        if took:
            yield Point("latency", {"stage": stage}, {"p50": median(took), "p99": took[-1]}, at)


def alert_points(
    before: Iterable[AlertView], after: Iterable[AlertView], registry: Registry, *, language: Language, now: int
) -> Iterator[Point]:
    """Yield alerts that began between two looks at the wall, at their own time, and those that ended, at `now`."""
    old = {(alert.device, alert.rule, alert.since): alert for alert in before}
    new = {(alert.device, alert.rule, alert.since): alert for alert in after}
    for key in new.keys() - old.keys():
        yield _alert(new[key], "firing", new[key].since, registry, language)
    for key in old.keys() - new.keys():
        yield _alert(old[key], "resolved", now, registry, language)


def _alert(alert: AlertView, state: str, at: int, registry: Registry, language: Language) -> Point:
    device = registry.devices.get(alert.device.partition("/")[0])
    site = device.site if device else ""
    tags = {
        "device": alert.device,
        "rule": alert.rule,
        "signal": alert.signal,
        "state": state,
        "zone": alert.zone,
        "site": site,
        "district": registry.sites[site].district if site in registry.sites else "",
    }
    title = " · ".join(filter(None, (alert.label.get(language, alert.rule), alert.name or alert.device)))
    return Point("alert", tags, {"title": title, "value": alert.value}, at)


def _place(incident: IncidentView, registry: Registry) -> Mapping[str, str]:
    site = registry.sites.get(incident.site)
    district = site.district if site else ""
    return {"signal": incident.signal, "site": incident.site, "zone": incident.zone, "district": district}


def _near(
    incident: IncidentView, hydrant: HydrantView, distance: float, tags: Mapping[str, str], language: Language, at: int
) -> Point:
    fields: dict[str, Value | None] = {
        "incident": incident.title[language],
        "device": hydrant.id,
        "name": hydrant.name,
        "distance": distance,
        "pressure": hydrant.pressure,
        "age": None if hydrant.age is None else hydrant.age / 1000,
        "readiness": ("unknown", "unusable", "degraded", "usable").index(hydrant.readiness),
    }
    return Point("incident_hydrant", tags, fields, at)


def _nearest(
    incident: IncidentView, hydrants: Iterable[HydrantView], registry: Registry
) -> list[tuple[float, HydrantView]]:
    """Return the nearest hydrants with their distance in m, on a plane that is true enough within a town."""
    site = registry.sites.get(incident.site)
    if site is None or site.latitude is None or site.longitude is None:
        return []
    narrow = math.cos(math.radians(site.latitude))
    found = [
        (
            _METRES_PER_DEGREE
            * math.hypot(hydrant.latitude - site.latitude, (hydrant.longitude - site.longitude) * narrow),
            hydrant,
        )
        for hydrant in hydrants
        if hydrant.latitude is not None and hydrant.longitude is not None
    ]
    return sorted(found, key=lambda pair: (pair[0], pair[1].id))[:NEAREST]
