"""A real InfluxDB 1.x on free ports, started once and stopped by its process id."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{dir}/meta"
[data]
  dir = "{dir}/data"
  wal-dir = "{dir}/wal"
  index-version = "inmem"
  query-log-enabled = false
[coordinator]
[retention]
  enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[logging]
  level = "error"
[continuous_queries]
  enabled = false
"""


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of an empty InfluxDB 1.x; skips by name where it is not installed."""
    binary = shutil.which("influxd")
    if binary is None:
        pytest.skip("influxd is not installed")
    folder = tmp_path_factory.mktemp("influxd")
    rpc, http = free_port(), free_port()
    (folder / "influxdb.conf").write_text(CONFIG.format(dir=folder, rpc=rpc, http=http))
    command = [binary, "-config", str(folder / "influxdb.conf")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{http}"
    try:
        await_ping(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def await_ping(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server answers; fail with its log when it dies first."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            if httpx.get(f"{url}/ping", timeout=1).status_code == 204:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not answer in 30 s: {log.read_text(errors='replace')}")


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
