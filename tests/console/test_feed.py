"""The stream: one look per change for all screens, silence when the wall cannot be seen, no work for nobody."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from fastapi.testclient import TestClient

from console import feed as feeding
from console.feed import Feed
from console.pages import Pages
from console.rehearsal import Rehearsal


@pytest.fixture
def feed(service: Rehearsal, clock: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> Feed:
    monkeypatch.setattr(feeding, "GAP", 0.01)
    monkeypatch.setattr(feeding, "HEARTBEAT", 0.1)
    service.play("busy")
    return Feed(service, now=clock, build="b1")


async def beat(beats: AsyncIterator[bytes], within: float = 2.0) -> dict[str, Any]:
    async with asyncio.timeout(within):
        block = (await anext(beats)).decode()
    event, data, *_ = block.split("\n")
    assert event == "event: beat"
    decoded: dict[str, Any] = json.loads(data.removeprefix("data: "))
    return decoded


async def test_a_screen_is_told_at_once_and_then_on_every_heartbeat(feed: Feed, clock: Any) -> None:
    async with aclosing(feed.beats()) as beats:
        first = await beat(beats)
        clock.ms += 5_000
        second = await beat(beats)
    assert first["at"] + 5_000 == second["at"]
    assert first["versions"]["incidents"] == second["versions"]["incidents"]
    assert first["build"] == "b1"


async def test_a_new_incident_changes_its_region_only(feed: Feed, service: Rehearsal) -> None:
    async with aclosing(feed.beats()) as beats:
        before = (await beat(beats))["versions"]
        service.open_incident("inc-2", site=("学校", "School"), zone=("一层", "Floor 1"))
        after = (await beat(beats))["versions"]
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"incidents", "counts"}


async def test_age_alone_changes_no_region(feed: Feed, clock: Any) -> None:
    async with aclosing(feed.beats()) as beats:
        before = (await beat(beats))["versions"]
        clock.ms += 2_000
        after = (await beat(beats))["versions"]
    assert after["hydrants"] == before["hydrants"]


async def test_a_hydrant_that_grows_stale_changes_its_region_without_a_hint(feed: Feed, clock: Any) -> None:
    async with aclosing(feed.beats()) as beats:
        before = (await beat(beats))["versions"]
        clock.ms += 900_000
        after = (await beat(beats))["versions"]
    assert after["hydrants"] != before["hydrants"]


async def test_silence_of_the_data_is_in_the_beat(feed: Feed, service: Rehearsal, clock: Any) -> None:
    service.silent_since = clock.ms - 20_000
    async with aclosing(feed.beats()) as beats:
        told = await beat(beats)
    assert told["silent"] is True
    assert told["contact"] == clock.ms - 20_000


async def test_a_wall_that_cannot_be_seen_sends_no_beat_until_it_can(feed: Feed, service: Rehearsal) -> None:
    async with aclosing(feed.beats()) as beats:
        await beat(beats)
        service.broken = True
        looks = service.looks
        with pytest.raises(TimeoutError):
            await beat(beats, within=0.5)
        assert service.looks > looks
    service.broken = False
    async with aclosing(feed.beats()) as beats:
        assert (await beat(beats))["at"]


async def test_a_hundred_screens_cost_one_look_per_change(feed: Feed, service: Rehearsal) -> None:
    screens = [feed.beats() for _ in range(100)]
    await asyncio.gather(*(beat(screen) for screen in screens))
    looks = service.looks
    await asyncio.gather(*(beat(screen) for screen in screens))
    assert service.looks - looks <= 2
    assert feed.screens == 100
    await asyncio.gather(*(screen.aclose() for screen in screens))  # type: ignore[attr-defined]
    assert feed.screens == 0


async def test_nobody_watching_costs_nothing(feed: Feed, service: Rehearsal) -> None:
    async with aclosing(feed.beats()) as beats:
        await beat(beats)
    await asyncio.sleep(0.05)
    looks = service.looks
    await asyncio.sleep(0.4)
    assert service.looks == looks
    assert service._listeners == set()


async def test_a_broken_change_feed_is_listened_to_again(
    feed: Feed, service: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    async def broken() -> AsyncIterator[Any]:
        calls.append(1)
        raise OSError("gone")
        yield

    monkeypatch.setattr(service, "changes", broken)
    async with aclosing(feed.beats()) as beats:
        for _ in range(15):
            await beat(beats)
    assert len(calls) >= 2


def test_a_fragment_is_rendered_once_per_change_and_language(
    service: Rehearsal, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.play("busy")
    rendered: list[str] = []
    real = Pages.text

    def counted(self: Pages, template: str, language: Any, **values: Any) -> str:
        rendered.append(f"{template} {language}")
        return real(self, template, language, **values)

    monkeypatch.setattr(Pages, "text", counted)
    for _ in range(20):
        browser.get("/wall/hydrants")
        browser.get("/wall/hydrants?lang=zh-CN")
        browser.cookies.clear()
    assert sorted(rendered) == ["region_hydrants.html en", "region_hydrants.html zh-CN"]
