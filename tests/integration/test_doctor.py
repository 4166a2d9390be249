import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bench.rig import Rig


@pytest.mark.integration
async def test_a_system_that_can_tell_somebody_is_well_at_every_hop(tmp_path: Path) -> None:
    async with Rig(tmp_path, hydrants=1, detectors=1) as rig:
        words = [sys.executable, "-m", "standpipe", "doctor", "--config", rig.settings.file]
        ran = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE)
        out, _ = await ran.communicate()
    assert (ran.returncode, out.decode().splitlines()[-1]) == (0, "all hops work")


@pytest.mark.integration
async def test_a_dead_alerting_is_found_and_the_other_hops_are_well(tmp_path: Path) -> None:
    async with Rig(tmp_path, hydrants=1, detectors=1) as rig:
        await rig.supervisor.stop("alerting")
        words = [sys.executable, "-m", "standpipe", "doctor", "--config", rig.settings.file]
        ran = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE)
        out, _ = await ran.communicate()
    failed = [line[6:34].strip() for line in out.decode().splitlines() if line.startswith("FAIL")]
    assert (ran.returncode, failed) == (1, ["alerting and console", "alerting feed"])
