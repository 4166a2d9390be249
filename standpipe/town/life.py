"""The town alive: water model, sensors and fire panel on one clock, and the hands that open, break and light things."""

import asyncio
import logging
import random
from collections.abc import Callable

from standpipe.model.duration import parse_duration
from standpipe.model.registry import Registry
from standpipe.model.settings import Settings, split_listen
from standpipe.town.devices import HydrantSensor, SmokeDetector
from standpipe.town.hydraulics import open_hydraulics
from standpipe.town.network import SEED, Town, build_town
from standpipe.town.panel import Panel
from standpipe.town.roads import HttpRoad, MqttRoad, Reporter, Road

log = logging.getLogger(__name__)

PANEL = "WH-PANEL"
WATER_STEP = 1.0
"""Seconds between two solutions of the water model."""
_SHARE = 0.9
"""Devices speak a little more often than the registry expects, so that jitter makes nobody look silent."""


class TownLife:
    """Every simulated thing of the demo, running."""

    def __init__(self, settings: Settings, registry: Registry, *, clock: Callable[[], int], seed: int = SEED) -> None:
        """Build the town at the clock's present time; `run` makes it live."""
        rng = random.Random(seed)  # noqa: S311 - noise and jitter, guards nothing
        now = clock()
        self.town: Town = build_town()
        self.water = open_hydraulics(self.town, start=now)
        self.pressures = self.water.pressures()
        self._clock = clock
        self._settings = settings
        self.hydrants: dict[str, HydrantSensor] = {}
        self.detectors: dict[str, SmokeDetector] = {}
        for id_, device in registry.devices.items():
            interval = round(parse_duration(device.interval or "5s") * _SHARE)
            if id_ in self.pressures:
                self.hydrants[id_] = HydrantSensor(id_, interval=interval, start=now, rng=rng)
            elif device.type == SmokeDetector.device_type:
                self.detectors[id_] = SmokeDetector(id_, interval=interval, start=now, rng=rng)
        host, port = split_listen(settings.collector.gb26875.listen)
        source = bytes.fromhex(registry.devices[PANEL].address.removeprefix("gb26875:"))
        self.panel = Panel(source=source, host=host, port=port, clock=clock)
        self.reporters: dict[str, Reporter] = {}

    async def run(self) -> None:
        """Live until cancelled."""
        road = await self._road()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._flow())
                tasks.create_task(self.panel.run())
                devices: list[HydrantSensor | SmokeDetector] = [*self.hydrants.values(), *self.detectors.values()]
                for device in devices:
                    self.reporters[device.id] = Reporter(device.device_type, road)
                    tasks.create_task(self._speak(device, self.reporters[device.id]))
        finally:
            await road.close()

    def open_hydrant(self, hydrant: str, *, flow: float) -> None:
        """Take a hydrant's cap off and open it."""
        self.water.open_hydrant(hydrant, flow)
        self.hydrants[hydrant].cap_open = True
        self.pressures = self.water.pressures()

    def close_hydrant(self, hydrant: str) -> None:
        """Shut it and put the cap back."""
        self.water.close_hydrant(hydrant)
        self.hydrants[hydrant].cap_open = False
        self.pressures = self.water.pressures()

    def burst_main(self, pipe: str, *, flow: float) -> None:
        """Break a main."""
        self.water.burst_main(pipe, flow)
        self.pressures = self.water.pressures()

    def repair_main(self, pipe: str) -> None:
        """Mend it."""
        self.water.repair_main(pipe)
        self.pressures = self.water.pressures()

    def now(self) -> int:
        """Return the town's time, epoch ms."""
        return self._clock()

    @property
    def readings_sent(self) -> int:
        """Return how many samples the collector has taken."""
        return sum(reporter.sent for reporter in self.reporters.values())

    async def _road(self) -> Road:
        """Return the way to the collector: MQTT when the settings name a broker, else HTTP."""
        if not self._settings.collector.mqtt.host:
            http = self._settings.collector.http
            return HttpRoad(f"http://{http.listen}", token=http.token)
        road = MqttRoad(self._settings)
        await road.connect()
        return road

    async def _flow(self) -> None:
        """Keep the water model at the clock."""
        while True:
            self.water.advance(self._clock())
            self.pressures = self.water.pressures()
            await asyncio.sleep(WATER_STEP)

    async def _speak(self, device: HydrantSensor | SmokeDetector, reporter: Reporter) -> None:
        """Let one device measure and report for ever."""
        while True:
            await asyncio.sleep(max(0.0, (device.rhythm.next_at - self._clock()) / 1000))
            now = self._clock()
            device.rhythm.advance(now)
            if device.asleep:
                continue
            if isinstance(device, HydrantSensor):
                await reporter.report(device.sample(now, pressure=self.pressures[device.id]))
            else:
                await reporter.report(device.sample(now))
            if reporter.reason:
                log.warning("device=%s kept=%d reason=%s", device.id, reporter.kept, reporter.reason)
