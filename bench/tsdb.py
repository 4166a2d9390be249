"""The embedded store beside InfluxDB 1.x: the same lines to both in one run, then the same questions. Asserts nothing.

Sizes by environment: BENCH_DEVICES (10000) x BENCH_DAYS (1) of readings every BENCH_STEP (120) seconds.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.figure import Figure
from bench.tsdb_servers import Server, start_influxd, start_tsdb

DEVICES = int(os.environ.get("BENCH_DEVICES", "10000"))
DAYS = float(os.environ.get("BENCH_DAYS", "1"))
STEP = int(os.environ.get("BENCH_STEP", "120"))
START = 1_772_323_200
BATCH = 5000
"""Lines per request."""

DAY = f"time >= {START}s AND time < {START + 86_400}s"
QUESTIONS = {
    "last_of_all_devices": ("SELECT last(pressure) FROM hydrant GROUP BY device", 5),
    "day_of_one_device_1m": (
        f"SELECT mean(pressure) FROM hydrant WHERE device = 'HY-00042' AND {DAY} GROUP BY time(1m) fill(none)",
        9,
    ),
    "p95_by_district": ("SELECT percentile(pressure, 95) FROM hydrant GROUP BY district", 3),
}


def figures() -> Iterator[Figure]:
    """Yield ingestion, answers, size, start and memory of both, and the ratios."""
    if shutil.which("influxd") is None:
        print("# influxd is not installed: no peer to compare with", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        servers = [start_tsdb(Path(folder)), start_influxd(Path(folder))]
        try:
            yield from _compare(servers)
        finally:
            for server in servers:
                server.stop()


def _compare(servers: list[Server]) -> Iterator[Figure]:
    rates = {server.name: _ingest(server) for server in servers}
    for name, values in rates.items():
        yield _figure(f"ingest_{name}", values, "rows/cpu-s")
    ratios = [ours / theirs for ours, theirs in zip(rates["tsdb"], rates["influxd"], strict=True)]
    yield _figure("ingest_ratio", ratios, "x")
    for question, (q, repeats) in QUESTIONS.items():
        seconds = {server.name: [_ask(server, q) for _ in range(repeats)] for server in servers}
        for name, values in seconds.items():
            yield _figure(f"{question}_{name}", [value * 1000 for value in values], "ms")
        yield _figure(
            f"{question}_ratio",
            [theirs / ours for ours, theirs in zip(seconds["tsdb"], seconds["influxd"], strict=True)],
            "x",
        )
    for server in servers:
        yield _figure(f"memory_{server.name}", [server.memory()], "MB")
    rows = DEVICES * int(DAYS * 86_400 / STEP)
    for server in servers:
        server.stop()
        yield _figure(f"size_{server.name}", [server.bytes() / rows], "bytes/point")
        began = time.perf_counter()
        server.start()
        yield _figure(f"start_{server.name}", [time.perf_counter() - began], "s")


def _ingest(server: Server) -> list[float]:
    """Write everything; return rows per CPU second of the server, over ten parts of the data."""
    rates: list[float] = []
    total = int(DAYS * 86_400 / STEP)
    part = max(1, total // 10)
    with httpx.Client(base_url=server.url, timeout=120) as client:
        client.post("/query", data={"q": "CREATE DATABASE bench"}).raise_for_status()
        for first in range(0, part * 10, part):
            before, rows = server.cpu(), 0
            for body in _bodies(first, min(first + part, total)):
                client.post("/write", params={"db": "bench", "precision": "s"}, content=body).raise_for_status()
                rows += body.count(b"\n")
            rates.append(rows / (server.cpu() - before))
    return rates


def _bodies(first: int, end: int) -> Iterator[bytes]:
    """Yield line protocol for steps first..end of all devices, BATCH lines at a time."""
    tags = "hydrant,device=HY-{:05},district=D{},site=site-{},zone=zone-{} pressure="
    heads = [tags.format(n, n % 12, n % 200, n % 1000) for n in range(DEVICES)]
    lines: list[str] = []
    for step in range(first, end):
        at = START + step * STEP
        for number, head in enumerate(heads):
            lines.append(f"{head}{300 + (number * 7 + step * 13) % 997 / 10} {at + number % STEP}\n")
            if len(lines) == BATCH:
                yield "".join(lines).encode()
                lines.clear()
    if lines:
        yield "".join(lines).encode()


def _ask(server: Server, q: str) -> float:
    with httpx.Client(base_url=server.url, timeout=300) as client:
        began = time.perf_counter()
        answer = client.get("/query", params={"db": "bench", "q": q, "epoch": "ms"})
        seconds = time.perf_counter() - began
    assert answer.json()["results"][0]["series"], answer.text
    return seconds


def _figure(name: str, values: list[float], unit: str) -> Figure:
    return Figure("tsdb", name, tuple(values), unit)
