"""Starts the processes, restarts the one that dies, stops them all. Looks into none of them.

A child is told to stop by SIGTERM. It also stops by itself when its standard input closes, which happens when the
supervisor is gone, so nothing is left behind after a kill -9.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import httpx

from standpipe.model import clock
from standpipe.model.settings import Settings

log = logging.getLogger(__name__)

FIRST_DELAY, LONGEST_DELAY, STEADY = 0.2, 10.0, 30.0
"""Seconds: pause before the first restart, the longest pause, and how long a process must run to be forgiven."""


def processes_of(settings: Settings) -> list[str]:
    """Return the names of the processes that these settings need, in starting order."""
    embedded = [] if settings.influx.url else ["tsdb"]
    return [*embedded, "alerting", "collector"]


class Supervisor:
    """`async with Supervisor(config, settings, names) as s: await s.ready()`."""

    def __init__(self, config: Path, settings: Settings, names: Sequence[str]) -> None:
        """Take the settings file, what is in it, and which processes to run."""
        self._config = config
        self._settings = settings
        self._names = list(names)
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._resting: set[str] = set()
        self.restarts: dict[str, int] = dict.fromkeys(names, 0)

    async def __aenter__(self) -> "Supervisor":
        """Start all processes; `ready` tells when they answer."""
        (self._settings.data_dir / "logs").mkdir(parents=True, exist_ok=True)
        self._tasks = [asyncio.create_task(self._keep(name)) for name in self._names]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all: SIGTERM in reverse order, SIGKILL after ten seconds."""
        self._stopping = True
        for name in reversed(self._names):
            await self.stop(name)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pid(self, name: str) -> int | None:
        """Return a process's id while it runs."""
        process = self._running.get(name)
        return process.pid if process else None

    def log_file(self, name: str) -> Path:
        """Return where a process writes what it has to say."""
        return self._settings.data_dir / "logs" / f"{name}.log"

    def trouble(self) -> str:
        """Return the last lines of the processes that do not run, for a person."""
        lines = []
        for name in self._names:
            if self.restarts[name] or name not in self._running:
                text = self.log_file(name).read_text(errors="replace").splitlines()[-12:]
                lines += [
                    f"{name} does not stay up; the end of {self.log_file(name)}:",
                    *(f"  {line}" for line in text),
                ]
        return "\n".join(lines) or "a process does not answer; see the logs"

    async def ready(self, *, timeout: float = 60.0) -> bool:  # noqa: ASYNC109 - it is the caller's patience
        """Wait until every process answers; False when one keeps dying or time is up."""
        doors = {
            "tsdb": f"http://{self._settings.tsdb.listen}/ping",
            "collector": f"http://{self._settings.collector.http.listen}/health",
            "alerting": f"http://{self._settings.alerting.listen}/health",
        }
        deadline = asyncio.get_running_loop().time() + timeout
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            for name in self._names:
                while not await _answers(client, doors[name]):
                    if asyncio.get_running_loop().time() > deadline or self.restarts[name] >= 3:
                        return False
                    await asyncio.sleep(0.05)
        return True

    async def _keep(self, name: str) -> None:
        """Run one process for ever, pausing longer each time it dies young."""
        delay = FIRST_DELAY
        while not self._stopping:
            started = clock.now()
            with self.log_file(name).open("ab") as out:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "standpipe", name, "--config", str(self._config), "--supervised",
                    stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out, start_new_session=True,
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},
                )  # fmt: skip
            self._running[name] = process
            code = await process.wait()
            self._running.pop(name, None)
            if self._stopping or name in self._resting:
                return
            self.restarts[name] += 1
            delay = FIRST_DELAY if clock.now() - started > STEADY * 1000 else min(delay * 2, LONGEST_DELAY)
            log.error("process=%s ended code=%s restart_in=%.1fs", name, code, delay)
            await asyncio.sleep(delay)

    async def stop(self, name: str) -> None:
        """Stop one process for good: SIGTERM, and SIGKILL after ten seconds."""
        self._resting.add(name)
        process = self._running.get(name)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code < 500
    except httpx.HTTPError:
        return False
