"""Site, Zone, Device and the Registry that finds them: what is installed where, read from provisioning/sites."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from standpipe.model.duration import parse_duration
from standpipe.model.errors import ConfigError, Fault
from standpipe.model.toml_file import convert, line_of, read_toml

Datum = Literal["wgs84", "gcj02", "bd09"]
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ADDRESS = re.compile(r"[a-z0-9]+:\S{1,200}")


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place with an owner: a warehouse, a school, a stretch of streets."""

    name: dict[str, str]
    district: str = ""
    latitude: float | None = None
    longitude: float | None = None
    datum: Datum = "wgs84"
    altitude: float = 0.0
    """Metres above sea level; gauge pressure of absolute sensors needs it."""
    timezone: str = "Asia/Shanghai"
    plan: str = ""
    """Escalation plan of its incidents; empty for the plan named `default`."""


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fire zone of a site, or a pressure zone of a water network."""

    site: str
    name: dict[str, str]


class Component(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One detector, button or module behind a transmitter."""

    name: str = ""
    zone: str = ""
    """Zone id; empty for the transmitter's zone."""
    id: str = ""
    """Device id to use instead of `<transmitter>/<component>`."""


class Device(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One installed device, known by its wire address."""

    type: str
    address: str
    site: str
    zone: str = ""
    name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    datum: Datum = "wgs84"
    interval: str = ""
    """How often it reports; empty for the device type's interval."""
    mounting: Literal["main", "barrel"] = "main"
    reference: Literal["gauge", "absolute", "sealed"] = "gauge"
    """What its pressure counts from: the air here, vacuum, or the air of sea level sealed into the sensor."""
    profile: str = ""
    peers: list[str] = []
    """Networks (CIDR) from which its connection is taken; empty for any."""
    components: dict[str, Component] = {}


class _SitesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of provisioning/sites: tables by id."""

    site: dict[str, Site] = {}
    zone: dict[str, Zone] = {}
    device: dict[str, Device] = {}


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading is stamped with."""

    device: str
    site: str
    zone: str
    district: str
    name: str


class Registry:
    """All sites, zones and devices, with look-ups by id and by wire address. Never changes after it is built."""

    def __init__(self, *, sites: Mapping[str, Site], zones: Mapping[str, Zone], devices: Mapping[str, Device]) -> None:
        """Take checked tables; `read_registry` is the way from files."""
        self.sites = dict(sites)
        self.zones = dict(zones)
        self.devices = dict(devices)
        self._by_address = {device.address: id_ for id_, device in devices.items()}

    def by_address(self, address: str) -> tuple[str, Device] | None:
        """Return (id, device) of a wire address, or None when nobody registered it."""
        id_ = self._by_address.get(address)
        return None if id_ is None else (id_, self.devices[id_])

    def place(self, device_id: str, component: str = "") -> Placement:
        """Return the stamp for a reading of a device or its component. Raises KeyError for an unknown device."""
        device = self.devices[device_id]
        part = device.components.get(component) if component else None
        zone = (part.zone if part else "") or device.zone
        id_ = device_id if not component else (part.id if part and part.id else f"{device_id}/{component}")
        name = (part.name if part else "") or (device.name if not component else "")
        district = self.sites[device.site].district
        return Placement(device=id_, site=device.site, zone=zone, district=district, name=name)


def read_registry(folder: Path) -> Registry:
    """Read every *.toml below `folder` into one registry. Raises ConfigError with all faults of all files."""
    sites: dict[str, Site] = {}
    zones: dict[str, Zone] = {}
    devices: dict[str, Device] = {}
    origin: dict[tuple[str, str], Path] = {}
    faults: list[Fault] = []
    if not folder.is_dir():
        raise ConfigError([Fault(str(folder), "", "no such folder; it holds the site files")])
    for path in sorted(folder.rglob("*.toml")):
        try:
            file = convert(read_toml(path), _SitesFile, path=path)
        except ConfigError as err:
            faults.extend(err.faults)
            continue
        for table, target in (("site", sites), ("zone", zones), ("device", devices)):
            for id_, value in getattr(file, table).items():
                if not _ID.fullmatch(id_):
                    faults.append(Fault(str(path), f"{table}.{id_}", "expected letters, digits, - _ . (64 at most)"))
                if (table, id_) in origin:
                    faults.append(Fault(str(path), f"{table}.{id_}", f"is also in {origin[table, id_]}"))
                origin[table, id_] = path
                target[id_] = value
    faults.extend(_cross_check(sites, zones, devices, origin))
    if faults:
        raise ConfigError(faults)
    return Registry(sites=sites, zones=zones, devices=devices)


def _cross_check(
    sites: dict[str, Site], zones: dict[str, Zone], devices: dict[str, Device], origin: dict[tuple[str, str], Path]
) -> list[Fault]:
    """Return what does not fit together: names that lead nowhere, addresses used twice, intervals that are not."""
    faults: list[Fault] = []

    def fault(table: str, id_: str, key: str, reason: str) -> None:
        path = origin[table, id_]
        faults.append(Fault(str(path), f"{table}.{id_}.{key}", reason, line_of(path, f"{table}.{id_}.{key}")))

    for id_, zone in zones.items():
        if zone.site not in sites:
            fault("zone", id_, "site", f"no site {zone.site!r}")
    seen: dict[str, str] = {}
    for id_, device in devices.items():
        if device.site not in sites:
            fault("device", id_, "site", f"no site {device.site!r}")
        parts = [(f"components.{key}", part.zone) for key, part in device.components.items()]
        for key, zone_id in [("zone", device.zone), *parts]:
            if zone_id and zone_id not in zones:
                fault("device", id_, key, f"no zone {zone_id!r}")
        if not _ADDRESS.fullmatch(device.address):
            fault("device", id_, "address", f"expected scheme:value, like gb26875:790300000000, got {device.address!r}")
        elif device.address in seen:
            fault("device", id_, "address", f"{device.address} is also the address of {seen[device.address]}")
        seen[device.address] = id_
        for peer in device.peers:
            try:
                ipaddress.ip_network(peer, strict=False)
            except ValueError:
                fault("device", id_, "peers", f"expected networks like 10.1.0.0/16, got {peer!r}")
        if device.interval:
            try:
                parse_duration(device.interval)
            except ValueError as err:
                fault("device", id_, "interval", str(err))
    return faults
