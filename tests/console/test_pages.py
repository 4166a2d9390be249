"""Every page in both languages, with nothing, with everything, and with hostile names."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from console.rehearsal import Rehearsal

Desk = Callable[..., TestClient]
PAGES = ("/", "/incidents", "/incidents/inc-1", "/hydrants", "/hydrants/HY-012", "/hydrants/HY-055")
HOSTILE = """"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}"""


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "word"), [("zh-CN", "消火栓"), ("en", "Hydrants")])
def test_a_page_speaks_the_language_asked_for(
    service: Rehearsal, browser: TestClient, path: str, language: str, word: str
) -> None:
    service.play("busy")
    answer = browser.get(path, params={"lang": language})
    assert answer.status_code == 200
    assert f'lang="{language}"' in answer.text
    assert word in answer.text
    assert answer.cookies["language"] == language


def test_the_language_is_remembered_and_the_setting_is_the_default(desk: Desk) -> None:
    browser = desk(locale="zh-CN")
    assert "没有未结警情" in browser.get("/").text
    browser.get("/?lang=en")
    assert "No open incident" in browser.get("/").text


@pytest.mark.parametrize("path", ["/", "/incidents", "/hydrants"])
def test_a_console_without_anything_says_so(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert "No hydrant is registered" in answer.text or "There is no open incident" in answer.text


@pytest.mark.parametrize("path", [*PAGES, "/wall/hydrants", "/wall/alerts", "/incidents/inc-1/road"])
def test_hostile_names_are_shown_and_never_run(service: Rehearsal, browser: TestClient, path: str) -> None:
    service.play("busy")
    for id_, hydrant in service.hydrants.items():
        service.hydrants[id_] = replace(hydrant, name=HOSTILE, zone=HOSTILE, reason={"en": HOSTILE})
    service.alerts = [replace(alert, name=HOSTILE, label={"en": HOSTILE}, rule=HOSTILE) for alert in service.alerts]
    service.problems = [{"en": HOSTILE}]
    incident = service.incidents["inc-1"]
    texts = [replace(entry, text={"en": HOSTILE}, actor=HOSTILE) for entry in incident.entries]
    notices = [replace(notice, person=HOSTILE, error=HOSTILE, channel=HOSTILE) for notice in incident.notices]
    service.incidents["inc-1"] = replace(
        incident, title={"en": HOSTILE}, site_name={"en": HOSTILE}, zone_name={"en": HOSTILE}, devices=[HOSTILE],
        entries=texts, notices=notices,
    )  # fmt: skip
    text = browser.get(path).text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "49" not in text.replace("2149", "") or "{{7*7}}" in text.replace("&#39;", "'")


@pytest.mark.parametrize("path", ["/", "/incidents/nobody", "/nowhere", "/hydrants/HY-999", "/static/app.js", "/login"])
def test_every_answer_carries_the_security_headers(browser: TestClient, path: str) -> None:
    headers = browser.get(path).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/incidents/nobody", "/nowhere", "/hydrants/HY-999", "/wall/nothing", "/incidents/x/y"]
)
def test_what_does_not_exist_is_said_in_words(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "There is no such page, incident or hydrant." in answer.text


def test_no_page_has_inline_scripts_or_styles(service: Rehearsal, browser: TestClient) -> None:
    service.play("busy")
    for text in [browser.get(path).text for path in PAGES]:
        assert "<style" not in text
        assert " style=" not in text
        assert "<script>" not in text
        assert " onclick=" not in text


def test_a_broken_service_is_an_error_page_and_never_an_old_wall(service: Rehearsal, browser: TestClient) -> None:
    service.play("quiet")
    browser.get("/")
    service.broken = True
    answer = browser.get("/")
    assert answer.status_code == 500
    assert "Usable" not in answer.text


def test_a_console_whose_browser_files_are_missing_names_the_command(browser: TestClient, dist: Path) -> None:
    (dist / "app.js").unlink()
    answer = browser.get("/")
    assert answer.status_code == 503
    assert "python -m console.build" in answer.text


def test_browser_files_may_be_kept_only_with_their_version(browser: TestClient) -> None:
    assert "immutable" in browser.get("/static/app.js?v=1").headers["cache-control"]
    assert browser.get("/static/app.js").headers["cache-control"] == "no-cache"
    assert browser.get("/").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("readiness", ["usable", "degraded", "unusable", "unknown"])
def test_a_tile_says_its_readiness_and_the_age_of_its_data(
    service: Rehearsal, browser: TestClient, readiness: str
) -> None:
    service.add_hydrants(1)
    service.grade("HY-001", readiness, 77.0, 42_000)  # type: ignore[arg-type]
    text = browser.get("/wall/hydrants").text
    assert f'data-readiness="{readiness}"' in text
    assert "42 s" in text


def test_a_hydrant_whose_data_grow_old_loses_its_green(service: Rehearsal, browser: TestClient, clock: object) -> None:
    service.add_hydrants(1)
    service.grade("HY-001", "usable", 300.0, 0)
    clock.ms += 800_000  # type: ignore[attr-defined]
    assert 'data-readiness="unknown"' in browser.get("/").text


def test_without_a_contact_ever_the_platform_says_so(service: Rehearsal, browser: TestClient) -> None:
    real = service.wall
    service.wall = lambda now: replace(real(now), sources=[], data_silent=True)  # type: ignore[method-assign]
    text = browser.get("/").text
    assert "No collector has ever been in contact" in text


def test_a_wall_without_data_shows_its_band_before_any_script_runs(service: Rehearsal, browser: TestClient) -> None:
    service.play("silent")
    assert " data-silent>" in browser.get("/").text
    service.silent_since = None
    assert " data-silent>" not in browser.get("/").text


def test_a_telephone_number_is_never_shown_whole(service: Rehearsal, browser: TestClient) -> None:
    service.play("busy")
    text = browser.get("/incidents/inc-1").text
    assert "138****2046" in text
