"""A console on a real socket, whose service and whose life the test holds, and a headless Chromium before it."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from console import build
from console.app import build_app
from console.rehearsal import Rehearsal
from standpipe.model.settings import Alerting, Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Console:
    """One console: `start`, `kill`, and its service in between. The port stays the same over restarts."""

    def __init__(self, data: Path, *, password: str = "") -> None:
        self.service = Rehearsal()
        self.query: object = None
        self._settings = Settings(data=str(data), locale="en", alerting=Alerting(password=password))
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve until killed."""
        app = build_app(self.service, self.query, self._settings)  # type: ignore[arg-type]
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        ready = threading.Event()

        async def serve(server: uvicorn.Server) -> None:
            self.loop = asyncio.get_running_loop()
            work = asyncio.create_task(server.serve())
            while not server.started and not work.done():  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            ready.set()
            await work

        self._thread = threading.Thread(target=asyncio.run, args=(serve(self._server),), daemon=True)
        self._thread.start()
        assert ready.wait(20)

    def kill(self) -> None:
        """Stop at once: sockets closed, streams cut."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
        self._server = None

    def do(self, act: str, *values: object, **named: object) -> None:
        """Call a method of the service on the server's own loop."""
        assert self.loop is not None

        async def call() -> None:
            getattr(self.service, act)(*values, **named)

        asyncio.run_coroutine_threadsafe(call(), self.loop).result(5)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for one module: its event loop must be gone before other modules run theirs."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    if build.main([]) != 0:
        pytest.skip("the console's browser files could not be built (node or the npm registry is missing)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    one = Console(tmp_path)
    yield one
    one.kill()


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Console]:
    one = Console(tmp_path, password="correct horse")
    yield one
    one.kill()


class Watched:
    """Pages whose every complaint is kept."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages: list[Page] = []
        self.complaints: list[str] = []

    def open(self, url: str, width: int = 1920, height: int = 1080) -> Page:
        """Open a page and keep what its console says."""
        page = self._browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(20_000)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(url)
        self._pages.append(page)
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def close(self) -> None:
        """Close all."""
        for page in self._pages:
            page.close()


@pytest.fixture
def screens(chromium: Browser) -> Iterator[Watched]:
    watched = Watched(chromium)
    yield watched
    watched.close()
