"""The collector against its peers: GB/T 26875.3, MQTT beside a collector written the usual way, lines, fire under load.

One process is measured, its spool syncing each commit, both outputs on, a counting server behind them. Rates are per
second of processor time of that process, because the machine does other things too; a run counts when everything that
was sent has come out of both outputs.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.collector_load import source
from bench.figure import Figure, percentile
from bench.rig import free_ports
from standpipe.model.gb26875.frame import Frame, encode

NAME = "collector"
REPEATS = 3
FRAMES = 60_000
MESSAGES = 30_000
LINES = 400_000
BACKLOG_RECORDS, SAMPLES = 4_300, 100
FIRES = 200
TICKS = os.sysconf("SC_CLK_TCK")


def figures() -> Iterator[Figure]:
    """Yield the figures as they come."""
    yield from _frames()
    yield from _mqtt()
    yield from _lines()
    yield from _fire()


@contextmanager
def _process(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-m", *arguments], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Bench:
    """A collector and the counting server behind it."""

    def __init__(self, stack: ExitStack, **collector: Any) -> None:
        """Start both and wait until they answer."""
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.gb, self.http, self.sink = free_ports(3)
        settings = {
            "file": str(self.folder / "x.toml"),
            "influx": {"url": f"http://127.0.0.1:{self.sink}", "version": "1"},
            "alerting": {"url": f"http://127.0.0.1:{self.sink}"},
            "collector": {
                "gb26875": {"listen": f"127.0.0.1:{self.gb}", "set_clocks": False},
                "http": {"listen": f"127.0.0.1:{self.http}", "max_body": 16_000_000},
                **collector,
            },
        }
        (self.folder / "settings.json").write_text(json.dumps(settings))
        stack.enter_context(_process("bench.collector_sink", str(self.sink)))
        self.process = stack.enter_context(_process("bench.collector_process", str(self.folder)))
        _wait(lambda: urllib.request.urlopen(f"http://127.0.0.1:{self.http}/health").status == 200)

    def cpu(self) -> float:
        """Return the seconds of processor time that the collector has used."""
        return cpu(self.process.pid)

    def counts(self) -> dict[str, int]:
        """Return what has come out: {"lines": n, "readings": n}."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.sink}/count") as answer:
            found: dict[str, int] = json.load(answer)
        return found


def cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has used, threads included."""
    parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / TICKS


def _wait(condition: Any, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise TimeoutError("the benchmark did not get where it was going")


def _frames() -> Iterator[Figure]:
    acked, out = [], []
    for _ in range(REPEATS):
        with ExitStack() as stack:
            bench = Bench(stack)
            before = bench.cpu()
            load = [sys.executable, "-m", "bench.collector_load", str(bench.gb), "20", str(FRAMES), "200"]
            seconds = float(subprocess.run(load, capture_output=True, check=True).stdout)
            acked.append(FRAMES / seconds)
            _wait(lambda b=bench: min(b.counts().values()) >= FRAMES)
            out.append(FRAMES / (bench.cpu() - before))
    yield Figure(NAME, "gb26875_acknowledged", tuple(acked), "frames/s")
    yield Figure(NAME, "gb26875_through_both_outputs", tuple(out), "frames/cpu-s")


@contextmanager
def _broker() -> Iterator[int]:
    binary = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if binary is None:
        raise RuntimeError("mosquitto is not installed")
    (port,) = free_ports(1)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        config.write(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\n")
        config.write("max_queued_messages 0\n")
        config.flush()
        Path(config.name).chmod(0o644)
        process = subprocess.Popen([binary, "-c", config.name], stderr=subprocess.DEVNULL)
        try:
            yield port
        finally:
            process.terminate()
            process.wait()


def _mqtt() -> Iterator[Figure]:
    ours, usual, ratios = [], [], []
    for _ in range(REPEATS):
        ours.append(_mqtt_ours())
        usual.append(_mqtt_usual())
        ratios.append(ours[-1] / usual[-1])
    yield Figure(NAME, "mqtt_qos1_json", tuple(ours), "messages/cpu-s")
    yield Figure(NAME, "mqtt_qos1_json_paho_influxdb_client", tuple(usual), "messages/cpu-s")
    yield Figure(NAME, "mqtt_qos1_json_ours_to_usual", tuple(ratios), "x")


def _mqtt_ours() -> float:
    with ExitStack() as stack:
        port = stack.enter_context(_broker())
        bench = Bench(stack, mqtt={"host": "127.0.0.1", "port": port})
        probes = _probe(port, lambda: min(bench.counts().values()))
        before = bench.cpu()
        _publish(port, MESSAGES)
        _wait(lambda: min(bench.counts().values()) >= probes + MESSAGES)
        return MESSAGES / (bench.cpu() - before)


def _mqtt_usual() -> float:
    with ExitStack() as stack:
        port = stack.enter_context(_broker())
        (sink,) = free_ports(1)
        stack.enter_context(_process("bench.collector_sink", str(sink)))
        process = stack.enter_context(_process("bench.collector_usual", str(port), str(sink)))

        def lines() -> int:
            return int(json.load(urllib.request.urlopen(f"http://127.0.0.1:{sink}/count"))["lines"])

        probes = _probe(port, lines)
        before = cpu(process.pid)
        _publish(port, MESSAGES)
        _wait(lambda: lines() >= probes + MESSAGES)
        return MESSAGES / (cpu(process.pid) - before)


def _probe(port: int, count: Callable[[], int]) -> int:
    """Publish single messages until one has gone all the way; return how many came out in the end."""

    def through() -> bool:
        try:
            if count():
                return True
        except OSError:
            return False
        _publish(port, 1)
        time.sleep(0.5)
        return False

    _wait(through)
    time.sleep(1)
    return count()


def _publish(port: int, count: int) -> None:
    now = time.time_ns() // 1_000_000 - count
    subprocess.run([sys.executable, "-m", "bench.collector_publish", str(port), str(count), str(now)], check=True)


def _lines() -> Iterator[Figure]:
    rates = []
    now = time.time_ns() // 1_000_000
    each = 10_000
    bodies = [
        b"".join(
            b"cpu,host=h%d,region=east,rack=r%d usage_user=%d.5,usage_system=1.25 %d\n"
            % (n % 500, n % 20, n % 90, now + n)
            for n in range(start, start + each)
        )
        for start in range(0, LINES, each)
    ]
    for _ in range(REPEATS):
        with ExitStack() as stack:
            bench = Bench(stack)
            before, url = bench.cpu(), f"http://127.0.0.1:{bench.http}/write?precision=ms"
            with httpx.Client(trust_env=False, timeout=30) as client:
                for body in bodies:
                    client.post(url, content=body).raise_for_status()
            _wait(lambda b=bench: b.counts()["lines"] >= LINES)
            rates.append(LINES / (bench.cpu() - before))
    yield Figure(NAME, "line_protocol_in", tuple(rates), "lines/cpu-s")


def _fire() -> Iterator[Figure]:
    """Measure a fire's way from the first byte on the socket to the alerting feed, while a backlog drains."""
    with ExitStack() as stack:
        bench = Bench(stack)
        latencies = asyncio.run(_fires(bench))
    points = BACKLOG_RECORDS * SAMPLES
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        figure = f"fire_to_confirm_{name}_while_{points}_points_drain"
        yield Figure(NAME, figure, (percentile(latencies, share) * 1000,), "ms")


async def _fires(bench: Bench) -> list[float]:
    now = time.time_ns() // 1_000_000
    url = f"http://127.0.0.1:{bench.http}/ingest/hydrant_json"
    latencies = []
    samples = ", ".join(f'{{"pressure_kpa": 300, "ts": {now - number}}}' for number in range(SAMPLES))
    items = [f'{{"device": "H-{number % 1000}", "samples": [{samples}]}}' for number in range(BACKLOG_RECORDS)]
    bodies = [f"[{','.join(items[start : start + 50])}]" for start in range(0, BACKLOG_RECORDS, 50)]
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

        async def fill() -> None:
            for body in bodies:
                (await client.post(url, content=body)).raise_for_status()

        filling = asyncio.create_task(fill())
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.gb)
        serial = 0
        while len(latencies) < FIRES:
            serial += 1
            adu = bytes([2, 1, 1, 1, 40]) + serial.to_bytes(4, "little") + b"\x02\x00" + bytes(31) + bytes(6)
            frame = Frame(serial=serial & 0xFFFF, command=2, source=source(0), destination=bytes(6), adu=adu)
            started = time.perf_counter()
            writer.write(encode(frame))
            await reader.readexactly(30)
            latencies.append(time.perf_counter() - started)
            await asyncio.sleep(0.02)
        filling.cancel()
        writer.close()
    return latencies
