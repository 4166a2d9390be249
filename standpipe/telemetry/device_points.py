"""What is known of every registered device as points: its own health, and totals by kind and place. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from alerting.views import AlertView, WallView
from plugins.catalogue import Catalogue
from standpipe.model.duration import parse_duration
from standpipe.model.registry import Device, Registry
from standpipe.model.signal import Signal
from storage.influx.platform_points import Point

LATE = 2.5
"""A device is silent when its last value is older than this many of its intervals."""
BREAKING = frozenset({Signal.FAULT, Signal.SHIELDED})
"""Signals of alerts that make a facility not intact."""
READINESS = ("unknown", "unusable", "degraded", "usable")


def device_points(
    view: WallView, heard: Mapping[str, int], registry: Registry, catalogue: Catalogue
) -> Iterator[Point]:
    """Yield the health of each device and the totals; `heard` is the last receive time by device, epoch ms.

    A device that was never heard has no age and counts as silent. All points carry the view's time, so that totals of
    one moment can be added up.
    """
    hydrants = {hydrant.id: hydrant for hydrant in view.hydrants}
    broken = _broken(view.alerts)
    totals: dict[tuple[str, str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for id_, device in registry.devices.items():
        kind, interval = _kind(device, catalogue)
        at = heard.get(id_)
        online = at is not None and view.at - at <= LATE * interval
        intact = online and id_ not in broken
        district = registry.sites[device.site].district
        place = {"site": device.site, "zone": device.zone, "district": district}
        hydrant = hydrants.get(id_)
        count = totals[kind, device.site, device.zone, district]
        count["total"] += 1
        count["online"] += online
        count["intact"] += intact
        if hydrant is not None:
            for grade in READINESS:
                count[grade] += grade == hydrant.readiness
        fields = {
            "name": device.name or id_,
            "latitude": device.latitude,
            "longitude": device.longitude,
            "online": int(online),
            "intact": int(intact),
            "age": None if at is None else max(0, view.at - at) / 1000,
            "readiness": None if hydrant is None else READINESS.index(hydrant.readiness),
            "pressure": None if hydrant is None else hydrant.pressure,
            "battery": None if hydrant is None else hydrant.battery,
        }
        yield Point("device_health", {"device": id_, "kind": kind, **place}, fields, view.at)
    for (kind, site, zone, district), counted in totals.items():
        tags = {"kind": kind, "site": site, "zone": zone, "district": district}
        yield Point("fleet", tags, dict(counted), view.at)


def _broken(alerts: Iterable[AlertView]) -> set[str]:
    """Return the devices that have a fault or are shielded; a component's fault is its transmitter's."""
    return {alert.device.partition("/")[0] for alert in alerts if alert.signal in BREAKING}


def _kind(device: Device, catalogue: Catalogue) -> tuple[str, int]:
    """Return the measurement and the reporting interval in ms."""
    loaded = catalogue.types.get(device.type)
    interval = device.interval or (loaded.type.interval if loaded else "10m")
    return (loaded.type.kind if loaded else device.type), parse_duration(interval)
