"""Ten thousand connections opened and left, garbage beside them, and a panel that must be heard."""

import asyncio
import resource
from pathlib import Path

import pytest

from bench.rig import Rig, detector_frame, eventually

CONNECTIONS = 10_000


@pytest.mark.integration
async def test_ten_thousand_connections_opened_and_left_do_not_keep_a_fire_from_being_heard(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CONNECTIONS + 500:
        pytest.skip(f"the limit of open files is {hard}; {CONNECTIONS + 500} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    async with Rig(tmp_path, hydrants=1, detectors=1) as rig:
        host, _, port = rig.settings.collector.gb26875.listen.rpartition(":")
        links = []
        for start in range(0, CONNECTIONS, 200):
            opened = [asyncio.open_connection(host, int(port)) for _ in range(min(200, CONNECTIONS - start))]
            links += await asyncio.gather(*opened)
        for number, (_, writer) in enumerate(links[:30]):
            writer.write((b"garbage", b"@@" + bytes(20), b"@@" + bytes(22) + b"\x01\x04" + bytes(1028))[number % 3])

        async def counted() -> bool:
            return int((await rig.status())["connections"]) >= CONNECTIONS

        assert await eventually(counted)
        await rig.transmitter.send(detector_frame(1, 0, status=2), patience=10)
        await rig.ingest([{"device": "H-0", "pressure_mpa": 0.3}], patience=10)

        async def told() -> bool:
            return bool(rig.webhook.notices)

        assert await eventually(told, within=10)
        status = await rig.status()
        for _, writer in links:
            writer.close()
    assert status["inputs"]["gb26875"]["skipped_bytes"] > 70
    assert rig.supervisor.restarts["collector"] == 0
