"""Kill -9 × stalls × repetitions × reordering × clock jumps, 200 times: nothing acknowledged is lost or doubled."""

import asyncio
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("crash_seeds.py")
PROCESSES, SEEDS = 5, 40


async def run(folder: Path, first: int) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        str(folder),
        str(first),
        str(SEEDS),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(SCRIPT.parents[2])},
    )
    said, failed = await asyncio.wait_for(process.communicate(), 110)
    return said.decode(), failed.decode()[-2000:]


async def test_two_hundred_seeds_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    runs = (run(tmp_path / str(number), number * SEEDS) for number in range(PROCESSES))
    assert await asyncio.gather(*runs) == [("", "")] * PROCESSES
