"""Builds each process from its rooms: the only place where rooms meet. Holds no logic of theirs."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

import uvicorn
import uvloop

from standpipe.commands.configuration import Configuration
from standpipe.model import clock
from standpipe.model.origin import refuse_browser
from standpipe.model.settings import split_listen

log = logging.getLogger(__name__)

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def prepare(*, supervised: bool) -> None:
    """Set up logging, and for a supervised process the end of life when its supervisor is gone."""
    logging.basicConfig(
        level=os.environ.get("LOGLEVEL", "INFO"),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if supervised:
        threading.Thread(target=_follow, daemon=True, name="follow-supervisor").start()
    gc.freeze()


def run_collector(configuration: Configuration) -> None:
    """Run the collector until SIGTERM or Ctrl-C. SIGHUP renews the device types."""
    uvloop.run(_collector(configuration))


async def _collector(configuration: Configuration) -> None:
    from collector.main import run

    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    await _until_signal(
        run(
            settings=configuration.settings,
            catalogue=configuration.catalogue,
            registry=configuration.registry,
            reload=reload,
        )
    )


def run_tsdb(*, listen: str, data: str, token: str, memory_limit: str, keep: str = "") -> None:
    """Run the embedded database until SIGTERM or Ctrl-C."""
    from storage.tsdb.server import run

    run(listen, Path(data), token, memory_limit, keep=keep)


def run_alerting(configuration: Configuration) -> None:
    """Run alerting and the console on one address until SIGTERM or Ctrl-C."""
    uvloop.run(_alerting(configuration))


async def _alerting(configuration: Configuration) -> None:
    from alerting.api import Api
    from alerting.intake import Intake
    from alerting.service import Alerting
    from console.app import build_app
    from standpipe.telemetry.feed import Telemetry
    from storage.influx.query import InfluxQuery
    from storage.influx.writer import InfluxWriter

    settings = configuration.settings
    service = await Alerting.open(
        settings, configuration.catalogue, configuration.registry, configuration.contacts, configuration.rules
    )
    feed = Intake(service, settings)
    api = Api(service, settings)
    pages = build_app(service, InfluxQuery.from_settings(settings), settings)
    telemetry = Telemetry(
        service,
        configuration.registry,
        configuration.catalogue,
        writer=InfluxWriter.from_settings(settings),
        query=InfluxQuery.from_settings(settings),
        heard=lambda: service.heard,
        clock=clock.now,
        language="zh" if settings.locale.startswith("zh") else "en",
    )

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        programs = path in ("/readings", "/health") or path.startswith(("/receipts/", "/api/"))
        locked = bool(settings.alerting.token) or path.startswith("/receipts/")  # gateways know us by other names
        if programs and (why := refuse_browser(scope["headers"], locked=locked)):
            await _refuse(send, why)
        elif path == "/readings" or path.startswith("/receipts/"):
            await feed(scope, receive, send)
        elif path == "/health" or path.startswith("/api/"):
            await api(scope, receive, send)
        else:
            await pages(scope, receive, send)

    host, port = split_listen(settings.alerting.listen)
    server = uvicorn.Server(
        uvicorn.Config(
            route, host=host, port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False,
            lifespan="on", timeout_graceful_shutdown=2,
        )
    )  # fmt: skip
    try:
        async with asyncio.TaskGroup() as tasks:
            work = [tasks.create_task(service.run()), tasks.create_task(_apart(telemetry.run))]
            await server.serve()
            for task in work:
                task.cancel()
    finally:
        await service.close()


async def _apart(run: Callable[[], Awaitable[None]]) -> None:
    """Run what only feeds charts; no fault of it may end the process that rings people."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("dashboards' feed failed, starting it again")
        await asyncio.sleep(15)


async def _refuse(send: Send, why: str) -> None:
    head = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": head})
    await send({"type": "http.response.body", "body": why.encode()})


async def _until_signal(work: Awaitable[None]) -> None:
    """Run `work`; SIGTERM and SIGINT cancel it."""
    task = asyncio.ensure_future(work)
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


def _follow() -> None:
    """Wait for the end of standard input, which means that the supervisor is gone; then stop as SIGTERM would."""
    while os.read(0, 1):  # not sys.stdin, whose lock would be held at interpreter shutdown
        pass
    os.kill(os.getpid(), signal.SIGTERM)
