"""The wall at one moment, from the board, the engine's last values and the registry. Pure; reads no clock."""

from collections.abc import Iterable, Mapping

import msgspec

from alerting.board import Board
from alerting.engine.silence import Expected
from alerting.engine.state import DeviceState
from alerting.messages import Places, pick
from alerting.readiness import STALE_INTERVALS, grade
from alerting.show import alert_view, incident_view
from alerting.views import HydrantView, SourceView, WallView
from plugins.catalogue import Catalogue
from standpipe.model.duration import parse_duration
from standpipe.model.registry import Device, Registry

_HYDRANT = "hydrant"


class Installed(msgspec.Struct, frozen=True):
    """What the registry and the catalogue say of a device, worked out once."""

    device: Device
    kind: str
    interval: int
    """ms."""


class Wall:
    """Makes views."""

    def __init__(
        self, registry: Registry, catalogue: Catalogue, places: Places, board: Board, *, language: str
    ) -> None:
        """Take what does not change, and the board; alerts of a hydrant are named in `language`."""
        self._language = language
        self._places = places
        self._board = board
        self.installed = {id_: _installed(device, catalogue) for id_, device in registry.devices.items()}
        self._hydrants = [id_ for id_, one in self.installed.items() if one.kind == _HYDRANT]
        self._root = {
            part.id: id_ for id_, device in registry.devices.items() for part in device.components.values() if part.id
        }

    def root(self, device: str) -> str:
        """Return the registered device that speaks for a component."""
        return self._root.get(device) or device.partition("/")[0]

    def expected(self) -> dict[str, Expected]:
        """Return the registered devices as the engine expects to hear them."""
        return {
            id_: Expected(kind=one.kind, site=one.device.site, zone=one.device.zone, interval=one.interval)
            for id_, one in self.installed.items()
        }

    def view(
        self,
        now: int,
        *,
        devices: Mapping[str, DeviceState],
        heard: Mapping[str, int],
        contacts: Mapping[str, int],
        data_silent: int,
        problems: Iterable[dict[str, str]],
    ) -> WallView:
        """Return the wall at `now`; `heard` is the last receive time by registered device, `data_silent` in ms."""
        labels = self._labels()
        hydrants = [self.hydrant(id_, now, devices.get(id_), labels.get(id_, [])) for id_ in self._hydrants]
        counts = dict.fromkeys(("usable", "degraded", "unusable", "unknown"), 0)
        for hydrant in hydrants:
            counts[hydrant.readiness] += 1
        sources = [
            SourceView(collector=name, last_contact=at, silent=now - at > data_silent)
            for name, at in sorted(contacts.items())
        ]
        return WallView(
            at=now,
            incidents=[incident_view(case, self._places) for case in self._board.open()],
            alerts=[alert_view(row, self._places) for row in self._board.alerts],
            hydrants=hydrants,
            counts=counts,
            devices_total=len(self.installed),
            devices_heard=sum(
                now - heard.get(id_, -(10**15)) <= STALE_INTERVALS * one.interval for id_, one in self.installed.items()
            ),
            sources=sources,
            data_silent=all(source.silent for source in sources),
            problems=list(problems),
        )

    def hydrant(self, id_: str, now: int, state: DeviceState | None, alerts: list[str] | None = None) -> HydrantView:
        """Return one registered hydrant. Raises KeyError for another id."""
        one = self.installed[id_]
        values = state.values if state is not None else {}
        pressure, observed_at = values.get("pressure", (None, None))
        battery, _ = values.get("battery", (None, None))
        readiness, reason = grade(
            pressure=pressure,
            observed_at=observed_at,
            interval=one.interval,
            now=now,
            suspect=state is not None and state.suspect,
            mounting=one.device.mounting,
        )
        return HydrantView(
            id=id_,
            name=one.device.name or id_,
            zone=one.device.zone,
            site=one.device.site,
            readiness=readiness,
            reason=reason,
            pressure=pressure,
            observed_at=observed_at,
            age=None if observed_at is None else now - observed_at,
            battery=battery,
            latitude=one.device.latitude,
            longitude=one.device.longitude,
            alerts=self._labels().get(id_, []) if alerts is None else alerts,
        )

    def is_hydrant(self, id_: str) -> bool:
        """Return whether the registry knows it as a hydrant."""
        return id_ in self.installed and self.installed[id_].kind == _HYDRANT

    def _labels(self) -> dict[str, list[str]]:
        labels: dict[str, list[str]] = {}
        for row in self._board.alerts:
            labels.setdefault(row.device, []).append(pick(row.label, self._language) or row.rule)
        return labels


def _installed(device: Device, catalogue: Catalogue) -> Installed:
    loaded = catalogue.types.get(device.type)
    interval = device.interval or (loaded.type.interval if loaded else "10m")
    return Installed(device, loaded.type.kind if loaded else "", parse_duration(interval))
