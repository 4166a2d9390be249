"""The two stores as processes on free ports, and what they use. Stops only what it started."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from bench.rig import free_ports

_SERVE = """
import sys
from pathlib import Path
from storage.tsdb.server import run
run(sys.argv[1], Path(sys.argv[2]), "", "200MB")
"""
_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{dir}/meta"
[data]
  dir = "{dir}/data"
  wal-dir = "{dir}/wal"
  query-log-enabled = false
  cache-snapshot-write-cold-duration = "1s"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[logging]
  level = "error"
"""


class Server:
    """One store: started, asked for its costs, stopped, started again on the same data."""

    def __init__(self, name: str, command: list[str], url: str, folder: Path) -> None:
        """Take the command that serves `url` and keeps its data in `folder`."""
        self.name = name
        self.url = url
        self._command = command
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._peak = 0.0

    def start(self) -> "Server":
        """Start and wait until it answers a question. Raises TimeoutError."""
        with (self._folder.parent / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ChildProcessError(f"{self.name} ended with {self._process.returncode}")
            try:
                if httpx.get(f"{self.url}/query", params={"q": "SHOW DATABASES"}, timeout=2).status_code == 200:
                    return self
            except httpx.HTTPError:
                time.sleep(0.02)
        raise TimeoutError(f"{self.name} does not answer at {self.url}")

    def cpu(self) -> float:
        """Return the CPU seconds used so far."""
        times = self._stats().cpu_times()
        self._peak = max(self._peak, self._stats().memory_info().rss / 1e6)
        return float(times.user + times.system)

    def memory(self) -> float:
        """Return the largest resident size seen, MB."""
        self.cpu()
        return self._peak

    def bytes(self) -> int:
        """Return what its data takes on disk."""
        return sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())

    def stop(self) -> None:
        """Stop and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(120)

    def _stats(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)


def start_tsdb(folder: Path) -> Server:
    """Start the embedded store on an empty folder."""
    [port] = free_ports(1)
    data = folder / "tsdb"
    data.mkdir()
    command = [sys.executable, "-c", _SERVE, f"127.0.0.1:{port}", str(data)]
    return Server("tsdb", command, f"http://127.0.0.1:{port}", data).start()


def start_influxd(folder: Path) -> Server:
    """Start InfluxDB 1.x on an empty folder."""
    rpc, http = free_ports(2)
    data = folder / "influxd"
    data.mkdir()
    config = folder / "influxdb.conf"
    config.write_text(_CONFIG.format(dir=data, rpc=rpc, http=http))
    return Server("influxd", ["influxd", "-config", str(config)], f"http://127.0.0.1:{http}", data).start()
