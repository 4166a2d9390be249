"""A whole Standpipe in a folder of its own, on free ports, with a webhook as its only notifier."""

import asyncio
import json
import os
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from standpipe.model.gb26875.frame import Command, Frame, Stream, encode, time_label
from standpipe.model.settings import Settings, read_settings
from standpipe.supervisor import Supervisor, processes_of

TRANSMITTER = bytes.fromhex("010000000000")
CENTRE = bytes(6)


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def write_rig(folder: Path, *, hydrants: int, detectors: int, webhook: str, extra: str = "") -> Path:
    """Write settings, sites, contacts and rules; return the settings file.

    One transmitter has `detectors` smoke detectors (component `1.1.40.<n>`), each in a zone of its own (`fire-<n>`), so
    that each fire is an incident of its own. Hydrants are `H-<n>`.
    """
    tsdb, collector, gb26875, alerting = free_ports(4)
    (folder / "sites").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "settings.toml").write_text(
        f"""
data = "data"
locale = "en"
{extra}
[tsdb]
listen = "127.0.0.1:{tsdb}"
[collector.http]
listen = "127.0.0.1:{collector}"
[collector.gb26875]
listen = "127.0.0.1:{gb26875}"
[alerting]
listen = "127.0.0.1:{alerting}"
[notifier.hook]
kind = "webhook"
url = "{webhook}"
"""
    )
    (folder / "contacts.toml").write_text(
        '[person.officer]\nname = "Officer"\nphone = "+8613800000001"\nlocale = "en"\n'
        '[plan.default]\nsteps = [{ after = "0s", notify = ["officer"], channel = "hook" }]\n'
    )
    parts = ['[site.rig]\nname = { zh = "试验", en = "Rig" }\n']
    parts += [f'[zone.fire-{n}]\nsite = "rig"\nname = {{ zh = "区{n}", en = "Zone {n}" }}\n' for n in range(detectors)]
    parts.append(
        f'[device.panel]\ntype = "gb26875_transmitter"\naddress = "gb26875:{TRANSMITTER.hex()}"\nsite = "rig"\n'
    )
    parts += [f'[device.panel.components."1.1.40.{n}"]\nzone = "fire-{n}"\n' for n in range(detectors)]
    parts += [
        f'[device.H-{n}]\ntype = "hydrant_json"\naddress = "device:H-{n}"\nsite = "rig"\ninterval = "10s"\n'
        for n in range(hydrants)
    ]
    (folder / "sites" / "rig.toml").write_text("\n".join(parts))
    return folder / "settings.toml"


def detector_frame(serial: int, detector: int, *, status: int) -> bytes:
    """Return a type 2 frame: smoke detector `detector` with this status word (2 is fire, 1 normal)."""
    label = time_label(time.time_ns() // 1_000_000, 28_800)
    body = bytes([1, 1, 40]) + detector.to_bytes(4, "little") + status.to_bytes(2, "little") + bytes(31) + label
    return encode(
        Frame(
            serial=serial, command=Command.SEND, source=TRANSMITTER, destination=CENTRE, adu=bytes([2, 1]) + body,
            time=label,
        )
    )  # fmt: skip


class Transmitter:
    """One TCP connection that sends frames and waits for their confirms, reconnecting while the collector is down."""

    def __init__(self, listen: str) -> None:
        """Take host:port of the collector."""
        host, _, port = listen.rpartition(":")
        self._address = (host, int(port))
        self._link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._stream = Stream()

    async def send(self, frame: bytes, *, patience: float = 30.0) -> float:
        """Send until confirmed; return time.monotonic() just before the bytes that were confirmed went out."""
        serial = int.from_bytes(frame[2:4], "little")
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                if self._link is None:
                    self._link = await asyncio.open_connection(*self._address)
                    self._stream = Stream()
                reader, writer = self._link
                sent = time.monotonic()
                writer.write(frame)
                while True:
                    data = await asyncio.wait_for(reader.read(4096), 5)
                    if not data:
                        raise ConnectionResetError
                    for _, answer in self._stream.feed(data):
                        if isinstance(answer, Frame) and answer.serial == serial and answer.command == Command.CONFIRM:
                            return sent
            except (OSError, TimeoutError):
                self.close()
                await asyncio.sleep(0.05)
        raise TimeoutError(f"frame {serial} was not confirmed in {patience} s")

    def close(self) -> None:
        """Drop the connection."""
        if self._link is not None:
            self._link[1].close()
            self._link = None


@dataclass
class Webhook:
    """An HTTP server that takes notices and stamps their arrival."""

    url: str = ""
    notices: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """(time.monotonic() of arrival, body)."""
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                body = await reader.readexactly(length)
                at = time.monotonic()
                if body:
                    self.notices.append((at, json.loads(body)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Rig:
    """`async with Rig(folder, hydrants=, detectors=) as rig:`, a running system and clients of it."""

    def __init__(self, folder: Path, *, hydrants: int = 10, detectors: int = 10, extra: str = "") -> None:
        """Take an empty folder and how many devices are registered."""
        self._folder, self._hydrants, self._detectors, self._extra = folder, hydrants, detectors, extra
        self.webhook = Webhook()
        self.settings: Settings
        self.supervisor: Supervisor

    async def __aenter__(self) -> "Rig":
        """Write the files, start the processes, wait until they answer."""
        await self.webhook.start()
        file = write_rig(
            self._folder,
            hydrants=self._hydrants,
            detectors=self._detectors,
            webhook=self.webhook.url,
            extra=self._extra,
        )
        self.settings = read_settings(file, {})
        self.supervisor = Supervisor(file, self.settings, processes_of(self.settings))
        self.client = httpx.AsyncClient(timeout=10, trust_env=False)
        await self.supervisor.__aenter__()
        if not await self.supervisor.ready():
            trouble = self.supervisor.trouble()
            await self.__aexit__()
            raise RuntimeError(trouble)
        self.transmitter = Transmitter(self.settings.collector.gb26875.listen)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop everything."""
        await self.supervisor.__aexit__(None, None, None)
        await self.webhook.stop()
        await self.client.aclose()

    def kill(self, name: str) -> None:
        """Kill one process as a power cut would."""
        pid = self.supervisor.pid(name)
        if pid is not None:
            os.kill(pid, 9)

    async def ingest(self, readings: list[dict[str, Any]], *, patience: float = 30.0) -> None:
        """Post hydrant readings until they are acknowledged."""
        url = f"http://{self.settings.collector.http.listen}/ingest/hydrant_json"
        deadline = time.monotonic() + patience
        while True:
            try:
                answer = await self.client.post(url, json=readings)
                if answer.status_code == 202:
                    return
                reason = f"{answer.status_code} {answer.text}"
            except httpx.HTTPError as err:
                reason = repr(err)
            if time.monotonic() > deadline:
                raise TimeoutError(reason)
            await asyncio.sleep(0.05)

    async def get(self, path: str) -> Any:
        """Return a JSON page of alerting."""
        answer = await self.client.get(f"http://{self.settings.alerting.listen}{path}")
        answer.raise_for_status()
        return answer.json()

    async def status(self) -> Any:
        """Return the collector's status page."""
        answer = await self.client.get(f"http://{self.settings.collector.http.listen}/status")
        answer.raise_for_status()
        return answer.json()

    async def query(self, text: str) -> list[dict[str, Any]]:
        """Ask the embedded database; return its series."""
        params = {"db": self.settings.influx.bucket, "q": text, "epoch": "ms"}
        answer = await self.client.get(f"{self.settings.influx_url}/query", params=params)
        answer.raise_for_status()
        series: list[dict[str, Any]] = answer.json()["results"][0].get("series", [])
        return series

    async def drained(self) -> bool:
        """Return whether every output has taken everything in the spool."""
        spool = (await self.status())["spool"]
        return all(out["lag_rows"] == 0 for lane in spool.values() for out in lane["outputs"].values())


async def eventually(condition: Callable[[], Awaitable[bool]], *, within: float = 30.0) -> bool:
    """Poll a condition of the system outside this process until it holds; False when time is up."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if await condition():
                return True
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.05)
    return False
