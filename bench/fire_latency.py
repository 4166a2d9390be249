"""Frame sent on a socket to webhook received, for fires one by one: idle, and with readings behind them.

The clock is one: `time.monotonic` of this process, which is both the transmitter and the webhook's receiver. Each fire
is of another zone, so each opens an incident of its own and sends one notice. Every commit on the road is fsynced.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure, percentile
from bench.rig import Rig, detector_frame, eventually

FIRES = 200
READINGS_PER_SECOND = 2000


def figures() -> Iterator[Figure]:
    """Yield p50, p95, p99 and max in ms with no load and with 2,000 readings/s, and what was missed or doubled."""
    for name, rate in (("idle", 0), (f"behind_{READINGS_PER_SECOND}_readings_per_s", READINGS_PER_SECOND)):
        latencies, doubled, acknowledged = asyncio.run(measure(rate))
        for share in (0.5, 0.95, 0.99, 1.0):
            label = "max" if share == 1.0 else f"p{share * 100:.0f}"
            yield Figure("fire_latency", f"{name}_{label}", (percentile(latencies, share),), "ms")
        yield Figure("fire_latency", f"{name}_missed", (float(FIRES - len(latencies)),), "fires")
        yield Figure("fire_latency", f"{name}_doubled", (float(doubled),), "notices")
        if rate:
            yield Figure("fire_latency", f"{name}_achieved", (acknowledged,), "readings/s")


async def measure(rate: int) -> tuple[list[float], int, float]:
    """Return (latencies in ms, doubled notices, readings acknowledged per second)."""
    with tempfile.TemporaryDirectory() as folder:
        async with Rig(Path(folder) / "rig", hydrants=2000, detectors=FIRES) as rig:
            load, began = None, time.monotonic()
            if rate:
                url = f"http://{rig.settings.collector.http.listen}/ingest/hydrant_json"
                words = [sys.executable, "-m", "bench.load", url, str(rate), "45", "2000"]
                load = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE)
                await asyncio.sleep(3)
            sent = {}
            for number in range(FIRES):
                sent[f"fire-{number}"] = await rig.transmitter.send(detector_frame(number, number, status=2))
                await asyncio.sleep(random.uniform(0.1, 0.2))

            async def all_there() -> bool:
                return len({notice["zone"] for _, notice in rig.webhook.notices}) == FIRES

            await eventually(all_there, within=30)
            acknowledged = 0.0
            if load is not None:
                out, _ = await load.communicate()
                acknowledged = int(out) / (time.monotonic() - began)
            latencies, seen = [], set()
            for at, notice in rig.webhook.notices:
                if notice["zone"] not in seen and notice["zone"] in sent:
                    latencies.append((at - sent[notice["zone"]]) * 1000)
                seen.add(notice["zone"])
            return latencies, len(rig.webhook.notices) - len(seen), acknowledged
