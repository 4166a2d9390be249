"""Life in the town after the story: a burst main, and small things at random. Acts only on the town, for ever."""

import asyncio
import random

from alerting.views import WallView
from standpipe.town.life import TownLife
from standpipe.town.panel import FAULT, MAINS_FAULT, NORMAL
from standpipe.town.terminal import Terminal
from standpipe.town.watch import Watch

BURST_ZONE, BURST_FLOW = "riverside", 45.0
"""Where a main breaks, and L/s that run out of it at 100 kPa."""
QUIET = 20.0
"""Seconds of peace before the main breaks."""
REPAIR_AFTER = 75.0
PAUSES = (35.0, 80.0)
"""Shortest and longest pause between small things, seconds."""
LASTS = 45.0
"""Seconds that a small thing lasts."""
PUMP = (91, 196_609)
"""Component type (fire pump) and address."""


class Afterwards:
    """What happens from then on."""

    def __init__(self, life: TownLife, watch: Watch, *, terminal: Terminal, seed: int = 7) -> None:
        """Take the town, the eyes and where to tell it."""
        self._life = life
        self._watch = watch
        self._terminal = terminal
        self._rng = random.Random(seed)  # noqa: S311 - chooses small events, guards nothing

    async def run(self) -> None:
        """Go on until cancelled."""
        await asyncio.sleep(QUIET)
        await self._burst()
        small = [self._flushing, self._silence, self._cooking, self._pump_fault, self._mains]
        while True:
            await asyncio.sleep(self._rng.uniform(*PAUSES))
            await self._rng.choice(small)()

    async def _burst(self) -> None:
        """Break a main in a lane, and mend it after a while."""
        lane = self._life.town.lane(BURST_ZONE)
        pipe = next(pipe for pipe in self._life.town.pipes if pipe.end == lane[1].id)
        self._life.burst_main(pipe.id, flow=BURST_FLOW)
        lowest = min(self._life.pressures[hydrant.id] for hydrant in lane)
        self._terminal.event("burst", f"main {pipe.id} in {lane[1].en[:-2]} breaks; pressure falls to {lowest:.0f} kPa")
        await asyncio.sleep(REPAIR_AFTER)
        wall = await self._watch.wall()
        alerts = 0 if wall is None else sum(alert.device in {each.id for each in lane} for alert in wall.alerts)
        self._life.repair_main(pipe.id)
        self._terminal.event("repair", f"main {pipe.id} is mended; {alerts} alerts were open there")

    async def _flushing(self) -> None:
        """Let a crew flush a hydrant on a street, gently."""
        hydrant = self._rng.choice([each for each in self._life.town.hydrants if each.en.split()[1] != "Lane"])
        before = self._life.pressures[hydrant.id]
        self._life.open_hydrant(hydrant.id, flow=10.0)
        after = self._life.pressures[hydrant.id]
        self._terminal.event("flushing", f"{hydrant.en} {hydrant.id}; pressure {before:.0f} -> {after:.0f} kPa")
        await asyncio.sleep(LASTS)
        self._life.close_hydrant(hydrant.id)

    async def _silence(self) -> None:
        """Silence a sensor; the wall must not stay green."""
        hydrant = self._rng.choice(self._life.town.hydrants)
        sensor = self._life.hydrants[hydrant.id]
        sensor.asleep = True
        self._terminal.event("silence", f"sensor of {hydrant.en} {hydrant.id} stops speaking")
        silent_since = self._life.now()

        def find(wall: WallView) -> bool | None:
            return next((True for each in wall.hydrants if each.id == hydrant.id and each.readiness == "unknown"), None)

        if await self._watch.on_wall(find, patience=LASTS):
            text = f"{hydrant.en} {hydrant.id} is shown as unknown, not as usable"
            self._terminal.event("wall", text, latency=self._life.now() - silent_since)
            await asyncio.sleep(LASTS / 3)
        sensor.asleep = False

    async def _cooking(self) -> None:
        """Steam up a kitchen, below the alarm."""
        detector = self._life.detectors["SM-NOODLES"]
        detector.smoke = 35.0
        self._terminal.event("cooking", "steam in the noodle kitchen: 35 % smoke, no alarm")
        await asyncio.sleep(LASTS)
        detector.smoke = 0.0

    async def _pump_fault(self) -> None:
        """Let the fire pump report a fault, and be well again."""
        self._life.panel.component(*PUMP, status=FAULT, text="1号消防泵")
        self._terminal.event("fault", "North Dock fire pump 1 reports a fault")
        await asyncio.sleep(LASTS)
        self._life.panel.component(*PUMP, status=NORMAL, text="1号消防泵")

    async def _mains(self) -> None:
        """Let the panel run on its battery for a while."""
        self._life.panel.status(MAINS_FAULT)
        self._terminal.event("power", "North Dock fire panel runs on its battery")
        await asyncio.sleep(LASTS)
        self._life.panel.status(NORMAL)
