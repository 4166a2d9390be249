"""A real InfluxDB 1.x on free ports, started once and stopped by its process id."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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


SERVE = """
import sys
from pathlib import Path
from storage.tsdb.server import run
run(sys.argv[1], Path(sys.argv[2]), sys.argv[3], "200MB")
"""


class Tsdb:
    """The embedded store as a process of its own, on a folder that outlives it."""

    def __init__(self, folder: Path, token: str = "") -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.token = token
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Tsdb":
        command = [sys.executable, "-c", SERVE, self.url.removeprefix("http://"), str(self.folder / "data"), self.token]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        await_ping(self.url, self.process, self.folder / "log")
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)


@pytest.fixture
def new_tsdb(tmp_path: Path) -> Iterator[Callable[..., Tsdb]]:
    """Start embedded stores on folders of their own; all are stopped afterwards."""
    started: list[Tsdb] = []

    def start(token: str = "") -> Tsdb:
        folder = tmp_path / f"tsdb{len(started)}"
        folder.mkdir()
        started.append(Tsdb(folder, token).start())
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def tsdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of an embedded store that the tests of a session share."""
    one = Tsdb(tmp_path_factory.mktemp("tsdb")).start()
    yield one.url
    one.stop()


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
