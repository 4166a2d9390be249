"""The wall in a real browser: alive, honest when it is not, and in one view."""

import asyncio
import time
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from storage.influx.query import Series

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.xdist_group("browser")]

FED = "document.documentElement.dataset.fed !== undefined"
BAND = "getComputedStyle(document.querySelector('[data-band]')).opacity"
CUT = """selector => [...document.querySelectorAll(selector)].filter(box => {
  const outer = box.getBoundingClientRect();
  return [...box.children].some(line => {
    const inner = line.getBoundingClientRect(), lines = parseFloat(getComputedStyle(line).lineHeight) || 0;
    return inner.bottom > outer.bottom + 1 || inner.top < outer.top - 1 || inner.height < 0.95 * lines;
  });
}).length"""
"""How many boxes have a line that leaves them or is squeezed below its own height."""
PLACE = {"site": ("城北仓库", "North Warehouse"), "zone": ("2 号区", "Zone 2")}


def until(page: Page, expression: str, seconds: float = 10) -> float:
    """Ask from outside until it is true (the page's own policy forbids to evaluate inside); return how long it took."""
    started = time.monotonic()
    while not page.evaluate(expression):
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {expression}"
        time.sleep(0.1)
    return time.monotonic() - started


def wait_for_band(page: Page, opacity: str, seconds: float = 25) -> float:
    """Wait until the band shows (1) or is gone (0); return how long it took."""
    return until(page, f"{BAND} === '{opacity}'", seconds)


def test_an_incident_appears_by_itself_with_a_flash_and_is_reported_as_displayed(console: Any, screens: Any) -> None:
    console.service.play("quiet")
    console.start()
    page = screens.open(console.url)
    expect(page.locator("#incidents .calm")).to_be_visible()
    until(page, FED)
    page.wait_for_timeout(500)

    console.do("open_incident", "inc-7", **PLACE)

    expect(page.locator("[data-incident=inc-7]")).to_contain_text("North Warehouse", timeout=2_000)
    expect(page.locator("[data-incident=inc-7]")).to_contain_text("Zone 2")
    expect(page.locator("body.flash")).to_have_count(1, timeout=2_000)
    expect(page.locator("[data-incident=inc-7]")).to_contain_text("received to wall", timeout=3_000)
    assert list(console.service.displayed_at) == ["inc-7"]
    assert screens.complaints == []


def test_a_hydrant_loses_its_green_on_the_wall(console: Any, screens: Any) -> None:
    console.service.play("quiet")
    console.start()
    page = screens.open(console.url)
    tile = page.locator("a.tile", has_text="S-017")
    expect(tile).to_have_attribute("data-readiness", "usable")
    console.do("grade", "HY-017", "unusable", 55.0)
    expect(tile).to_have_attribute("data-readiness", "unusable", timeout=3_000)
    expect(page.locator("#counts [data-readiness=unusable] b")).to_have_text("1", timeout=3_000)


def test_the_band_comes_when_the_service_stops_feeding_and_goes_when_it_feeds(console: Any, screens: Any) -> None:
    console.service.play("busy")
    console.start()
    page = screens.open(console.url)
    until(page, FED)
    assert page.evaluate(BAND) == "0"

    console.service.broken = True
    assert wait_for_band(page, "1") <= 18
    expect(page.locator(".band-lost")).to_be_visible()
    until(page, "getComputedStyle(document.querySelector('.tile')).filter.includes('grayscale')", 2)

    console.service.broken = False
    wait_for_band(page, "0")


def test_the_band_comes_when_the_server_dies_and_goes_after_its_restart(console: Any, screens: Any) -> None:
    console.service.play("busy")
    console.start()
    page = screens.open(console.url)
    until(page, FED)

    console.kill()
    assert wait_for_band(page, "1") <= 18
    console.service.grade("HY-002", "unusable", 12.0)
    console.start()

    wait_for_band(page, "0")
    expect(page.locator("a.tile", has_text="S-002")).to_have_attribute("data-readiness", "unusable", timeout=5_000)


def test_the_band_comes_even_when_no_script_runs_any_more(console: Any, screens: Any) -> None:
    console.service.play("quiet")
    console.start()
    page = screens.open(console.url)
    until(page, FED)
    page.evaluate("() => { for (let id = 1; id < 10000; id++) clearInterval(id); window.EventSource = null; }")
    page.context.set_offline(True)
    console.service.broken = True
    assert wait_for_band(page, "1") <= 18
    assert page.evaluate("getComputedStyle(document.querySelector('.tiles'), '::after').opacity") == "1"


def test_the_band_comes_when_a_region_cannot_follow_though_beats_arrive(console: Any, screens: Any) -> None:
    console.service.play("quiet")
    console.start()
    page = screens.open(console.url)
    until(page, FED)
    page.route("**/wall/hydrants", lambda route: route.abort())
    console.do("grade", "HY-017", "unusable", 55.0)
    assert wait_for_band(page, "1", 40) <= 30
    page.unroute("**/wall/hydrants")
    wait_for_band(page, "0")
    expect(page.locator("a.tile", has_text="S-017")).to_have_attribute("data-readiness", "unusable")


def test_an_incident_that_alarms_again_flashes_again(console: Any, screens: Any) -> None:
    console.service.play("busy")
    console.start()
    page = screens.open(console.url)
    until(page, FED)
    asyncio.run_coroutine_threadsafe(
        console.service.act("inc-1", "false_alarm", "Wang", "", "unknown"), console.loop
    ).result(5)
    expect(page.locator("[data-incident=inc-1]")).to_have_attribute("data-state", "false_alarm")
    page.wait_for_timeout(500)
    again = replace(console.service.incidents["inc-1"], state="suspected")
    console.service.incidents["inc-1"] = again
    console.do("tell", "incidents")
    expect(page.locator("body.flash")).to_have_count(1)


def test_the_band_names_silent_data_and_leaves_when_data_come_back(console: Any, screens: Any) -> None:
    console.service.play("silent")
    console.start()
    page = screens.open(console.url)
    wait_for_band(page, "1", 8)
    expect(page.locator(".band-silent")).to_contain_text("NO DATA ARRIVING")
    console.service.silent_since = None
    console.do("tell", "sources")
    wait_for_band(page, "0", 8)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("scene", ["empty", "quiet", "busy", "silent"])
def test_the_wall_is_one_view_at_1080p(console: Any, screens: Any, scene: str, language: str) -> None:
    console.service.play(scene)
    console.start()
    page = screens.open(f"{console.url}/?lang={language}")
    until(page, FED)
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [1920, 1080]
    outside = page.evaluate(
        "[...document.querySelectorAll('.tile, .card, .count')].filter(e => {"
        " const b = e.getBoundingClientRect(); return b.right > 1920 || b.bottom > 1080 || b.height < 20 }).length"
    )
    assert outside == 0
    assert screens.complaints == []


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_many_incidents_still_fit_and_none_is_hidden_silently(console: Any, screens: Any, count: int) -> None:
    console.service.play("quiet")
    for number in range(count):
        console.service.open_incident(f"inc-{number}", **PLACE)
    console.start()
    page = screens.open(console.url)
    expect(page.locator(".card")).to_have_count(min(count, 4))
    cut = page.evaluate(CUT, ".card")
    assert cut == 0
    assert page.locator("#incidents .more").count() == int(count > 4)


def test_alerts_and_platform_problems_share_their_column_without_cutting_a_line(console: Any, screens: Any) -> None:
    console.service.play("busy")
    console.service.problems = [{"zh": f"问题 {n}", "en": f"problem {n}"} for n in range(6)]
    for number in range(1, 7):
        console.service.add_alert(f"HY-00{number}", "水压低", "low pressure", 120.0, 60_000)
    console.start()
    page = screens.open(console.url)
    expect(page.locator("#alerts h2")).to_have_text("Alerts 10 6 more not shown")
    expect(page.locator("#platform h2")).to_have_text("Platform 3 more not shown")
    assert page.evaluate(CUT, ".side") == 0
    assert page.evaluate(CUT, ".side ul") == 0
    assert page.evaluate(CUT, ".side section") == 0


@pytest.mark.parametrize("count", [1, 8, 18, 32, 60, 84, 112, 150])
def test_the_text_of_every_tile_is_whole(console: Any, screens: Any, count: int) -> None:
    console.service.add_hydrants(count)
    console.start()
    page = screens.open(console.url)
    expect(page.locator(".tile")).to_have_count(min(count, 112))
    cut = page.evaluate(CUT, ".tile")
    assert cut == 0
    assert page.locator(".left-out").count() == int(count > 112)


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/inc-1", "/hydrants", "/hydrants/HY-012", "/nothing"])
def test_a_telephone_shows_one_column_without_sideways_scrolling(console: Any, screens: Any, path: str) -> None:
    console.service.play("busy")
    console.start()
    page = screens.open(f"{console.url}{path}", 390, 844)
    page.wait_for_timeout(400)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert [text for text in screens.complaints if "404" not in text] == []


def test_acknowledging_works_and_the_name_is_remembered(console: Any, screens: Any) -> None:
    console.service.play("busy")
    console.start()
    page = screens.open(f"{console.url}/incidents/inc-1", 390, 844)
    page.get_by_label("Your name").fill("Wang Hai")
    page.get_by_label("Note (optional)").fill("crew on its way")
    page.get_by_role("button", name="Acknowledge").dblclick()
    expect(page.locator("#head .chip")).to_have_text("Acknowledged")
    expect(page.locator(".timeline")).to_contain_text("Wang Hai")
    assert [acted[1:4] for acted in console.service.acted] == [("acknowledge", "Wang Hai", "crew on its way")]
    expect(page.get_by_label("Your name")).to_have_value("Wang Hai")
    assert screens.complaints == []


def test_an_open_incident_page_follows_and_keeps_what_is_being_typed(console: Any, screens: Any) -> None:
    console.service.play("busy")
    console.start()
    page = screens.open(f"{console.url}/incidents/inc-1", 1440, 900)
    until(page, FED)
    page.get_by_label("Note (optional)").fill("half a sen")
    other = screens.open(f"{console.url}/incidents/inc-1", 1440, 900)
    other.get_by_label("Your name").fill("Li Na")
    other.get_by_role("button", name="Confirm: it is real").click()
    expect(page.locator("#head .chip")).to_have_text("Confirmed", timeout=4_000)
    expect(page.get_by_role("button", name="Reset")).to_be_visible(timeout=4_000)
    expect(page.get_by_label("Note (optional)")).to_have_value("half a sen")


class Store:
    """A pressure history of an hour, with a gap."""

    async def query(self, _q: str, params: dict[str, int]) -> list[Series]:
        steps = range(params["start"], params["end"], params["step"])
        rows = [[at, 180.0 + at % 7, 170.0, 190.0] if i % 9 else [at, None, None, None] for i, at in enumerate(steps)]
        return [Series("hydrant", ["time", "mean", "low", "high"], rows)]


def test_the_chart_is_drawn_and_changes_its_span(console: Any, screens: Any) -> None:
    console.service.play("quiet")
    console.query = Store()
    console.start()
    page = screens.open(f"{console.url}/hydrants/HY-001", 1440, 900)
    expect(page.locator(".chart[data-state=drawn] canvas")).to_be_visible()
    with page.expect_response("**/history?span=7d"):
        page.get_by_role("button", name="7 days").click()
    expect(page.locator(".chart canvas")).to_be_visible()
    assert screens.complaints == []


def test_a_chart_without_a_database_says_so(console: Any, screens: Any) -> None:
    console.service.play("quiet")
    console.start()
    page = screens.open(f"{console.url}/hydrants/HY-001", 1440, 900)
    expect(page.locator(".chart")).to_contain_text("cannot be reached")


def test_a_locked_wall_logs_in_once_and_survives_a_restart(locked: Any, screens: Any) -> None:
    locked.service.play("quiet")
    locked.start()
    page = screens.open(locked.url)
    page.get_by_label("Console password").fill("correct horse")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator("#counts [data-readiness=usable] b")).to_have_text("60")
    until(page, FED)
    locked.kill()
    locked.start()
    page.reload()
    expect(page.locator("#counts [data-readiness=usable] b")).to_have_text("60")
