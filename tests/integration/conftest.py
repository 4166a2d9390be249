import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.rig import eventually, free_ports


@pytest.fixture
def influxdb(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("influxd")
    if program is None:
        pytest.skip("influxd is not installed")
    http, rpc = free_ports(2)
    folder = tmp_path / "influxdb"
    config = tmp_path / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n[http]\nbind-address = "127.0.0.1:{http}"\n'
        "log-enabled = false\n[monitor]\nstore-enabled = false\n"
    )
    child = subprocess.Popen([program, "-config", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{http}"
    try:
        assert asyncio.run(eventually(lambda: _answers(url)))
        httpx.post(f"{url}/query", params={"q": "CREATE DATABASE standpipe"}, trust_env=False).raise_for_status()
        yield url
    finally:
        child.kill()
        child.wait()


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{url}/ping")).status_code == 204
