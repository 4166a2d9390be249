"""Kill -9 of each process with devices sending: nothing acknowledged is missing, nothing is doubled."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from bench.rig import Rig, detector_frame, eventually

FIRES = 24


async def send_everything(rig: Rig, *, kill: str, at: int) -> dict[str, set[int]]:
    """Send fires and readings, killing one process after `at` acknowledged fires; return what was acknowledged."""
    acked: dict[str, set[int]] = {"fires": set(), "H-0": set(), "H-1": set()}

    async def panel() -> None:
        for number in range(FIRES):
            if number == at:
                rig.kill(kill)
            await rig.transmitter.send(detector_frame(number, number, status=2))
            acked["fires"].add(number)

    async def hydrant(name: str) -> None:
        start = int(time.time() * 1000) - 60_000
        for number in range(60):
            stamp = start + number * 500
            await rig.ingest([{"device": name, "pressure_mpa": 0.3, "battery": 80, "ts": stamp}])
            acked[name].add(stamp)

    await asyncio.gather(panel(), hydrant("H-0"), hydrant("H-1"))
    return acked


async def stored(rig: Rig, device: str) -> set[int]:
    series = await rig.query(f"SELECT pressure FROM hydrant WHERE device = '{device}'")
    return {row[0] for row in series[0]["values"]} if series else set()


@pytest.mark.integration
@pytest.mark.timeout(180)
@pytest.mark.parametrize("at", [0, 7, 16])
@pytest.mark.parametrize("process", ["collector", "alerting", "tsdb"])
async def test_killed_process_loses_nothing_and_doubles_no_incident(tmp_path: Path, process: str, at: int) -> None:
    async with Rig(tmp_path, hydrants=2, detectors=FIRES) as rig:
        acked = await send_everything(rig, kill=process, at=at)
        assert await eventually(rig.drained), await rig.status()
        assert await eventually(lambda: told_everyone(rig, acked["fires"]))
        incidents = Counter(incident["zone"] for incident in (await rig.get("/api/wall"))["incidents"])
        assert incidents == Counter(f"fire-{number}" for number in range(FIRES))
        for name in ("H-0", "H-1"):
            assert acked[name] <= await stored(rig, name)
        states = await rig.query("SELECT count(signal_fire) FROM fire_component GROUP BY device")
        assert len(states) == FIRES
        wall = await rig.get("/api/wall")
        assert {h["id"]: h["observed_at"] for h in wall["hydrants"]} == {n: max(acked[n]) for n in ("H-0", "H-1")}
        assert rig.supervisor.restarts[process] >= 1


async def told_everyone(rig: Rig, fires: set[int]) -> bool:
    zones = {notice["zone"] for _, notice in rig.webhook.notices}
    return {f"fire-{number}" for number in fires} <= zones
