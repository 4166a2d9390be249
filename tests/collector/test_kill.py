"""A collector process is killed while devices send: whatever it acknowledged reaches both outputs after a restart."""

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from standpipe.model.gb26875.frame import OVERHEAD, Command, decode

REPOSITORY = Path(__file__).parents[2]
SITES = """
[site.town]
name = { en = "Town", zh = "镇" }
[device.hydrant-1]
type = "hydrant_json"
address = "device:HY-1"
site = "town"
[device.smoke-1]
type = "smoke_json"
address = "device:SM-1"
site = "town"
[device.unit-1]
type = "gb26875_transmitter"
address = "gb26875:790300000000"
site = "town"
"""
PROGRAM = """
import asyncio, sys
from pathlib import Path
import msgspec
from collector.main import run
from plugins.catalogue import load_catalogue
from standpipe.model.registry import read_registry
from standpipe.model.settings import Settings
folder = Path(sys.argv[1])
settings = msgspec.json.decode((folder / "settings.json").read_bytes(), type=Settings)
asyncio.run(run(settings, load_catalogue(), read_registry(folder / "sites")))
"""


class Process:
    """A collector in a process of its own, on ports that survive it."""

    def __init__(self, folder: Path, gb: int, http: int) -> None:
        self.folder, self.gb, self.http = folder, gb, http
        self.process: asyncio.subprocess.Process

    async def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", PROGRAM, str(self.folder), cwd=REPOSITORY, stderr=log
            )

    async def end(self, number: int) -> None:
        if self.process.returncode is None:
            self.process.send_signal(number)
        await self.process.wait()


@pytest_asyncio.fixture
async def process(tmp_path: Path, free_port: Callable[[], int], sinks: Any) -> AsyncIterator[tuple[Process, Any]]:
    sink = await sinks()
    found = Process(tmp_path, free_port(), free_port())
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "town.toml").write_text(SITES)
    settings = {
        "file": str(tmp_path / "standpipe.toml"),
        "influx": {"url": sink.url, "version": "1", "batch_age_ms": 20},
        "alerting": {"url": sink.url},
        "collector": {
            "gb26875": {"listen": f"127.0.0.1:{found.gb}", "set_clocks": False},
            "http": {"listen": f"127.0.0.1:{found.http}"},
        },
    }
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    await found.start()
    yield found, sink
    await found.end(signal.SIGKILL)


async def send_frames(port: int, frame_of: Any, adu_of: Callable[[int], bytes], acked: set[int]) -> None:
    """Send frames one after another as a transmitter does, again when no answer came; note what was confirmed."""
    numbers = itertools.count(1)
    number = next(numbers)
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while True:
                writer.write(frame_of(adu_of(number), serial=number & 0xFFFF))
                async with asyncio.timeout(2):
                    answer = decode(await reader.readexactly(OVERHEAD))
                assert (answer.command, answer.serial) == (Command.CONFIRM, number & 0xFFFF)
                acked.add(number)
                number = next(numbers)
        await asyncio.sleep(0.02)


async def send_posts(port: int, acked: set[int]) -> None:
    numbers = itertools.count(1)
    number = next(numbers)
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        while True:
            body = {"device": "HY-1", "pressure_kpa": number, "ts": 1_700_000_000 + number}
            with contextlib.suppress(httpx.HTTPError):
                answer = await client.post(f"http://127.0.0.1:{port}/ingest/hydrant_json", json=body)
                if answer.status_code == 202:
                    acked.add(number)
                    number = next(numbers)
                    continue
            await asyncio.sleep(0.02)


def analog(number: int) -> bytes:
    """Type 3, one component whose address is the number."""
    return bytes([3, 1, 1, 1, 91]) + number.to_bytes(4, "little") + b"\x05\x2a\x00" + bytes(6)


def fire(number: int) -> bytes:
    """Type 2, one component in fire whose address is the number."""
    return bytes([2, 1, 1, 1, 40]) + number.to_bytes(4, "little") + b"\x02\x00" + bytes(31) + bytes(6)


@pytest.mark.parametrize(("adu_of", "prefix"), [(analog, "unit-1/1.1.91."), (fire, "unit-1/1.1.40.")])
async def test_what_was_acknowledged_before_kill_9_is_in_both_outputs_after_it(
    process: tuple[Process, Any], frame_of: Any, until: Any, adu_of: Callable[[int], bytes], prefix: str
) -> None:
    collector, sink = process
    frames: set[int] = set()
    posts: set[int] = set()
    senders = [
        asyncio.create_task(send_frames(collector.gb, frame_of, adu_of, frames)),
        asyncio.create_task(send_posts(collector.http, posts)),
    ]
    for seed in range(3):
        before = len(frames), len(posts)
        await until(lambda before=before: len(frames) > before[0] + 20 and len(posts) > before[1] + 10)
        await asyncio.sleep(random.Random(seed).uniform(0, 0.1))
        await collector.end(signal.SIGKILL)
        await collector.start()
    await until(lambda: len(frames) > 100 and len(posts) > 50)
    for sender in senders:
        sender.cancel()
    await asyncio.gather(*senders, return_exceptions=True)

    wanted = {f"{prefix}{number}" for number in frames}
    await until(lambda: wanted <= set(sink.devices()))
    await until(lambda: all(any(f"device={device}," in line for line in sink.lines()) for device in wanted))
    pressures = {item.reading.fields.get("pressure") for batch in sink.batches() for item in batch.readings}
    assert {float(number) for number in posts} <= pressures
    await assert_stored_once(sink, prefix)


async def assert_stored_once(sink: Any, prefix: str) -> None:
    """A resend across the crash is recognised: no frame has two places in the spool."""
    places: dict[str, set[int]] = {}
    for batch in sink.batches():
        for item in batch.readings:
            places.setdefault(item.reading.device, set()).add(item.seq)
    assert {device: seqs for device, seqs in places.items() if device.startswith(prefix) and len(seqs) > 1} == {}


async def test_sigterm_ends_it_cleanly_and_quickly(process: tuple[Process, Any], until: Any) -> None:
    collector, _ = process
    posts: set[int] = set()
    sender = asyncio.create_task(send_posts(collector.http, posts))
    await until(lambda: len(posts) > 5)
    sender.cancel()
    os.kill(collector.process.pid, signal.SIGINT)
    assert await asyncio.wait_for(collector.process.wait(), 5) in (0, 1, 130, -2)
    log = (collector.folder / "log").read_text()
    assert "Task was destroyed" not in log
