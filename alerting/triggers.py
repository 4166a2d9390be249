"""Which alarms belong to one incident, and which two of them are independent. Pure; knows the registry, no records."""

from collections.abc import Iterable
from typing import Any

from alerting.engine.events import AlertFired
from standpipe.model.registry import Registry
from standpipe.model.signal import Signal

_CLASS = {Signal.FIRE: "fire", Signal.MANUAL_ALARM: "fire", Signal.GAS: "gas"}


class Triggers:
    """Devices as the wire knows them: a panel that repeats its detector's fire is no second witness."""

    def __init__(self, registry: Registry) -> None:
        """Take the registry, which may have given components names of their own."""
        self._wire = {
            part.id: f"{id_}/{key}"
            for id_, device in registry.devices.items()
            for key, part in device.components.items()
            if part.id
        }

    def open_key(self, event: AlertFired) -> str:
        """Return (site, zone, class) of an alarm; a device without a place is a place of its own."""
        place = f"{event.site}|{event.zone}" if event.site else f"|device:{event.device}"
        return f"{place}|{_CLASS[event.rule.signal]}" + ("|historic" if event.historic else "")

    def independent(self, event: AlertFired, earlier: Iterable[Any], *, window: int) -> str | None:
        """Return a device among `earlier` alert rows that alarmed on its own within `window` ms, or None.

        An unknown zone confirms nothing.
        """
        if not event.zone:
            return None
        for alert in earlier:
            if alert.historic or abs(alert.since - event.start) > window:
                continue
            if not self._related(alert.device, event.device):
                return str(alert.device)
        return None

    def repeats(self, event: AlertFired, alert: Any) -> bool:
        """Return whether a fire is a panel's or system's word for the detector of an alert row."""
        if event.rule.signal is not Signal.FIRE or alert.signal != Signal.FIRE or event.rule.when is not Signal.FIRE:
            return False
        panel, part = self._wire.get(event.device, event.device), self._wire.get(alert.device, alert.device)
        return bool(part.startswith((f"{panel}/", f"{panel}.")))

    def _related(self, one: str, other: str) -> bool:
        """Return whether two names are one device, or one is the panel or system that speaks for the other."""
        first, second = sorted((self._wire.get(one, one), self._wire.get(other, other)), key=len)
        return second == first or second.startswith((f"{first}/", f"{first}."))
