import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bench.rig import Rig, eventually


@pytest.mark.integration
async def test_everything_is_copied_to_a_real_influxdb_and_a_second_run_copies_nothing(
    influxdb: str, tmp_path: Path
) -> None:
    async with Rig(tmp_path / "rig", hydrants=2, detectors=0) as rig:
        for name in ("H-0", "H-1"):
            await rig.ingest([{"device": name, "pressure_mpa": 0.2 + n / 1000} for n in range(5)])
        assert await eventually(rig.drained)
        environ = {"STANDPIPE_INFLUX__URL": influxdb, "STANDPIPE_INFLUX__VERSION": '"1"', "PATH": "/usr/bin:/bin"}
        words = [sys.executable, "-m", "standpipe", "tsdb", "export", "--to", "influx", "--config", rig.settings.file]
        says = []
        for _ in range(2):
            child = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE, env=environ)
            out, _ = await child.communicate()
            says.append((child.returncode, out.decode().splitlines()[-1].split()[0]))
        here = await rig.query("SELECT count(pressure) FROM hydrant GROUP BY device")
        q = {"db": "standpipe", "q": "SELECT count(pressure) FROM hydrant GROUP BY device", "epoch": "ms"}
        there = (await rig.client.get(f"{influxdb}/query", params=q)).json()["results"][0]["series"]
    assert there == here
    assert [code for code, _ in says] == [0, 0]
    assert (int(says[0][1]) > 1, says[1][1]) == (True, "0")
