"""`standpipe demo`: every process of Standpipe and a simulated town that keeps them busy, in one terminal."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

import psutil

from standpipe.model import clock
from standpipe.model.registry import Registry, read_registry
from standpipe.model.settings import Settings, read_settings
from standpipe.supervisor import Supervisor, processes_of
from standpipe.town.afterwards import Afterwards
from standpipe.town.hydraulics import solver_in_use
from standpipe.town.life import TownLife
from standpipe.town.preparation import PROVISIONING, ROOT, check_ports, gateway_address, make_folder
from standpipe.town.sms_gateway import SmsGateway
from standpipe.town.story import Story
from standpipe.town.terminal import Terminal
from standpipe.town.watch import Watch

MEMORY_LIMIT = 500_000_000
"""Bytes that all processes together may take."""


def run_demo(*, seconds: int | None, data: Path | None) -> int:
    """Run the demo until Ctrl-C (0), or for `seconds` (0 when the whole story happened, else 1).

    Raises ConfigError when a port is taken or the data folder is not the demo's own.
    """
    terminal = Terminal(sys.stdout, clock=clock.now)
    check_ports(read_settings(PROVISIONING / "settings.toml", os.environ))
    file = make_folder((data or ROOT / "data" / "demo").resolve())
    settings = read_settings(file, os.environ)
    registry = read_registry(settings.path(settings.sites))
    logs = settings.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=logs / "demo.log", level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for name in ("httpx", "gmqtt"):
        logging.getLogger(name).setLevel(logging.WARNING)
    demo = Demo(file, settings, registry, terminal=terminal, seconds=seconds)
    return asyncio.run(demo.run())


class Demo:
    """One run."""

    def __init__(
        self, file: Path, settings: Settings, registry: Registry, *, terminal: Terminal, seconds: int | None
    ) -> None:
        """Take the prepared settings and where to speak; `seconds` limits the run."""
        self._file = file
        self._settings = settings
        self._registry = registry
        self._terminal = terminal
        self._seconds = seconds
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Start all, tell the story, stop all; return the exit code."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._stop.set)
        names = processes_of(self._settings)
        self._introduce()
        async with Supervisor(self._file, self._settings, names) as supervisor:
            ready = asyncio.create_task(supervisor.ready())
            await self._either(ready)
            if self._stop.is_set():
                ready.cancel()
                return self._farewell(0)
            if not ready.result():
                self._terminal.say(supervisor.trouble())
                return 1
            seconds = self._terminal.restart()
            self._terminal.event("ready", f"{', '.join(names)} came up in {seconds:.1f} s; the town comes alive")
            code = await self._live(supervisor)
        return self._farewell(code)

    async def _live(self, supervisor: Supervisor) -> int:
        """Let the town live until time is up or somebody stops it."""
        host, port = gateway_address(self._settings)
        gateway = SmsGateway(host=host, port=port, clock=clock.now)
        life = TownLife(self._settings, self._registry, clock=clock.now)
        watch = Watch(self._settings)
        story = Story(life, watch, registry=self._registry, terminal=self._terminal)
        work = [
            asyncio.create_task(gateway.run()),
            asyncio.create_task(life.run()),
            asyncio.create_task(self._mourn(supervisor)),
            asyncio.create_task(self._tell(story, Afterwards(life, watch, terminal=self._terminal))),
        ]
        try:
            async with asyncio.timeout(self._seconds):
                await self._either(*work)
        except TimeoutError:
            return self._judge(story, supervisor)
        finally:
            for task in work:
                task.cancel()
            results = await asyncio.gather(*work, return_exceptions=True)
            await watch.close()
            life.water.close()
        for result in results:
            if isinstance(result, Exception):
                logging.getLogger(__name__).error("the town stopped", exc_info=result)
                self._terminal.say(f"The town stopped: {result!r}; see {self._settings.data_dir / 'logs'}")
                return 1
        return 0

    async def _tell(self, story: Story, afterwards: Afterwards) -> None:
        """Tell the story, then let life go on."""
        await story.run()
        if self._seconds is None:
            self._terminal.say("  The story is told; the town lives on. Acknowledge the fire in the console.")
        await afterwards.run()

    async def _mourn(self, supervisor: Supervisor) -> None:
        """Say when a process died and was started again."""
        known = dict(supervisor.restarts)
        while True:
            await asyncio.sleep(0.5)
            for name, count in supervisor.restarts.items():
                if count > known[name]:
                    self._terminal.event(
                        "RESTART", f"{name} ended and is started again; devices keep what they measure"
                    )
            known = dict(supervisor.restarts)

    async def _either(self, *work: "asyncio.Task[object]") -> None:
        """Wait until one of the tasks ends or somebody asks to stop."""
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({stop, *work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()

    def _introduce(self) -> None:
        """Say in a few lines what runs where, and what will happen."""
        settings, say = self._settings, self._terminal.say
        host, port = gateway_address(settings)
        say("Standpipe demo: Yunting Town, simulated. Nothing leaves this machine; Ctrl-C stops everything.")
        say(f"  console   http://{settings.alerting.listen}   <- open this: the wall, incidents, hydrants")
        mqtt = f", MQTT from {settings.collector.mqtt.host}" if settings.collector.mqtt.host else ""
        http = f"http://{settings.collector.http.listen}"
        say(f"  collector GB/T 26875.3 on {settings.collector.gb26875.listen}, {http}{mqtt}")
        say(f"  storage   {settings.influx_url}   SMS gateway http://{host}:{port} (simulated)")
        say(f"  water     {solver_in_use()}")
        say(f"  logs      {settings.data_dir / 'logs'}")
        say("  At 20 s a hydrant is opened and its lane loses pressure; at 45 s a warehouse detector reports fire,")
        say("  an incident opens on the wall and an SMS goes out, whose receipt comes back. Latency at the right.")

    def _judge(self, story: Story, supervisor: Supervisor) -> int:
        """Print ledger and memory; return 0 when the whole story happened."""
        if marks := story.fire.marks():
            self._terminal.ledger("Latency ledger of the fire", marks)
        self._terminal.memory(_memory(supervisor, processes_of(self._settings)), limit=MEMORY_LIMIT)
        if missing := story.chapters.outstanding:
            self._terminal.say(f"\nDid not happen: {'; '.join(missing)}. Logs: {self._settings.data_dir / 'logs'}")
            return 1
        self._terminal.say("\nThe whole story happened.")
        return 0

    def _farewell(self, code: int) -> int:
        self._terminal.say("\nStopped." if self._stop.is_set() else "Stopped.")
        return code


def _memory(supervisor: Supervisor, names: list[str]) -> dict[str, int]:
    """Return resident bytes by process, the demo's own among them."""
    rows = {}
    for name in names:
        pid = supervisor.pid(name)
        with contextlib.suppress(psutil.Error):
            rows[name] = psutil.Process(pid).memory_info().rss if pid else 0
    rows["demo town, SMS gateway, supervisor"] = psutil.Process().memory_info().rss
    return rows
