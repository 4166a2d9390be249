"""Finds who sent an arrival: registered device, device type, placement. Never looks into the payload."""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from collector.arrival import Arrival
from plugins.catalogue import LoadedType
from plugins.checking import SiteFacts
from standpipe.model.registry import Device, Placement, Registry

_HOUR = 3_600_000
MAX_PLACES = 20_000
"""Components remembered per transmitter; more are looked up again each time."""


class Sender:
    """A registered device, with what its readings are stamped with."""

    __slots__ = (
        "_hour",
        "_networks",
        "_offset",
        "_places",
        "_registry",
        "_zone",
        "device",
        "facts",
        "id",
        "loaded",
        "reads_raw",
    )

    def __init__(self, id_: str, device: Device, loaded: LoadedType, registry: Registry) -> None:
        """Take the device's registry entry and its type."""
        self.id = id_
        self.device = device
        self.loaded = loaded
        self._registry = registry
        site = registry.sites[device.site]
        self.facts = SiteFacts(altitude=site.altitude, reference=device.reference, mounting=device.mounting)
        """What the place does to a pressure."""
        self.reads_raw = "lorawan" in loaded.type.transport
        """Whether its codec wants the device's own bytes rather than what a network server made of them."""
        self._networks = tuple(ipaddress.ip_network(peer, strict=False) for peer in device.peers)
        self._places: dict[str, Placement] = {}
        self._zone = ZoneInfo(site.timezone)
        self._hour = -1
        self._offset = 0

    def place(self, component: str) -> Placement:
        """Return what a reading of the device (or of its component) is stamped with."""
        place = self._places.get(component)
        if place is None:
            place = self._registry.place(self.id, component)
            if len(self._places) < MAX_PLACES:
                self._places[component] = place
        return place

    def utc_offset(self, at: int) -> int:
        """Return how many seconds east of UTC the site's wall clock was at epoch ms `at`."""
        hour = at // _HOUR
        if hour != self._hour:
            offset = datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone).utcoffset()
            assert offset is not None
            self._hour, self._offset = hour, int(offset.total_seconds())
        return self._offset

    def allows(self, peer: str) -> bool:
        """Return whether the device may speak from this IP address."""
        if not self._networks:
            return True
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._networks)


class Refusal:
    """Why an arrival has no sender: cause and reason of its quarantine."""

    __slots__ = ("cause", "device_type", "reason")

    def __init__(self, cause: str, reason: str, device_type: str = "") -> None:
        """Take the cause (see `record.Quarantined`) and words for a person."""
        self.cause = cause
        self.reason = reason
        self.device_type = device_type


class Directory:
    """All registered senders by wire address, made when first heard."""

    def __init__(self, types: Mapping[str, LoadedType], registry: Registry) -> None:
        """Take the catalogue's types and the registry."""
        self.types = types
        """What is in use; another mapping after a reload."""
        self._registry = registry
        self._senders: dict[str, Sender] = {}

    def use(self, types: Mapping[str, LoadedType]) -> None:
        """Take other device types from the next uplink on. Senders whose type stays the same are kept."""
        self.types = types
        self._senders = {
            address: sender
            for address, sender in self._senders.items()
            if types.get(sender.device.type) is sender.loaded
        }

    def find(self, address: str) -> Sender | None:
        """Return the registered sender of a wire address, None where nobody registered it or its type is unknown."""
        sender = self._senders.get(address)
        if sender is not None:
            return sender
        found = self._registry.by_address(address)
        if found is None or found[1].type not in self.types:
            return None
        sender = Sender(found[0], found[1], self.types[found[1].type], self._registry)
        self._senders[address] = sender
        return sender

    def address_of(self, name: str) -> str:
        """Return the wire address of a device by its registry id or by the address itself, empty for neither."""
        device = self._registry.devices.get(name)
        if device is not None:
            return device.address
        return next((a for a in (name, f"device:{name}") if self._registry.by_address(a) is not None), "")

    def admit(self, arrival: Arrival) -> Sender | Refusal:
        """Return the sender, or why the arrival cannot be taken as its."""
        sender = self._senders.get(arrival.address) or self.find(arrival.address)
        if sender is None:
            found = self._registry.by_address(arrival.address)
            if found is not None:
                return Refusal("type", f"device type {found[1].type!r} is not installed", found[1].type)
            return Refusal("unknown", "nobody registered this address", arrival.device_type)
        device = sender.device
        if arrival.device_type and arrival.device_type != device.type:
            reason = f"sent as {arrival.device_type}, registered as {device.type} ({sender.id})"
            return Refusal("type", reason, arrival.device_type)
        if device.peers and arrival.peer and not sender.allows(arrival.peer):
            reason = f"came from {arrival.peer}; {sender.id} may speak from {', '.join(device.peers)}"
            return Refusal("peer", reason, device.type)
        return sender
