"""A console over made-up states, with a clock that stands still until it is moved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from console.app import build_app
from console.rehearsal import Rehearsal
from standpipe.model.settings import Alerting, Settings

START = 1_795_333_200_000
LOCAL = "http://127.0.0.1:8080"


@dataclass
class Clock:
    """Epoch ms that tests move by hand."""

    ms: int = START

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock) -> Rehearsal:
    return Rehearsal(now=clock)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in ("app.js", "app.css", "chart.js", "chart.css", "mark.svg"):
        (folder / name).write_text(f"/* {name} */")
    return folder


Desk = Callable[..., TestClient]


@pytest.fixture
def desk(service: Rehearsal, clock: Clock, dist: Path, tmp_path: Path) -> Iterator[Desk]:
    """Make a browser at the console: `desk(password=…, query=…, locale=…)`."""
    opened: list[TestClient] = []

    def make(*, password: str = "", query: object = None, locale: str = "zh-CN", host: str = LOCAL) -> TestClient:
        settings = Settings(
            data=str(tmp_path / "data"),
            locale=locale,  # type: ignore[arg-type]
            alerting=Alerting(password=password),
        )
        app = build_app(service, query, settings, dist=dist, now=clock)  # type: ignore[arg-type]
        origin = {"Origin": host, "Accept": "text/html"}
        browser = TestClient(app, base_url=host, headers=origin, follow_redirects=False, raise_server_exceptions=False)
        opened.append(browser)
        return browser

    yield make
    for browser in opened:
        browser.close()


@pytest.fixture
def browser(desk: Desk) -> TestClient:
    return desk(locale="en")
