"""The device types' facts, the committed dashboards, and a real InfluxDB filled with the sample day."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dashboards.facts import Facts
from dashboards.generate import load_facts
from dashboards.sample_day import lines

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "provisioning" / "grafana" / "dashboards"
CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{data}/meta"
[data]
  dir = "{data}/data"
  wal-dir = "{data}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


@pytest.fixture(scope="session")
def facts() -> Facts:
    return load_facts()


@pytest.fixture(scope="session")
def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real InfluxDB 1.x on a free port."""
    binary = shutil.which("influxd")
    if binary is None:
        pytest.skip("influxd is not installed")
    data = tmp_path_factory.mktemp("influxd")
    rpc, http = free_port(), free_port()
    config = data / "influxd.conf"
    config.write_text(CONFIG.format(data=data, rpc=rpc, http=http))
    with (data / "log").open("w") as log, subprocess.Popen([binary, "-config", str(config)], stderr=log) as process:
        url = f"http://127.0.0.1:{http}"
        wait_for(url)
        yield url
        process.terminate()


@pytest.fixture(scope="session")
def seeded(influxd: str, facts: Facts, now: int) -> tuple[str, str]:
    """URL and name of a database that holds the sample day."""
    create(influxd, "town")
    for chunk in lines(facts, now):
        write(influxd, "town", chunk)
    return influxd, "town"


@pytest.fixture(scope="session")
def seeded_tsdb(tmp_path_factory: pytest.TempPathFactory, facts: Facts, now: int) -> Iterator[tuple[str, str]]:
    """URL and name of a database of the embedded server that holds the same day."""
    port = free_port()
    data = tmp_path_factory.mktemp("tsdb")
    command = [sys.executable, "-m", "standpipe", "tsdb", "--data", str(data), "--listen", f"127.0.0.1:{port}"]
    with (data / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stderr=log) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        create(url, "town")
        for chunk in lines(facts, now):
            write(url, "town", chunk)
        yield url, "town"
        process.terminate()


@pytest.fixture(scope="session")
def empty(influxd: str) -> tuple[str, str]:
    """URL and name of a database in which nothing was ever written."""
    create(influxd, "nothing")
    return influxd, "nothing"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/ping", timeout=1).status_code in (200, 204):
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer")


def create(url: str, name: str) -> None:
    httpx.post(f"{url}/query", data={"q": f'CREATE DATABASE "{name}"'}).raise_for_status()


def write(url: str, name: str, chunk: bytes) -> None:
    rows = chunk.splitlines(keepends=True)
    for start in range(0, len(rows), 10_000):
        body = b"".join(rows[start : start + 10_000])
        httpx.post(f"{url}/write", params={"db": name, "precision": "ms"}, content=body, timeout=60).raise_for_status()
