"""The password: asked for, compared, limited, and never a way out of the console."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from console.session import ATTEMPTS, LIFETIME, WAIT, Sessions, read_key

Desk = Callable[..., TestClient]
PASSWORD = "correct horse"
AWAY = "http://10.1.2.3:8080"


@pytest.fixture
def locked(desk: Desk) -> TestClient:
    return desk(password=PASSWORD, locale="en", host=AWAY)


def enter(browser: TestClient, password: str = PASSWORD, goal: str = "/") -> int:
    return browser.post("/login", data={"password": password, "next": goal}).status_code


@pytest.mark.parametrize("path", ["/", "/incidents", "/hydrants", "/incidents/inc-1"])
def test_a_page_asks_for_the_password_and_comes_back(locked: TestClient, path: str) -> None:
    answer = locked.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}"
    assert enter(locked, goal=path) == 303
    assert locked.get("/").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/events"), ("GET", "/wall/counts"), ("GET", "/hydrants/x/history"), ("POST", "/incidents/inc-1")],
)
def test_nothing_else_answers_without_a_login(locked: TestClient, method: str, path: str) -> None:
    assert locked.request(method, path, headers={"Accept": "*/*"}).status_code == 401


def test_the_login_page_has_its_files(locked: TestClient) -> None:
    assert locked.get("/login").status_code == 200
    assert locked.get("/static/app.css").status_code == 200


def test_a_wrong_password_is_refused(locked: TestClient) -> None:
    assert enter(locked, "wrong") == 403
    assert locked.get("/").status_code == 303


def test_attempts_are_limited_even_for_the_right_password(locked: TestClient, clock: object) -> None:
    assert [enter(locked, "wrong") for _ in range(ATTEMPTS)] == [403] * (ATTEMPTS - 1) + [429]
    assert enter(locked) == 429
    clock.ms += WAIT  # type: ignore[attr-defined]
    assert enter(locked) == 303


@pytest.mark.parametrize(
    "goal",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "\\\\evil"],
)
def test_the_login_never_leads_out_of_the_console(locked: TestClient, goal: str) -> None:
    answer = locked.post("/login", data={"password": PASSWORD, "next": goal})
    assert answer.headers["location"] == "/"


def test_a_display_stays_logged_in_as_long_as_it_is_used(locked: TestClient, clock: object) -> None:
    enter(locked)
    for _ in range(5):
        clock.ms += LIFETIME // 2  # type: ignore[attr-defined]
        assert locked.get("/wall/platform").status_code == 200
    clock.ms += LIFETIME + 1  # type: ignore[attr-defined]
    assert locked.get("/").status_code == 303


def test_a_cookie_is_not_made_anew_at_every_request(locked: TestClient, clock: object) -> None:
    enter(locked)
    assert "set-cookie" not in locked.get("/wall/platform").headers
    clock.ms += 2 * 86_400_000  # type: ignore[attr-defined]
    assert "set-cookie" in locked.get("/wall/platform").headers


def test_logging_out_ends_the_login(locked: TestClient) -> None:
    enter(locked)
    assert locked.post("/logout").status_code == 303
    assert locked.get("/").status_code == 303


def test_a_session_outlives_a_restart_and_not_a_new_password(tmp_path: Path) -> None:
    def now() -> int:
        return 1_000_000

    cookie = Sessions("a", read_key(tmp_path), now=now).renew()
    assert Sessions("a", read_key(tmp_path), now=now).holds(cookie)
    assert not Sessions("b", read_key(tmp_path), now=now).holds(cookie)
    assert not Sessions("a", b"another installation", now=now).holds(cookie)
    assert (tmp_path / "console.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "cookie", ["", ".", "99999999999999.", "99999999999999.00", "x.y", "é.é", "９９９９９９９９９９９９９９.0"]
)
def test_a_forged_cookie_is_worth_nothing(cookie: str) -> None:
    assert not Sessions("a", b"key", now=lambda: 1).holds(cookie)


def test_a_cookie_with_its_time_moved_is_worth_nothing() -> None:
    sessions = Sessions("a", b"key", now=lambda: 1)
    until, _, signature = sessions.renew().partition(".")
    assert not sessions.holds(f"{int(until) + 1}.{signature}")


def test_a_forest_of_addresses_does_not_fill_the_memory() -> None:
    sessions = Sessions("a", b"key", now=lambda: int(time.monotonic()))
    for number in range(10_500):
        sessions.enter("wrong", f"10.0.{number >> 8}.{number & 255}")
    assert len(sessions._wrong) == 10_000


def test_without_a_password_there_is_no_login(browser: TestClient) -> None:
    assert browser.get("/login").headers["location"] == "/"
    assert browser.get("/").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts(locked: TestClient) -> None:
    cookie = locked.post("/login", data={"password": PASSWORD, "next": "/"}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
