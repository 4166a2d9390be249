"""The demo's script: what happens in the first 90 seconds, and whether the platform saw it. Acts only on the town."""

import asyncio

from alerting.views import AlertView, WallView
from standpipe.model.registry import Registry
from standpipe.town.chapters import PATIENCE, Chapters
from standpipe.town.fire import Fire
from standpipe.town.life import TownLife
from standpipe.town.terminal import Terminal
from standpipe.town.watch import Watch

HYDRANT_AT, FIRE_AT, CLOSE_AT = 20.0, 45.0, 88.0
"""Seconds after the town came alive."""
HYDRANT_ZONE, HYDRANT_FLOW = "old-town", 28.0
"""Where the hydrant is opened, in the dead-end lane, and L/s that it gives at 100 kPa."""


class Story:
    """The script and its memory of what came true."""

    def __init__(self, life: TownLife, watch: Watch, *, registry: Registry, terminal: Terminal) -> None:
        """Take the town, the eyes, names, and where to tell it."""
        self._life = life
        self._watch = watch
        self._terminal = terminal
        self.opened = life.town.lane(HYDRANT_ZONE)[1]
        self.chapters = Chapters(terminal)
        self.fire = Fire(life, watch, registry=registry, terminal=terminal, chapters=self.chapters)

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
            tasks.create_task(self.fire.run())
        await wait_until(CLOSE_AT)
        await self._recovery()

    async def _first_readings(self) -> None:
        """Wait for the town on the wall."""
        hydrants = len(self._life.hydrants)
        seen = await self._watch.on_wall(
            lambda wall: wall if _all_well(wall, hydrants) else None, patience=min(PATIENCE, HYDRANT_AT)
        )
        if seen is None:
            self.chapters.missing("usable")
            return
        self.chapters.came_true("usable")
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

        alert = await self._low_pressure(hydrant.id)
        if alert is None:
            self.chapters.missing("pressure")
            return
        self.chapters.came_true("pressure")
        value = "" if alert.value is None else f" at {alert.value:.0f} kPa"
        text = f"{hydrant.en}: {alert.label.get('en', alert.rule)}{value} (the rule waits 8 s)"
        self._terminal.event("alert", text, latency=self._now() - opened_at)
        beyond = life.town.lane(HYDRANT_ZONE)[2]
        if await self._low_pressure(beyond.id):
            text = f"{beyond.en}, behind it, starves too: {life.pressures[beyond.id]:.0f} kPa"
            self._terminal.event("alert", text, latency=self._now() - opened_at)

    async def _low_pressure(self, hydrant: str) -> AlertView | None:
        """Wait for a hydrant's low pressure alert."""

        def find(wall: WallView) -> AlertView | None:
            alerts = (alert for alert in wall.alerts if alert.rule.endswith("low_pressure"))
            return next((alert for alert in alerts if alert.device == hydrant), None)

        return await self._watch.on_wall(find, patience=PATIENCE)

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

    def _now(self) -> int:
        return self._life.now()


def _all_well(wall: WallView, hydrants: int) -> bool:
    return wall.counts.get("usable", 0) == hydrants and wall.devices_heard == wall.devices_total
