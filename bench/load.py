"""`python -m bench.load URL RATE SECONDS`: posts hydrant readings at a steady rate. Prints what was acknowledged."""

import asyncio
import random
import sys
import time

import httpx
import uvloop

BATCH = 50


async def run(url: str, rate: int, seconds: float, devices: int) -> int:
    """Post `rate` readings a second in batches of 50, open loop; return how many were acknowledged."""
    acknowledged = 0
    waiting: set[asyncio.Task[None]] = set()
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:

        async def post(first: int) -> None:
            nonlocal acknowledged
            now = int(time.time() * 1000)
            body = [
                {"device": f"H-{(first + n) % devices}", "pressure_mpa": round(random.uniform(0.2, 0.4), 3), "ts": now}
                for n in range(BATCH)
            ]
            if (await client.post(url, json=body)).status_code == 202:
                acknowledged += BATCH

        start = time.monotonic()
        for tick in range(int(rate * seconds / BATCH)):
            await asyncio.sleep(max(0.0, start + tick * BATCH / rate - time.monotonic()))
            if len(waiting) < 64:
                task = asyncio.create_task(post(tick * BATCH))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)
    return acknowledged


if __name__ == "__main__":
    print(uvloop.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))))
